"""Bringing a planned update into the working tree: staged, or in the middle of a cherry-pick of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from atomci.artifacts.sync import Update
from atomci.errors import RefusedError
from atomci.template.lock import same_content
from atomci.tools.git.objects import Entry
from atomci.tools.process import shell_line
from atomci.update.planned import Planned, message_of
from atomci.update.under_way import refuse_operations
from atomci.update.wording import are, some_of
from atomci.update.worktree.journal import Journal, digest
from atomci.update.worktree.stage import NOTHING, index_line, stage
from atomci.update.worktree.switch import held, switch

__all__ = ["apply_update"]


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
        "MERGE_MSG": _merge_message(message, conflicted),
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
    repository = planned.repository
    states = repository.git.states("--untracked-files=all", "--ignore-submodules=none")
    # The lock is ours: `atomci status` may just have written it.
    states.pop(planned.lock, None)
    wanted = set(touched) - {planned.lock, *unseen}
    dirty = {path for path in states if path in wanted}
    dirty |= {path for path in wanted if _in_the_way(planned, path)}
    if dirty:
        raise RefusedError(
            f"the update changes {some_of(dirty)}: uncommitted work is in its way", _way_out(planned, dirty)
        )
    staged = [path for path, state in states.items() if state[0] not in " ?"]
    if alone and staged:
        raise RefusedError(
            f"{are(staged)} staged, and the update is to be committed by itself", "git commit it first"
        )
    if planned.merged.stages and staged:
        raise RefusedError(
            f"{are(staged)} staged, and the update has conflicts: aborting it would unstage that",
            "git commit or git stash it, then again",
        )


def _way_out(planned: Planned, dirty: set[str]) -> str:
    unknown = sorted(dirty - planned.before.keys())
    if not unknown:
        return "git commit or git stash it, then again"
    # git stash takes along neither what is untracked nor what is ignored.
    return f"git add --force {shell_line(unknown[:5])}, git commit, then again; or move it away"


def _in_the_way(planned: Planned, path: str) -> bool:
    """Something that git doesn't know lies where the update puts a file, or a link leads elsewhere."""
    top = planned.repository.top
    if path in planned.merged.files:
        for folder in list(Path(path).parents)[:-1]:
            place = top / folder
            stands = place.exists() and not place.is_dir() and folder.as_posix() not in planned.before
            if place.is_symlink() or stands:
                return True
        if path not in planned.before and (top / path).is_dir() and not (top / path).is_symlink():
            return not _only_touched(planned, top / path)
    before = planned.before.get(path)
    found = digest(top / path)
    if before is None:
        return found not in ("", "folder")
    return not found or not _as_committed(planned, path, before)


def _only_touched(planned: Planned, folder: Path) -> bool:
    top, touched = planned.repository.top, set(planned.touched)
    return all(file.is_dir() or file.relative_to(top).as_posix() in touched for file in folder.rglob("*"))


def _as_committed(planned: Planned, path: str, entry: Entry) -> bool:
    """Whether the file is what HEAD holds, also where a flag of the index hides an edit from git status."""
    target = planned.repository.top / path
    if target.is_symlink() or entry.mode == "120000":
        return True
    if same_content(target.read_bytes(), entry.oid):
        return True
    filtered = planned.repository.git.ask("hash-object", f"--path={path}", "--", path)
    return filtered == entry.oid


def _index_lines(planned: Planned, touched: list[str]) -> Iterator[bytes]:
    for path in touched:
        stages = planned.merged.stages.get(path)
        if stages is None:
            yield index_line(path, planned.merged.files.get(path, NOTHING))
        else:
            yield index_line(path, NOTHING)
            yield from (index_line(path, entry, number) for number, entry in sorted(stages.items()))


def _merge_message(message: str, conflicted: Iterable[str]) -> str:
    """As git writes it: the comment is stripped when it is committed."""
    return f"{message}\n# Conflicts:\n" + "".join(f"#\t{path}\n" for path in conflicted)
