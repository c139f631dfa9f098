import subprocess
from pathlib import Path

from fastapi.testclient import TestClient


def test_git_takes_a_slug_as_the_name_of_a_file(git_repo: Path, client: TestClient) -> None:
    slug = client.get("/slug", params={"title": "Crème brûlée, for two"}).json()["slug"]
    (git_repo / slug).touch()
    command = ["git", "status", "--short"]
    shown = subprocess.run(command, cwd=git_repo, check=True, capture_output=True, text=True).stdout

    assert shown == f"?? {slug}\n"
