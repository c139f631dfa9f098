import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

DISTRIBUTION = "my-library"
PACKAGE = "my_library"


def run_python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # -I: the installed distribution, not what lies in the current folder.
    command = [sys.executable, "-I", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_the_distribution_is_installed_under_its_name(tmp_path: Path) -> None:
    code = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    result = run_python("-c", code, DISTRIBUTION, cwd=tmp_path)

    assert result.stdout.strip() == version(DISTRIBUTION), result.stderr


def test_the_module_outlines_a_document(temp_project: Path) -> None:
    result = run_python("-m", PACKAGE, "guide.md", cwd=temp_project)

    assert result.returncode == 0, result.stderr
    assert [heading["slug"] for heading in json.loads(result.stdout)] == [
        "guide",
        "install",
        "use",
        "from-python",
        "install-2",
    ]


def test_an_unreadable_file_is_exit_code_1(tmp_path: Path) -> None:
    assert run_python("-m", PACKAGE, "missing.md", cwd=tmp_path).returncode == 1
