"""What a run of all tests was seen to read, asked about paths that changed since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["EarlierRun", "PathSet"]


@dataclass(frozen=True)
class PathSet:
    """Names of files, and which files they are: one may have several names."""

    root: Path
    names: frozenset[str]
    places: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, root: Path, paths: Iterable[str]) -> PathSet:
        """Of paths relative to the root, or absolute."""
        paths = list(paths)
        places = frozenset(place for place in (_place(root / path) for path in paths) if place)
        return cls(root, frozenset(path.casefold() for path in paths), places)

    def holds(self, path: str) -> bool:
        """Whether it was read, be it under another name; of a file that is gone only the name is known."""
        return path.casefold() in self.names or _place(self.root / path) in self.places


@dataclass(frozen=True)
class EarlierRun:
    """A run of all tests that was like one now, but for files that changed since."""

    read: PathSet
    """All files that it read, modules too."""
    texts: PathSet
    """Those that it didn't import, or of which it asked more than whether they are there."""


def _place(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
