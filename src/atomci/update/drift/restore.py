"""Files put back as they were rendered, all or none."""

from __future__ import annotations

from collections.abc import Sequence

from atomci.errors import RefusedError
from atomci.template.answers import Recorded
from atomci.template.lock import made_lock
from atomci.template.workshop import Workshop
from atomci.tools.git.objects import Files
from atomci.tools.git.repository import Repository, head_commit
from atomci.update.drift.differing import drifted
from atomci.update.drift.last_render import LastRender, last_render
from atomci.update.under_way import refuse_operations
from atomci.update.worktree.journal import Journal
from atomci.update.worktree.stage import index_line, stage
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
    _refuse_unsaved(repository, touched)
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


def _refuse_unsaved(repository: Repository, touched: list[str]) -> None:
    states = repository.git.states("--untracked-files=all", "--ignored=matching")
    unsaved = [path for path in touched if states.get(path, " D") not in (" D", "D ")]
    if unsaved:
        raise RefusedError(
            f"{', '.join(unsaved)}: what no commit holds would be lost",
            "git commit or git stash it, then again",
        )
