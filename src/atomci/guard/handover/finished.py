"""A session that is over, found by its name."""

from __future__ import annotations

from dataclasses import dataclass

from atomci.artifacts.handed.snapshots import WorkChange, WorkSnapshot
from atomci.errors import RefusedError, UsageError
from atomci.guard.snapshot.difference import difference
from atomci.guard.snapshot.store import SnapshotStore, runs_of
from atomci.guard.snapshot.take import take_into
from atomci.guard.workplace import worktree
from atomci.tools.git.repository import Repository, pinned_repository

__all__ = ["FinishedSession", "finished"]


@dataclass(frozen=True)
class FinishedSession:
    """Its snapshots, and how its working tree differs between them. Ignored files are no part of its work."""

    store: SnapshotStore
    before: WorkSnapshot
    after: WorkSnapshot
    change: WorkChange

    @property
    def here(self) -> bool:
        """Whether it worked in this very checkout."""
        return self.before.worktree == self.store.worktree

    @property
    def ignored(self) -> frozenset[str]:
        """Changed files that git ignores in one of the two."""
        rows = (*self.before.files, *self.after.files)
        held = {row.path for row in rows if row.kind == "ignored"}
        return frozenset(row.path for row in self.change.changes if row.path in held)


def finished(repository: Repository, name: str) -> FinishedSession:
    """The session whose run begins with that name. Raises UsageError for none or several, and RefusedError
    for one whose end can't be known.
    """
    sessions = [
        store for store in runs_of(repository) if name and store.run.startswith(name) and _is_session(store)
    ]
    if len(sessions) != 1:
        problem = "several sessions" if sessions else "no session"
        raise UsageError(f"{repository.top} has {problem} {name!r}", "atomci undo --list names all")
    store = sessions[0]
    before, after = store.read("before"), store.read("after") or _taken_now(store)
    if before is None or after is None:
        raise RefusedError(
            f"nobody saw the end of {store.run}", f"atomci undo {store.run} --dry-run shows what it did"
        )
    return FinishedSession(store, before, after, difference(store.objects.git, before, after))


def _is_session(store: SnapshotStore) -> bool:
    before = store.read("before")
    return before is not None and not before.why


def _taken_now(store: SnapshotStore) -> WorkSnapshot | None:
    """Of a session that was killed its worktree is still as it left it."""
    place = worktree.find(store.repository.top, store.run)
    if place is None or place.admin is None:
        return None
    return take_into(SnapshotStore(pinned_repository(place.tree, place.admin), store.run), "after")
