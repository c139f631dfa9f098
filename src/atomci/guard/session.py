"""A guarded session, as one short list of steps."""

from __future__ import annotations

import os

from atomci.artifacts.handed.guarded import Session
from atomci.artifacts.handed.snapshots import WorkSnapshot
from atomci.errors import AtomciError
from atomci.guard.account import Account
from atomci.guard.enclosure import Enclosure, enclose
from atomci.guard.policy.settings import read_guard
from atomci.guard.request import Audience, SessionRequest
from atomci.guard.snapshot.store import SnapshotStore, forget_old
from atomci.guard.snapshot.take import look
from atomci.guard.workplace import worktree
from atomci.guard.workplace.place import Workplace
from atomci.tools import interrupts

__all__ = ["guard"]


def guard(request: SessionRequest, audience: Audience) -> Session:
    """Run it to its end, and leave a record. Raises RefusedError where nothing confines it here,
    UsageError, and InfrastructureError where it can't be started.
    """
    interrupts.hold()
    enclosed = _enclosed(request)
    place = enclosed.place
    store = SnapshotStore(place.working, request.run)
    try:
        before = look(store, "before")
        store.write(before, holds=place.in_place)  # a worktree's own HEAD holds its commit
        forget_old(place.repository, request.project.setting(read_guard).kept_days)
        account = Account(request, enclosed, audience)
    except BaseException:
        _clear(place, store)
        raise
    with account:
        end = account.follow()
    after = _after(store, before)
    changed = after is None or _state(before) != _state(after)
    if changed and after is not None:
        account.attach("changes.patch", _patch(store, before, after))
    session = account.conclude(end, changed=changed, unknown=after is None, outside=enclosed.end())
    if not changed:
        _clear(place, store)
    return session


def _enclosed(request: SessionRequest) -> Enclosure:
    return enclose(
        request.project,
        request.run,
        request.started.words,
        request.folder,
        tool=request.typed.tool,
        around=os.environ if request.around is None else request.around,
        in_place=request.in_place,
        lent=request.place,
        readable=request.readable,
        degraded=request.degraded,
        terminal=request.terminal,
        repository=request.repository,
    )


def _after(store: SnapshotStore, before: WorkSnapshot) -> WorkSnapshot | None:
    """None where it can't be captured: then nobody knows what changed, and all is kept."""
    try:
        after = look(store, "after")
        if _state(after) != _state(before):
            store.write(after)
            if after.head != before.head:
                store.hold(before)
        return after
    except (AtomciError, OSError):
        return None


def _patch(store: SnapshotStore, before: WorkSnapshot, after: WorkSnapshot) -> bytes:
    """What it changed, as `git apply` takes it, but for what is secret there."""
    words = ("diff-tree", "-p", "-r", "--binary", "--full-index", "--no-ext-diff", "--no-textconv")
    return store.objects.git(*words, before.tree, after.tree)


def _state(snapshot: WorkSnapshot) -> tuple[object, ...]:
    return snapshot.tree, snapshot.empty_folders, snapshot.left_out


def _clear(place: Workplace, store: SnapshotStore) -> None:
    """Of a session that never began, or changed nothing, only the record stays."""
    store.drop(held=place.in_place)
    worktree.remove(place)
