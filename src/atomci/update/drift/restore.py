"""Files put back as they were rendered, all or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from atomci.errors import RefusedError
from atomci.template.answers import Recorded
from atomci.template.lock import made_lock
from atomci.template.workshop import Workshop
from atomci.tools.git.objects import Files
from atomci.tools.git.repository import Repository, head_commit
from atomci.tools.process import shell_line
from atomci.update.drift.differing import drifted
from atomci.update.drift.last_render import LastRender, last_render
from atomci.update.under_way import refuse_operations
from atomci.update.wording import some_of
from atomci.update.worktree.journal import Journal
from atomci.update.worktree.obstacles import blocking, obstacles, way_out
from atomci.update.worktree.stage import NOTHING, index_line, stage
from atomci.update.worktree.switch import held, switch

__all__ = ["restore"]


def restore(shop: Workshop, recorded: Recorded, paths: Sequence[str]) -> list[str]:
    """Put files back, staged; the paths that changed.

    Raises RefusedError where that would lose work that no commit holds.
    """
    render = last_render(shop, recorded, paths)
    with held(render.objects.repository):
        return _restore(render)


def _restore(render: LastRender) -> list[str]:
    recorded, repository = render.recorded, render.objects.repository
    refuse_operations(repository)
    files = _differing(render)
    head = head_commit(repository)
    touched = sorted(files)
    _refuse_taken(repository, touched)
    _refuse_unsaved(repository, render.objects.files(head), touched)
    render.objects.migrate()
    staged = stage(repository, files, touched, [index_line(path, files[path]) for path in touched])
    versions = (recorded.version, recorded.version)
    switch(repository, staged, Journal(then="gone", head=head, template=recorded.location, versions=versions))
    return [step.path.removeprefix(repository.prefix) for step in staged.steps]


def _differing(render: LastRender) -> Files:
    """What was rendered and is no longer so, by paths from the top of the repository."""
    recorded, prefix = render.recorded, render.objects.repository.prefix
    lock = made_lock(render.files, recorded.file, recorded.version, render.tier)
    return {
        prefix + path: render.files[path]
        for path in render.wanted
        if path not in lock.files or drifted(recorded.root / path, lock.files[path]) is not None
    }


def _refuse_taken(repository: Repository, touched: list[str]) -> None:
    """What is a folder on one side and none on the other has no place beside it, committed or not."""
    for path in touched:
        taken = blocking(repository.top, path) or (path if _is_filled(repository.top / path) else "")
        if taken:
            raise RefusedError(
                f"{taken} is a {_kind(repository.top / taken)} here, so {path} can't be put there",
                f"{shell_line(['mv', taken, f'{taken}.mine'])}, then again",
            )


def _kind(path: Path) -> str:
    return "link" if path.is_symlink() else "folder" if path.is_dir() else "file"


def _is_filled(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and any(not file.is_dir() for file in path.rglob("*"))


def _refuse_unsaved(repository: Repository, head: Files, touched: list[str]) -> None:
    there = [path for path in touched if os.path.lexists(repository.top / path)]
    states = repository.git.states("--untracked-files=all", "--ignored=matching")
    if unsaved := obstacles(repository, head, dict.fromkeys(there, NOTHING), there, states):
        raise RefusedError(
            f"{some_of(unsaved)}: changes that aren't committed would be lost",
            way_out(head, unsaved.values(), states),
        )
