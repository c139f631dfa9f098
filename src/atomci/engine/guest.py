"""Running in a repository that isn't set up for atomci: its files and git's status stay as they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from atomci.errors import UsageError
from atomci.project import Project

__all__ = ["LEFT_OUT", "lacks", "left_out", "make_room"]

LEFT_OUT = "left out: "
"""How the reason of what is skipped begins, where the repository doesn't have what it takes."""


def lacks(project: Project, distribution: str, shown: str) -> str:
    """Why a project that isn't set up for atomci doesn't have a tool; empty where it has, or owes it."""
    if project.is_joined or project.version_of(distribution) is not None:
        return ""
    if project.own_environment is None:
        return "this project has no environment: no .venv, and none is active"
    return f"{shown} isn't installed in {project.environment.name}"


def left_out(reasons: Iterable[str]) -> str:
    """Several such reasons as one."""
    return LEFT_OUT + "; ".join(reason.removeprefix(LEFT_OUT) for reason in reasons)


def make_room(project: Project) -> None:
    """See to it that artifacts/ is free for atomci, and that git ignores it. Raises UsageError if not."""
    folder = project.root / "artifacts"
    if project.is_joined or (folder / ".gitignore").is_file():
        return
    tracked = project.git.tracked("artifacts")
    if tracked or (tracked is None and _holds_files(folder)):
        raise UsageError(
            "artifacts/ holds files of this repository, and atomci would write there",
            "set it up for atomci on a branch of its own: atomci adopt",
        )
    folder.mkdir(exist_ok=True)
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")


def _holds_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
