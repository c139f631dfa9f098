"""Running in a repository with files of its own: they and git's status stay as they are."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from atomci.errors import UsageError
from atomci.project import CACHE_FOLDER, Project
from atomci.tools.atomic import replace_file

__all__ = ["lacks", "make_room"]

_WITH_ANOTHERS = re.compile(r"^include-system-site-packages\s*=\s*true", re.MULTILINE | re.IGNORECASE)


def lacks(project: Project, distribution: str, shown: str) -> str:
    """Why a project that isn't set up for atomci doesn't have a tool; empty where it has, or owes it."""
    own = project.own_environment
    if own is not None and not project.is_joined and not Path(project.python).exists():
        return f"{own.name} is broken: it has no Python, or a link to one that is gone"
    if project.is_joined or project.version_of(distribution) is not None:
        return ""
    if own is None:
        return _no_environment(project)
    itself = " itself" if _WITH_ANOTHERS.search(_settings(own)) else ""
    return f"{shown} isn't installed in {own.name}{itself}"


def _no_environment(project: Project) -> str:
    if (project.root / ".venv").exists():
        return "this project has no environment: .venv isn't one, since it has no pyvenv.cfg"
    return "this project has no environment: no .venv, and none is active"


def _settings(environment: Path) -> str:
    try:
        return (environment / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def make_room(project: Project) -> None:
    """See to it that artifacts/ is free for atomci, and that git ignores it; and that nobody but atomci keeps
    results in its cache. Raises UsageError if not.
    """
    if (project.root / CACHE_FOLDER).exists() and project.git.tracked(f":(icase){CACHE_FOLDER}"):
        raise UsageError(
            f"{CACHE_FOLDER}/ holds files of this repository, and a pass that is kept there is believed",
            f"remove it: git rm -r -f {CACHE_FOLDER}",
        )
    folder = project.root / "artifacts"
    if (folder / ".gitignore").is_file() or (project.is_joined and _ignores_it(project.root)):
        return
    tracked = project.git.tracked("artifacts")
    if tracked or (tracked is None and not project.is_joined and _holds_files(folder)):
        raise UsageError(
            "artifacts/ has files of this repository, and atomci would write there",
            "give that folder another name: git mv artifacts NAME",
        )
    with suppress(OSError):  # which the run will tell
        replace_file(folder / ".gitignore", b"*\n")


def _ignores_it(root: Path) -> bool:
    """Whether the ignore file names it, as one of the template's does."""
    try:
        lines = (root / ".gitignore").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.strip().strip("/") == "artifacts" for line in lines)


def _holds_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
