import subprocess
from pathlib import Path

import pytest

from my_command.cli import main


def test_git_takes_a_slug_as_the_name_of_a_file(
    git_repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["Crème brûlée, for two"])
    slug = capsys.readouterr().out.strip()
    (git_repo / slug).touch()
    command = ["git", "status", "--short"]
    shown = subprocess.run(command, cwd=git_repo, check=True, capture_output=True, text=True).stdout

    assert shown == f"?? {slug}\n"
