"""What was captured of the newest guarded session that changed something."""

from __future__ import annotations

from typing import NamedTuple

from atomci.artifacts.handed.snapshots import WorkSnapshot
from atomci.engine.context import Context, Verdict
from atomci.guard.sessions import recorded_sessions
from atomci.guard.snapshot.store import SnapshotStore, open_store

__all__ = ["CapturedSession", "newest_captured"]

_START = "atomci guard -- COMMAND"


class CapturedSession(NamedTuple):
    """Where its record is, its snapshots, and those of its beginning and its end."""

    place: str
    store: SnapshotStore
    before: WorkSnapshot
    after: WorkSnapshot | None


def newest_captured(ctx: Context) -> CapturedSession | Verdict:
    """The newest session that changed something and whose snapshots are there, or why there is none.

    Those of a fix's own sessions go with its copies.
    """
    none = "no session has changed anything yet"
    for recorded in reversed(recorded_sessions(ctx.root)):
        if recorded.session is None or not recorded.session.changed:
            continue
        place = recorded.folder.relative_to(ctx.root).as_posix()
        store = open_store(ctx.root, recorded.run)
        before = store.read("before")
        if before is not None:
            return CapturedSession(place, store, before, store.read("after"))
        none = f"{place}: its snapshots were removed, as by atomci guard drop"
    return Verdict(None, (none,), _START, not_run=True)
