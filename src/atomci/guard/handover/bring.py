"""A session's changes brought to the checkout: merged with what was changed there, git's index untouched."""

from __future__ import annotations

import msgspec

from atomci.artifacts.handed.snapshots import Brought, UndoRow
from atomci.errors import RefusedError
from atomci.guard.handover.finished import FinishedSession
from atomci.guard.snapshot.plan import Three, UndoPlan, planned
from atomci.guard.snapshot.store import SnapshotStore
from atomci.guard.snapshot.switching import switch
from atomci.guard.snapshot.take import take_into
from atomci.tools.exclusive import exclusive

__all__ = ["bring"]


def bring(session: FinishedSession, as_run: str, *, dry: bool = False) -> Brought:
    """Do to the checkout what the session did to its worktree, as a run that can be undone.

    Raises RefusedError where both changed the same lines, InfrastructureError, and OSError on a full disk;
    then nothing has changed.
    """
    repository = session.store.repository
    if session.here:
        raise RefusedError(
            f"{session.store.run} worked in this checkout, so its changes are here",
            f"atomci undo {session.store.run} puts them back",
        )
    own = SnapshotStore(repository, as_run)
    with exclusive(repository.git_dir, "another atomci is at work in this repository"):
        try:
            brought = _bring(session, own, dry)
        except BaseException:
            own.drop()
            raise
        if not brought.done:
            own.drop()
    return brought


def _bring(session: FinishedSession, own: SnapshotStore, dry: bool) -> Brought:
    run, scratch = session.store, own.folder / "apply"
    now = take_into(own, "before", why=f"apply of {run.run}")
    git = own.git_with(run)
    scratch.mkdir()
    # The way from the session's beginning to its end is that of an undo of its reverse.
    three = Three(before=session.after, after=session.before, now=now)
    plan = planned(git, three, own.repository.top, scratch, apart=session.ignored)
    rows = tuple(sorted((*(step.row for step in plan.steps), *_unknown(session)), key=lambda row: row.path))
    brought = Brought(run=run.run, undo="", done=False, rows=rows, ignored=tuple(sorted(session.ignored)))
    if dry or (plan.is_empty and not plan.stays):
        return msgspec.structs.replace(brought, rows=(*rows, *plan.stays))
    if plan.stays:
        raise _refusal(session, plan)
    switch(own, git, now, plan, scratch)
    return msgspec.structs.replace(brought, undo=own.run, done=True)


def _unknown(session: FinishedSession) -> list[UndoRow]:
    return [
        UndoRow(path=row.path, what="stays", reason=row.reason)
        for row in session.change.unknown
        if not row.ignored
    ]


def _refusal(session: FinishedSession, plan: UndoPlan) -> RefusedError:
    first = plan.stays[0]
    more = f", and {len(plan.stays) - 1} more like it" if len(plan.stays) > 1 else ""
    run = session.store.run
    return RefusedError(
        f"{first.path} isn't brought, and so nothing is: {first.reason}{more}",
        f"atomci guard apply {run} --dry-run names all; atomci guard branch {run} makes a branch of them, "
        "which git can merge",
    )
