import subprocess
from pathlib import Path

from my_library import slugify


def test_git_takes_a_slug_as_the_name_of_a_file(git_repo: Path) -> None:
    slug = slugify("Crème brûlée, for two")
    (git_repo / slug).touch()
    command = ["git", "status", "--short"]
    shown = subprocess.run(command, cwd=git_repo, check=True, capture_output=True, text=True).stdout

    assert shown == f"?? {slug}\n"
