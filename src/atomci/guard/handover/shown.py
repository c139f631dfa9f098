"""What is told of a session that is over: its changes, its patch, its own record."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from atomci.artifacts.handed.guarded import Session
from atomci.artifacts.handed.snapshots import SessionChange, WorkChange
from atomci.artifacts.store import ArtifactError, read
from atomci.guard.handover.finished import FinishedSession
from atomci.guard.handover.review import reviewed

__all__ = ["patch_of", "record_of", "shown", "told"]


def shown(session: FinishedSession, scope: Collection[str] = ()) -> SessionChange:
    """Its changes, each with what should be read. What git ignores is only named."""
    ignored, change = session.ignored, session.change
    counted = tuple(row for row in change.changes if row.path not in ignored)
    rest = WorkChange(run=change.run, changes=counted, unknown=change.unknown)
    git = session.store.objects.git
    links = {row.path: row.oid_after for row in counted if row.mode_after == "120000"}
    targets = {path: os.fsdecode(git("cat-file", "blob", oid)) for path, oid in links.items()}
    return SessionChange(
        run=session.store.run,
        place=session.before.top,
        changes=reviewed(rest, targets, scope),
        ignored=tuple(sorted(ignored)),
        unknown=change.unknown,
    )


def patch_of(session: FinishedSession) -> str:
    """As `git apply` takes it."""
    words = ("diff-tree", "-p", "-r", "--binary", "--full-index", "--no-ext-diff", "--no-textconv")
    return os.fsdecode(session.store.objects.git(*words, session.before.tree, session.after.tree))


def told(session: FinishedSession) -> Session | None:
    """The record of the session; None where it isn't there or isn't whole."""
    path = record_of(session)
    if path is None:
        return None
    try:
        return read(path, Session)
    except (ArtifactError, OSError):
        return None


def record_of(session: FinishedSession) -> Path | None:
    """The index of its record; None where there is none."""
    folder = session.store.repository.top / "artifacts/cli_runs"
    return next(iter(sorted(folder.glob(f"*/{session.store.run}/index.json"))), None)
