import subprocess
from pathlib import Path


def test_git_sees_nothing_of_this_machine(git_repo: Path, isolated_env: Path) -> None:
    command = ["git", "config", "--list", "--show-scope"]
    shown = subprocess.run(command, cwd=git_repo, check=True, capture_output=True, text=True).stdout

    assert Path.home() == isolated_env
    assert [line for line in shown.splitlines() if not line.startswith("local")] == [
        "global\tuser.name=Test",
        "global\tuser.email=test@example.com",
    ]
