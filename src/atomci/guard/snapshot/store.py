"""Where snapshots lie: a folder of git's own for each run, with its objects, never seen by the user's git.

The objects of a run stand beside the repository's own and need those of the commit that was checked out; a
reference below refs/atomci keeps that one from being collected. So a run goes with its folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import msgspec

from atomci.artifacts.handed.snapshots import WorkSnapshot
from atomci.decoding import converted
from atomci.errors import InfrastructureError, UsageError
from atomci.guard.snapshot.raw_objects import RawObjects
from atomci.tools.atomic import replace_file
from atomci.tools.git.client import OFFLINE, Git
from atomci.tools.git.objects import Objects, in_list
from atomci.tools.git.packing import NewPack
from atomci.tools.git.repository import Repository, open_repository, pinned_repository

__all__ = ["REFERENCES", "SnapshotStore", "forget_old", "open_store", "runs_of"]

FOLDER = "atomci-snapshots"
REFERENCES = "refs/atomci/kept"
KEPT_DAYS = 30
"""How long the snapshots of a run are kept."""
_RUN = re.compile(r"(\d{8}T\d{6})[\w.-]*")
# No hook runs, no log is kept: the user's git has nothing to say about what is ours.
_QUIETLY = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.logAllRefUpdates=false")


@dataclass(frozen=True)
class SnapshotStore:
    """The snapshots of one run, of a repository with all its working trees."""

    repository: Repository
    run: str

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return _above(self.repository) / self.run

    @property
    def worktree(self) -> str:
        """Which working tree it is, wherever it has been moved to."""
        common = self.repository.objects.parent
        own = self.repository.git_dir.resolve()
        return own.relative_to(common).as_posix() if own != common and own.is_relative_to(common) else ""

    @cached_property
    def objects(self) -> Objects:
        """The run's objects, in front of the repository's; git that asks them reaches for nothing else."""
        return Objects(self.repository, self.folder / "objects", OFFLINE)

    def git_with(self, *others: SnapshotStore) -> Git:
        """git that finds the objects of other runs too, and writes into this one's."""
        own = self.objects.git
        places = (
            own.env["GIT_ALTERNATE_OBJECT_DIRECTORIES"],
            *(in_list(run.objects.folder) for run in others),
        )
        return own.with_env(GIT_ALTERNATE_OBJECT_DIRECTORIES=os.pathsep.join(places))

    @cached_property
    def pack(self) -> NewPack:
        """What is new of all snapshots that are taken here, on its way into the same."""
        return NewPack(self.objects.folder, self.repository.algorithm)

    @property
    def raw_objects(self) -> RawObjects:
        """The same, for files as they lie there."""
        return RawObjects(self.objects.folder, self.repository.algorithm, self.pack)

    def write(self, snapshot: WorkSnapshot, *, holds: bool = True) -> None:
        """Keep a snapshot, for good. `holds`: from then on its commit isn't collected. Raises OSError."""
        self.pack.write()
        if holds:
            self.hold(snapshot)
        # Not by msgspec, which takes no path that isn't UTF-8.
        content = json.dumps(msgspec.to_builtins(snapshot), separators=(",", ":")).encode()
        replace_file(self.folder / f"{snapshot.name}.json", content, durable=True)

    def hold(self, snapshot: WorkSnapshot) -> None:
        """See to it that its commit isn't collected."""
        if snapshot.head is not None:
            reference = f"{REFERENCES}/{self.run}/{snapshot.name}"
            self.repository.git(*_QUIETLY, "update-ref", reference, snapshot.head)

    def read(self, name: str) -> WorkSnapshot | None:
        """A snapshot of the run; None where there is none. Raises InfrastructureError for a broken one."""
        path = self.folder / f"{name}.json"
        try:
            return converted(json.loads(path.read_bytes()), WorkSnapshot)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, msgspec.ValidationError) as error:
            raise InfrastructureError(f"{path} can't be read: {error}", f"remove {path.parent}") from None

    def forget(self, name: str) -> None:
        """Remove one snapshot of the run."""
        (self.folder / f"{name}.json").unlink(missing_ok=True)

    def drop(self, *, held: bool = True) -> None:
        """Remove the run's snapshots, and what kept its commits, where they were `held`."""
        git = self.repository.git
        if held:
            asked = ("for-each-ref", "--format=delete %(refname)", f"{REFERENCES}/{self.run}/")
            if found := git.ask(*asked):
                git(*_QUIETLY, "update-ref", "--stdin", stdin=os.fsencode(f"{found}\n"))
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # other runs have some
            self.folder.parent.rmdir()


def open_store(root: Path, run: str, git_dir: Path | None = None) -> SnapshotStore:
    """The snapshots of a run, in the repository that a folder lies in. With `git_dir` the folder is the top
    of a working tree that a program may have changed, and only that folder of git's is believed.

    Raises UsageError.
    """
    if not _RUN.fullmatch(run):
        raise UsageError(f"{run!r} isn't the name of a run", "atomci undo --list names them")
    if git_dir is not None:
        return SnapshotStore(pinned_repository(root, git_dir), run)
    return SnapshotStore(open_repository(root, "a snapshot needs one"), run)


def runs_of(repository: Repository) -> list[SnapshotStore]:
    """All runs that have snapshots, newest first."""
    try:
        names = sorted((path.name for path in _above(repository).iterdir()), reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [SnapshotStore(repository, name) for name in names if _RUN.fullmatch(name)]


def forget_old(repository: Repository, days: int = KEPT_DAYS) -> None:
    """Remove the snapshots of old runs, but for those whose work is still in a worktree."""
    for store in list(_expired(repository, days)):
        with contextlib.suppress(InfrastructureError):  # the next session tries again
            store.drop()


def _expired(repository: Repository, days: int) -> Iterator[SnapshotStore]:
    """Runs older than so many days. One whose working tree is elsewhere and still there stays."""
    oldest = f"{datetime.now(UTC) - timedelta(days=days):%Y%m%dT%H%M%S}"
    for store in runs_of(repository):
        match = _RUN.fullmatch(store.run)
        if match and match[1] < oldest:
            before = _readable(store)
            if before is None or Path(before.top) == repository.top or not Path(before.top).is_dir():
                yield store


def _readable(store: SnapshotStore) -> WorkSnapshot | None:
    try:
        return store.read("before")
    except InfrastructureError:  # nobody can undo it
        return None


def _above(repository: Repository) -> Path:
    return repository.objects.parent / FOLDER  # of all working trees together
