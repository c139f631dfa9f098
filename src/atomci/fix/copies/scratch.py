"""A copy of the checkout in which fixes are tried: its states, and how two of them differ."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from atomci.fix.copies.patches import patch_between
from atomci.fix.proposal import Patch, Side
from atomci.guard.snapshot.store import SnapshotStore
from atomci.guard.snapshot.take import Limits, take_into
from atomci.guard.snapshot.trees import edited_tree
from atomci.guard.workplace.place import Workplace
from atomci.tools.git.repository import pinned_repository

__all__ = ["Scratch"]

_LIMITS = Limits(ignored_folder_files=0)
_AS_PATCH = ("diff-tree", "-p", "-r", "--binary", "--full-index", "--no-ext-diff", "--no-textconv")


@dataclass(frozen=True)
class Scratch:
    """A worktree of a run, whose states are git's ids of trees without what git ignores."""

    place: Workplace
    run: str
    """Under which its snapshots are kept; copies of one run share their objects."""

    @property
    def tree(self) -> Path:
        """Where its files are: the top of the repository."""
        return self.place.tree

    @property
    def store(self) -> SnapshotStore:
        """Its snapshots, by the place that git keeps of it, whatever its `.git` says."""
        assert self.place.admin is not None
        return SnapshotStore(pinned_repository(self.place.tree, self.place.admin), self.run)

    def state(self) -> str:
        """The files as they are now."""
        return self.keep("now")

    def keep(self, name: str) -> str:
        """The same, and the snapshot stays as `name` of the run."""
        store = self.store
        taken = take_into(store, name, _LIMITS)
        ignored = {row.path: None for row in taken.files if row.kind == "ignored"}
        return edited_tree(store.objects, taken.tree, ignored) if ignored else taken.tree

    def difference(self, since: str, until: str) -> Patch:
        """How two states differ."""
        return patch_between(self.store.objects, since, until)

    def text(self, since: str, until: str) -> str:
        """The same, as `git apply` takes it."""
        return os.fsdecode(self.store.objects.git(*_AS_PATCH, since, until))

    def put(self, state: str) -> None:
        """Make the files what they were in a state of any copy of the run."""
        self.write({each.path: each.after for each in self.difference(self.state(), state).changes})

    def write(self, sides: Mapping[str, Side | None]) -> None:
        """Put files and links where they belong, and take away those that are None."""
        for path in sorted(path for path, side in sides.items() if side is None):
            _remove(self.tree / path, self.tree)
        for path, side in sorted(sides.items()):
            if side is not None:
                _put(self.tree / path, side, self.tree)
        self.forget_compiled(sides)

    def forget_compiled(self, paths: Iterable[str]) -> None:
        """What Python compiled of these files goes: it tells files apart by whole seconds."""
        for path in (Path(path) for path in paths if path.endswith(".py")):
            for compiled in (self.tree / path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
                compiled.unlink(missing_ok=True)

    def forget_ignored(self) -> None:
        """Take away what git ignores, such as caches and results."""
        words = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
        for path in self.store.repository.git.paths(*words):
            _remove(self.tree / path.rstrip("/"), self.tree)


def _put(path: Path, side: Side, top: Path) -> None:
    for above in reversed(path.relative_to(top).parents[:-1]):
        if (top / above).is_symlink() or (top / above).is_file():
            (top / above).unlink()
    _remove(path, top)
    path.parent.mkdir(parents=True, exist_ok=True)
    if side.kind == "link":
        path.symlink_to(os.fsdecode(side.data))
        return
    path.write_bytes(side.data)
    if side.kind == "executable":
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def _remove(path: Path, top: Path) -> None:
    """A file, a link, or a folder with all that is in it; nothing that is reached through a link."""
    if any((top / above).is_symlink() for above in path.relative_to(top).parents[:-1]):
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
    for above in path.relative_to(top).parents[:-1]:
        try:
            (top / above).rmdir()
        except OSError:
            return
