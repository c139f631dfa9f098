"""Bringing a planned update into the working tree: staged, or in the middle of a cherry-pick of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import msgspec

from atomci.artifacts.printed.sync import Update
from atomci.errors import RefusedError
from atomci.tools.git.repository import Repository
from atomci.update.planned import Planned, message_of
from atomci.update.under_way import refuse_operations
from atomci.update.wording import are, some_of
from atomci.update.worktree.journal import Journal
from atomci.update.worktree.obstacles import blocking, obstacles, way_out
from atomci.update.worktree.stage import NOTHING, index_line, stage
from atomci.update.worktree.switch import held, switch

__all__ = ["apply_update", "foreseen"]


def foreseen(planned: Planned) -> Update:
    """The plan of an update, with a note where `apply_update` would refuse it as things are."""
    try:
        refuse_operations(planned.repository)
        _refuse_dirty(planned, planned.touched, _unseen(planned, planned.touched), alone=False)
    except RefusedError as error:
        note = f"as things are, atomci update is refused: {error.message}; {error.hint}"
        return planned.update.noting(note)
    return planned.update


def apply_update(planned: Planned, *, alone: bool = False) -> Update:
    """Stage a planned update; with conflicts the repository is in the middle of a cherry-pick of it.

    `alone`: refuse where anything else is staged, since the update is to be committed.

    Raises RefusedError where uncommitted work is in its way, InfrastructureError where the disk or
    another git is; nothing has changed then.
    """
    with held(planned.repository):
        return _apply(planned, alone)


def _apply(planned: Planned, alone: bool) -> Update:
    repository, merged = planned.repository, planned.merged
    touched = planned.touched
    refuse_operations(repository)
    unseen = _unseen(planned, touched)
    _refuse_dirty(planned, touched, unseen, alone)
    planned.objects.migrate()
    conflicts = bool(merged.stages)
    staged = stage(
        repository,
        merged.files,
        touched,
        _index_lines(planned, touched),
        conflicts=conflicts,
        unseen=[path for path in unseen if path in merged.files and path not in merged.stages],
    )
    switch(repository, staged, _journal(planned, unseen))
    if conflicts:
        repository.git.code("rerere")
    return msgspec.structs.replace(planned.update, state="conflicts" if conflicts else "staged")


def _unseen(planned: Planned, touched: list[str]) -> list[str]:
    """What a sparse checkout leaves out of the working tree."""
    git, top = planned.repository.git, planned.repository.top
    absent = {path for path in touched if path in planned.before and not os.path.lexists(top / path)}
    return sorted(absent & git.sparse()) if absent else []


def _journal(planned: Planned, unseen: list[str]) -> Journal:
    update, message = planned.update, message_of(planned.update)
    conflicted = tuple(sorted(planned.merged.stages))
    # What makes it a cherry-pick that git can continue or abort.
    heads: dict[str, str | None] = {
        "MERGE_MSG": message,
        "CHERRY_PICK_HEAD": f"{planned.pick}\n",
    }
    return Journal(
        then="conflicts" if conflicted else "staged",
        head=planned.head,
        heads=heads if conflicted else {},
        message=message,
        template=update.template,
        versions=(update.before, update.after),
        conflicted=conflicted,
        unseen=tuple(unseen),
        entries={
            path: " ".join(planned.merged.files[path])
            for path in planned.touched
            if path in planned.merged.files and path not in planned.merged.stages
        },
    )


def _refuse_dirty(planned: Planned, touched: list[str], unseen: list[str], alone: bool) -> None:
    """Uncommitted work in what the update touches; with conflicts also what an abort by git would lose."""
    repository, before = planned.repository, planned.before
    states = repository.git.states("--untracked-files=all", "--ignore-submodules=none")
    # The lock is ours: `atomci status` may just have written it.
    states.pop(planned.lock, None)
    wanted = set(touched) - {*unseen, *([planned.lock] if _is_plain(repository, planned.lock) else [])}
    found = obstacles(repository, before, planned.merged.files, wanted, states)
    if found:
        raise RefusedError(
            f"the update changes {some_of(found)}: you have uncommitted work there",
            way_out(before, found.values(), states),
        )
    staged = [path for path, state in states.items() if state[0] not in " ?"]
    if alone and staged:
        raise RefusedError(
            f"{are(staged)} staged, and the update needs a commit of its own", "git commit it first"
        )
    if planned.merged.stages and staged:
        raise RefusedError(
            f"{are(staged)} staged, and the update has conflicts: aborting it would unstage that",
            "git commit or git stash it, then try again",
        )


def _is_plain(repository: Repository, path: str) -> bool:
    place = repository.top / path
    return not blocking(repository.top, path) and (place.is_symlink() or not place.is_dir())


def _index_lines(planned: Planned, touched: list[str]) -> Iterator[bytes]:
    for path in touched:
        stages = planned.merged.stages.get(path)
        if stages is None:
            yield index_line(path, planned.merged.files.get(path, NOTHING))
        else:
            yield index_line(path, NOTHING)
            yield from (index_line(path, entry, number) for number, entry in sorted(stages.items()))
