import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

COMMAND = "my-command"


def run_command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which(COMMAND, path=Path(sys.executable).parent)
    assert program, f"{COMMAND} isn't installed beside {sys.executable}"
    return subprocess.run(
        [program, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_the_command_knows_its_version(tmp_path: Path) -> None:
    assert run_command("--version", cwd=tmp_path).stdout.strip() == version(COMMAND)


def test_the_command_outlines_a_document(temp_project: Path) -> None:
    result = run_command("--json", "guide.md", cwd=temp_project)

    assert result.returncode == 0, result.stderr
    assert [heading["slug"] for heading in json.loads(result.stdout)] == [
        "guide",
        "install",
        "use",
        "from-python",
        "install-2",
    ]


def test_an_unreadable_file_is_exit_code_1(tmp_path: Path) -> None:
    assert run_command("missing.md", cwd=tmp_path).returncode == 1
