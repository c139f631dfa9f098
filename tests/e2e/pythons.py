"""The Pythons of this machine that projects run on."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

__all__ = ["baseline", "interpreters", "lay_out"]


def interpreters() -> list[str]:
    """The supported interpreters that start here, this one first."""
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    question = "import sys; print(*sys.version_info[:2], sep='.'); print(sys.executable)"
    for minor in ("3.11", "3.12", "3.13"):
        names = [shutil.which(f"python{minor}"), *map(str, sorted(pyenv.glob(f"{minor}.*/bin/python")))]
        for path in filter(None, names):
            asked = subprocess.run([path, "-c", question], capture_output=True, text=True, check=False)
            version, _, real = asked.stdout.strip().partition("\n")
            if version == minor:
                found.setdefault(minor, real)
    return list(found.values())


def baseline(pythons: Iterable[str]) -> str:
    """What jobs with one Python run on."""
    return max(min(pythons), "3.12")


def lay_out(folder: Path) -> dict[str, Path]:
    """Programs by version, oldest first, all in one folder: what a runner's tool cache has."""
    found = {}
    for path in interpreters():
        asked = "import sys; print(*sys.version_info[:2], sep='.')"
        version = subprocess.run([path, "-c", asked], capture_output=True, text=True, check=True)
        name = version.stdout.strip()
        found[name] = folder / f"python{name}"
        found[name].symlink_to(path)
    return dict(sorted(found.items()))
