"""Landlock: the program itself gives up all rights to files but these; no namespace and no other program."""

from __future__ import annotations

import sys
from pathlib import Path

from atomci.guard.confinement.bounds import Bounds, Level
from atomci.guard.confinement.rules import families, launched, limits

__all__ = ["LEVEL", "NAME", "confined", "gaps", "missing"]

NAME = "landlock"
LEVEL: Level = "os-fs"


def missing() -> str:
    """Why it can't be tried."""
    return "" if sys.platform == "linux" else "Landlock is for Linux"


def confined(bounds: Bounds, argv: tuple[str, ...], cwd: Path) -> tuple[str, ...]:
    """The words: the launcher confines itself."""
    return launched(
        argv,
        limits=limits(bounds.caps, processes=True),
        drop=True,
        landlock={
            "writable": [str(path) for path in (*bounds.writable, bounds.scratch)],
            "hidden": [str(path) for path in bounds.hidden],
            "readable": [str(path) for path in bounds.readable],
        },
        filter={"families": families(bounds, sockets=bounds.sockets)},
    )


def gaps(bounds: Bounds) -> tuple[str, ...]:
    """What remains."""
    found = ["modes, owners and times of files outside can be changed, though not what they hold"]
    inside = [path for path in (*bounds.protected, *bounds.hidden) if _is_below(path, bounds.writable)]
    found += [f"{path} lies in a writable folder and can't be kept apart" for path in inside]
    return tuple(found)


def _is_below(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)
