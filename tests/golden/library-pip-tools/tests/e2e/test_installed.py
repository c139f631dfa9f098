import subprocess
import sys
from pathlib import Path

CODE = "from my_library import slugify; print(slugify('Crème brûlée, for two'))"


def test_the_installed_package_makes_a_slug(temp_project: Path) -> None:
    # -I: the installed package, not what lies in the current folder.
    command = [sys.executable, "-I", "-c", CODE]
    done = subprocess.run(command, cwd=temp_project, capture_output=True, text=True, check=False)

    assert done.stdout == "creme-brulee-for-two\n", done.stderr
