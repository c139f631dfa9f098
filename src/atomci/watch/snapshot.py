"""A project's files at one moment, by content: what two moments differ in."""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from atomci.engine.inputs.files import Inputs

__all__ = ["Camera", "TreeSnapshot", "folders_of", "forget_compiled"]


@dataclass(frozen=True)
class TreeSnapshot:
    """Hashes by path; a path of which nobody knows what it was has an empty one."""

    files: Mapping[str, str]

    def changed_in(self, later: TreeSnapshot) -> tuple[str, ...]:
        """Paths that were added, removed or have another content, sorted."""
        paths = self.files.keys() | later.files.keys()
        return tuple(sorted(path for path in paths if self.files.get(path) != later.files.get(path)))

    def without(self, changed: Collection[str]) -> TreeSnapshot:
        """The same, but nobody knows what these paths were."""
        return TreeSnapshot({**self.files, **dict.fromkeys(changed, "")})

    def but(self, paths: Collection[str]) -> TreeSnapshot:
        """The same without these paths."""
        return TreeSnapshot({path: one for path, one in self.files.items() if path not in paths})

    def taking(self, paths: Collection[str], later: TreeSnapshot) -> TreeSnapshot:
        """The same, but these paths as they were later."""
        taken = {path: later.files[path] for path in paths if path in later.files}
        return TreeSnapshot({**self.but(paths).files, **taken})


class Camera:
    """Takes snapshots. What is unchanged by its times, inode and size isn't read twice."""

    def __init__(self, root: Path) -> None:
        self._inputs = Inputs(root)

    def take(self) -> TreeSnapshot:
        """Of what git doesn't ignore; without git, of all but caches and environments."""
        self._inputs.forget()
        return TreeSnapshot({path: self._inputs.hash_of(path) for path in self._inputs.files()})

    def uncommitted(self) -> list[str] | None:
        """What differs from the last commit; None where git can't tell."""
        self._inputs.forget()
        return self._inputs.changed()


def folders_of(root: Path, snapshot: TreeSnapshot) -> frozenset[str]:
    """All that may get a file of the project: the root, and each folder above a file, as absolute paths."""
    found = {PurePosixPath()}
    for path in snapshot.files:
        found |= set(PurePosixPath(path).parents)
    return frozenset(str(root / folder) for folder in found if (root / folder).is_dir())


def forget_compiled(root: Path, changed: Collection[str], prefix: str) -> None:
    """Remove what Python and pytest compiled of these files. They take it for current by the file's size and
    the whole second of its change, in which it may have been saved twice.

    `prefix` is where Python keeps it, empty where that is beside each file.
    """
    for path in changed:
        if path.endswith(".py"):
            file = root / path
            folder = Path(prefix, *file.parent.parts[1:]) if prefix else file.parent / "__pycache__"
            for compiled in folder.glob(f"{glob.escape(file.stem)}.*.pyc"):
                with contextlib.suppress(OSError):
                    compiled.unlink()
