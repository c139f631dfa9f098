"""The plugins of pytest, lent to an environment that has no atomci."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import atomci

__all__ = ["lent_package", "why_not_lent"]

_OLDEST = 11
"""Of Python 3, what they run on."""
_MINOR = re.compile(r"^version(?:_info)?\s*=\s*3\.(\d+)", re.MULTILINE)


def lent_package(folder: Path) -> Path:
    """A folder below `folder` that holds this very package and no other, so that no other can be imported."""
    lent = folder / "lent"
    package, place = Path(atomci.__file__).parent, lent / "atomci"
    if place.is_symlink() and place.resolve() == package.resolve():
        return lent
    shutil.rmtree(lent, ignore_errors=True)
    lent.mkdir(parents=True)
    try:
        place.symlink_to(package, target_is_directory=True)
    except OSError:  # Windows without the right to link
        shutil.copytree(package, place, ignore=shutil.ignore_patterns("__pycache__"))
    return lent


def why_not_lent(environment: Path) -> str:
    """Why an environment's Python can't run them; empty where it can, or nobody knows which it is."""
    settings = environment / "pyvenv.cfg"
    found = _MINOR.findall(settings.read_text("utf-8", "replace")) if settings.is_file() else []
    found += [folder.name.removeprefix("python3.") for folder in environment.glob("lib/python3.*")]
    if not found or int(found[0]) >= _OLDEST:
        return ""
    return f"{environment.name} has Python 3.{found[0]}, and atomci follows tests from 3.{_OLDEST} on"
