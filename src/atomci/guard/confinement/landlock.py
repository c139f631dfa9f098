"""Landlock: the program itself gives up all rights to files but these; no namespace and no other program."""

from __future__ import annotations

import sys
from pathlib import Path

from atomci.guard.confinement.bounds import Bounds, Level
from atomci.guard.confinement.rules import families, launched, limits

__all__ = ["LEVEL", "NAME", "NAMES_HOSTS", "confined", "gaps", "missing", "program"]

NAME = "landlock"
LEVEL: Level = "os-fs"
NAMES_HOSTS = False

_SCOPED = 6
"""The version from which signals stay inside."""
_SHARED = Path("/dev/shm")  # noqa: S108
"""Where locks between processes are: without it, no pool of Python's multiprocessing starts."""


def missing() -> str:
    """Why it can't be tried."""
    return "" if sys.platform == "linux" else "Landlock is for Linux"


def program() -> str:
    """The kernel does it."""
    return ""


def confined(bounds: Bounds, argv: tuple[str, ...], cwd: Path) -> tuple[str, ...]:
    """The words: the launcher confines itself."""
    return launched(
        argv,
        limit=limits(bounds.caps, processes=True),
        drop=[""],
        writable=(*bounds.writable, bounds.scratch, _SHARED),
        apart=_apart(bounds),
        hidden=bounds.hidden,
        readable=[path for path in bounds.readable if _is_below(path, bounds.hidden)],
        family=families(bounds, sockets=bounds.sockets),
    )


def gaps(bounds: Bounds) -> tuple[str, ...]:
    """What remains."""
    apart = _apart(bounds)
    mixed = [path for path in (*bounds.protected, *bounds.hidden) if path.exists() and path not in apart]
    return (
        *(
            ()
            if _version() >= _SCOPED
            else ("other programs of yours can be ended: this Linux is before 6.12",)
        ),
        "modes, owners and times of files outside can be changed, though not what they hold",
        "shared memory of other programs can be read and removed",
        *(
            f"nothing new can be made directly in {path.parent}, so that {path.name} stays as it is"
            for path in apart
        ),
        *(
            f"{path} lies in a writable folder, and can be read and changed like the rest"
            for path in mixed
            if _is_below(path, bounds.writable)
        ),
    )


def _version() -> int:
    """The Landlock that this kernel has."""
    if sys.platform != "linux":
        return 0
    from atomci.guard.confinement.launcher import abi

    return abi()


def _apart(bounds: Bounds) -> list[Path]:
    """Folders inside writable ones that aren't: all around them is allowed one by one, since rules only add.

    Files aren't worth that: nothing new can be made in a folder then.
    """
    inside = (*bounds.protected, *bounds.hidden)
    return [path for path in inside if path.is_dir() and _is_below(path, bounds.writable)]


def _is_below(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path != folder and path.is_relative_to(folder) for folder in folders)
