"""Taking a snapshot: what git says, what lies on the disk, and both together as one tree."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from atomci.artifacts.handed.snapshots import Captured, FileKind, LeftOut, WorkSnapshot
from atomci.guard.snapshot.raw_objects import NotCaptured, RawObjects
from atomci.guard.snapshot.store import SnapshotStore, open_store
from atomci.guard.snapshot.survey import Survey, survey
from atomci.guard.snapshot.trees import edited_trees
from atomci.guard.snapshot.untracked import Limits, untracked
from atomci.tools.git.objects import Entry

__all__ = ["Limits", "look", "take", "take_into"]

_USUAL = Limits()


def take(
    root: Path, run: str, name: str = "before", limits: Limits = _USUAL, *, git_dir: Path | None = None
) -> WorkSnapshot:
    """Capture the working tree that a folder lies in, as `name` of a run. The user's git isn't touched.

    `git_dir` is what git keeps of it, where a program may have changed what its `.git` says.

    Raises UsageError outside a repository, InfrastructureError where git fails, and OSError on a full disk.
    """
    return take_into(open_store(root, run, git_dir), name, limits)


def take_into(store: SnapshotStore, name: str, limits: Limits = _USUAL, why: str = "") -> WorkSnapshot:
    """The same, among the snapshots of a run; `why` says what the run is, where it is no session."""
    snapshot = look(store, name, limits, why)
    store.write(snapshot)
    return snapshot


def look(store: SnapshotStore, name: str, limits: Limits = _USUAL, why: str = "") -> WorkSnapshot:
    """The same, which isn't there before it is written."""
    repository = store.repository
    known = survey(repository)
    unknown = untracked(repository.git, known, limits)
    capture = _Capture(repository.top, store.raw_objects, limits)
    capture.tracked(known.changed)
    capture.within_limits("tracked", known.converted)
    capture.within_limits("untracked", unknown.files)
    capture.within_limits("ignored", unknown.ignored)
    _protect(store, known)
    both = (capture.edits, known.staged or {})
    tree, index = edited_trees(store.objects.git, known.head or "", both, store.pack.add)
    return WorkSnapshot(
        run=store.run,
        name=name,
        why=why,
        taken=datetime.now(UTC).isoformat(timespec="milliseconds"),
        top=str(repository.top),
        worktree=store.worktree,
        head=known.head,
        branch=known.branch,
        tree=tree,
        index=None if known.staged is None else index,
        files=tuple(sorted(capture.files, key=lambda file: file.path)),
        empty_folders=tuple(sorted({*unknown.empty_folders, *capture.emptied()})),
        left_out=tuple(sorted((*unknown.left_out, *capture.left_out), key=lambda row: row.path)),
        nested=tuple(sorted(unknown.nested)),
    )


@dataclass
class _Capture:
    """Files on their way into objects, and what their tree has otherwise than the commit's."""

    top: Path
    objects: RawObjects
    limits: Limits
    edits: dict[str, Entry | None] = field(default_factory=dict)
    files: list[Captured] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    _used: int = 0
    _folders: dict[str, bool] = field(default_factory=dict)

    def tracked(self, paths: Iterable[str]) -> None:
        """Files that git knows: whatever their size, they are somebody's work."""
        for path in paths:
            found = self._state(path)
            if found is None:
                self.edits[path] = None
            else:
                self._add("tracked", path, found)

    def within_limits(self, kind: FileKind, paths: Iterable[str]) -> None:
        """Files that can be made again, or that nobody asked git to keep."""
        for path in paths:
            found = self._state(path)
            if found is None:
                continue
            if found.st_size > self.limits.file_bytes:
                self._leave(kind, path, f"it is larger than {self.limits.file_bytes / 1e6:g} MB", found)
            elif self._used + found.st_size > self.limits.total_bytes:
                self._leave(kind, path, f"{self.limits.total_bytes / 1e6:g} MB of files are captured", found)
            else:
                self._used += found.st_size
                self._add(kind, path, found)

    def emptied(self) -> Iterator[str]:
        """Folders that are there without the files that git tracks in them."""
        for path in (path for path, entry in self.edits.items() if entry is None):
            folders = (str(folder) for folder in PurePosixPath(path).parents[:-1])
            there = next((folder for folder in folders if os.path.lexists(self.top / folder)), None)
            if there and _is_empty(self.top / there) and not self._is_beyond_a_link(there):
                yield there

    def _add(self, kind: FileKind, path: str, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISLNK(found.st_mode):
            self._leave(kind, path, "it is neither file nor link", found)
            return
        try:
            entry = self.objects.add(self.top / path, found)
        except NotCaptured as error:
            self._leave(kind, path, str(error), found)
            return
        self.edits[path] = entry
        permissions = 0 if entry.mode == "120000" else stat.S_IMODE(found.st_mode)
        self.files.append(
            Captured(
                path=path,
                kind=kind,
                mode=entry.mode,
                oid=entry.oid,
                size=found.st_size,
                permissions=permissions,
            )
        )

    def _leave(self, kind: FileKind, path: str, reason: str, found: os.stat_result) -> None:
        self.left_out.append(
            LeftOut(
                path=path,
                reason=reason,
                size=found.st_size,
                modified=found.st_mtime_ns,
                ignored=kind == "ignored",
            )
        )

    def _state(self, path: str) -> os.stat_result | None:
        """What stands there; None for nothing, a folder, or what is reached through a link only."""
        try:
            found = (self.top / path).lstat()
        except OSError:
            return None
        if stat.S_ISDIR(found.st_mode) or self._is_beyond_a_link(path.rpartition("/")[0]):
            return None
        return found

    def _is_beyond_a_link(self, folder: str) -> bool:
        if not folder:
            return False
        if folder not in self._folders:
            above = self._is_beyond_a_link(folder.rpartition("/")[0])
            self._folders[folder] = above or (self.top / folder).is_symlink()
        return self._folders[folder]


def _is_empty(folder: Path) -> bool:
    try:
        return not any(folder.iterdir())
    except OSError:
        return False


def _protect(store: SnapshotStore, known: Survey) -> None:
    """Copy what only the index holds: once it is staged otherwise, nothing keeps it."""
    staged = (entry for entry in (known.staged or {}).values() if entry and entry.mode != "160000")
    wanted = "".join(f"{entry.oid}\n" for entry in staged).encode()
    if wanted:
        pack = store.folder / "objects/pack"
        pack.mkdir(exist_ok=True)
        store.repository.git("pack-objects", "-q", str(pack / "pack"), stdin=wanted)
