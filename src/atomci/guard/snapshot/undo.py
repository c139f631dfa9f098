"""`atomci undo`: a working tree as it was before a run, which can be undone as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from atomci.artifacts.handed.snapshots import Undoable, Undone, WorkSnapshot
from atomci.errors import RefusedError, UsageError
from atomci.guard.snapshot.difference import rows_between
from atomci.guard.snapshot.plan import Three, UndoPlan, not_captured, planned
from atomci.guard.snapshot.store import SnapshotStore, runs_of
from atomci.guard.snapshot.switching import switch
from atomci.guard.snapshot.take import Limits, take_into
from atomci.tools.exclusive import exclusive
from atomci.tools.git.repository import Repository

__all__ = ["UndoRequest", "undo", "undoable"]


@dataclass(frozen=True)
class UndoRequest:
    """What to undo: a run, or only some of its paths, and whether later changes go as well.

    `as_run` is what this undo is called, so that it can be undone.
    """

    run: str
    as_run: str
    within: tuple[str, ...] = ()
    overwrite: bool = False
    dry: bool = False
    limits: Limits = field(default_factory=Limits)


def undoable(repository: Repository) -> Iterator[Undoable]:
    """The runs that have snapshots, newest first."""
    for store in runs_of(repository):
        before, after = store.read("before"), store.read("after")
        if before is not None:
            changed = len(rows_between(store.objects.git, before.tree, after.tree)) if after else 0
            yield Undoable(
                run=store.run,
                taken=before.taken,
                why=before.why,
                top=before.top,
                whole=after is not None,
                changed=changed,
            )


def undo(repository: Repository, asked: UndoRequest) -> Undone:
    """Put back what a run changed. Nothing is lost: what is there now is captured first.

    Raises UsageError for an unknown run, RefusedError where files were changed since, InfrastructureError,
    and OSError on a full disk; then nothing has changed.
    """
    run = _found(repository, asked.run)
    own = SnapshotStore(repository, asked.as_run)
    with exclusive(repository.git_dir, "another atomci is at work in this repository"):
        try:
            done = _undo(run, own, asked)
        except BaseException:
            own.drop()
            raise
        if not done.done:
            own.drop()
    return done


def _undo(run: SnapshotStore, own: SnapshotStore, asked: UndoRequest) -> Undone:
    top, scratch = own.repository.top, own.folder / "undo"
    now = take_into(own, "before", asked.limits, f"undo of {run.run}")
    three = _three(run, now, asked)
    git = own.git_with(run)
    scratch.mkdir()
    plan = planned(git, three, top, scratch, asked.within, overwrite=asked.overwrite)
    rows = tuple(
        sorted(
            [*(step.row for step in plan.steps), *not_captured(three, asked.within)], key=lambda row: row.path
        )
    )
    notes = tuple(_notes(three))
    if asked.dry or (plan.is_empty and not plan.stays):
        return Undone(run=run.run, undo="", done=False, rows=(*rows, *plan.stays), notes=notes)
    if plan.stays:
        raise _refusal(run.run, plan)
    switch(own, git, now, plan, scratch)
    return Undone(run=run.run, undo=own.run, done=True, rows=rows, notes=notes)


def _found(repository: Repository, name: str) -> SnapshotStore:
    """The run of this working tree with that name, or what brought its changes here. Raises UsageError."""
    stores = runs_of(repository)
    named = [store for store in stores if store.run.startswith(name)]
    if not name or len(named) != 1:
        problem = "has no run" if not named else "has several runs"
        raise UsageError(
            f"{repository.top} {problem} {name!r} that can be undone", "atomci undo --list names them"
        )
    run = named[0]
    before = run.read("before")
    if before is None:
        raise UsageError(
            f"{run.run} has no snapshot of its beginning", "atomci undo --list names those that have"
        )
    if before.worktree == run.worktree:
        return run
    brought = (store for store in stores if _why(store) == f"apply of {run.run}" and _is_here(store))
    found = next(brought, None)
    if found is None:
        raise RefusedError(
            f"{run.run} worked in {before.top}, and nothing of it was brought here",
            f"atomci guard drop {run.run} removes it",
        )
    return found


def _why(store: SnapshotStore) -> str:
    before = store.read("before")
    return before.why if before else ""


def _is_here(store: SnapshotStore) -> bool:
    before = store.read("before")
    return before is not None and before.worktree == store.worktree


def _three(run: SnapshotStore, now: WorkSnapshot, asked: UndoRequest) -> Three:
    before, after = run.read("before"), run.read("after")
    if before is None:
        raise UsageError(
            f"{run.run} has no snapshot of its beginning", "atomci undo --list names those that have"
        )
    if after is None and not asked.overwrite and not asked.dry:
        raise RefusedError(
            f"nobody saw the end of {run.run}, so all that was changed since it began counts as its work",
            f"atomci undo {run.run} --dry-run shows it, --overwrite instead puts it back",
        )
    return Three(before, after or now, now)


def _without_beginning(run: SnapshotStore) -> UsageError:
    return UsageError(
        f"{run.run} has no snapshot of its beginning", "atomci undo --list names those that have one"
    )


def _refusal(run: str, plan: UndoPlan) -> RefusedError:
    first = plan.stays[0]
    more = f", and {len(plan.stays) - 1} more like it" if len(plan.stays) > 1 else ""
    return RefusedError(
        f"{first.path} stays as it is: {first.reason}{more}",
        f"atomci undo {run} --dry-run names all; name the others as PATH, or add --overwrite: "
        "what is there now can be had again by an undo of the undo",
    )


def _notes(three: Three) -> Iterator[str]:
    """What an undo of files leaves as it is."""
    before, after, now = three.before, three.after, three.now
    if before.head and after.head == now.head != before.head:
        was = before.head[:9]
        yield f"HEAD stays where the run moved it; to move it back: git reset --soft {was}"
    elif after.index is not None and before.index != after.index and after.index == now.index:
        yield "what was staged stays staged: git status shows it"
    for folder in sorted(set(before.nested) - set(now.nested)):
        yield f"{folder} was a repository of its own, and its .git isn't captured"
