import subprocess
import sysconfig
from pathlib import Path

COMMAND = Path(sysconfig.get_path("scripts"), "my-command")


def test_the_installed_command_prints_a_slug(temp_project: Path) -> None:
    command = [str(COMMAND), "Crème brûlée, for two"]
    done = subprocess.run(command, cwd=temp_project, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "creme-brulee-for-two\n"), done.stderr
