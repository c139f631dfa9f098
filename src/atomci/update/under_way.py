"""Whether something of git's or an update of ours is under way in a repository."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from atomci.errors import RefusedError, UsageError
from atomci.tools.git.repository import Repository, open_repository
from atomci.update.worktree.journal import FOLDER, Journal, journal_of
from atomci.update.worktree.switch import held, resume

__all__ = ["refuse_operations", "refuse_unfinished", "staged_paths", "under_way"]

_OPERATIONS = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}


def refuse_operations(repository: Repository) -> None:
    """Raises RefusedError where a merge, an update or the like is under way."""
    refuse_unfinished(repository)
    for name, what in _OPERATIONS.items():
        if (repository.git_dir / name).exists():
            raise RefusedError(f"{what} is under way in this repository", "finish it first: git status")


def refuse_unfinished(repository: Repository) -> None:
    """Raises RefusedError where an update waits to be continued or aborted."""
    journal = journal_of(repository)
    if journal is not None and not _is_over(repository, journal):
        raise RefusedError(
            f"the update to {journal.versions[1]} isn't finished",
            "atomci update --continue, or atomci update --abort",
        )


@contextlib.contextmanager
def under_way(root: Path) -> Iterator[tuple[Repository, Journal]]:
    """The update that is under way, kept from others. Raises UsageError where there is none."""
    repository = open_repository(root)
    with held(repository):
        resume(repository)
        journal = journal_of(repository)
        if journal is None or _is_over(repository, journal):
            shutil.rmtree(repository.git_dir / FOLDER, ignore_errors=True)
            raise UsageError("no update is under way here", "git status shows what is")
        yield repository, journal


def _is_over(repository: Repository, journal: Journal) -> bool:
    """Whether git ended the update without us: committed, picked, reset or aborted."""
    if repository.git.resolve("HEAD") != journal.head:
        return True
    if journal.phase == "conflicts":
        return not (repository.git_dir / "CHERRY_PICK_HEAD").exists()
    return not staged_paths(repository) & {step.path for step in journal.steps}


def staged_paths(repository: Repository) -> set[str]:
    """What the index has and HEAD hasn't, or the other way round."""
    return set(repository.git.paths("diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD"))
