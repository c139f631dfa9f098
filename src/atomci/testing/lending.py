"""The plugins of pytest, lent to an environment that has no atomci."""

from __future__ import annotations

import shutil
from pathlib import Path

import atomci

__all__ = ["lent_package"]


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
