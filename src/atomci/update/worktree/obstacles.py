"""Work that no commit holds, where files are to be replaced."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from atomci.template.lock import same_content
from atomci.tools.git.links import link_text
from atomci.tools.git.objects import Entry, Files
from atomci.tools.git.repository import Repository
from atomci.tools.process import shell_line
from atomci.update.worktree.journal import digest

__all__ = ["blocking", "obstacles", "way_out"]


def obstacles(
    repository: Repository, before: Files, after: Files, paths: Collection[str], states: Collection[str]
) -> dict[str, str]:
    """Which of the paths can't be replaced, and what is to be saved first: that path, or what is above it.

    `before` is what HEAD holds, `after` what is to be there, `states` what git calls changed.
    """
    found: dict[str, str] = {}
    for path in paths:
        folder = _folder_in_the_way(repository, before, after, path)
        if folder:
            found[path] = folder
        elif path in states or _differs(repository, before, after, path, paths):
            found[path] = path
    return found


def way_out(before: Files, found: Iterable[str], states: Collection[str]) -> str:
    """What to type, so that a commit holds what is in the way."""
    paths = sorted(set(found))
    unknown = shell_line([path for path in paths if path not in before][:5])
    hidden = shell_line([path for path in paths if path in before and path not in states][:5])
    if unknown:
        # git stash takes along neither what is untracked nor what is ignored.
        return f"git add --force {unknown}, git commit, then try again; or move it away"
    if hidden:
        # A flag of the index keeps git from seeing the edit.
        flags = (f"git update-index --no-{flag} {hidden}" for flag in ("assume-unchanged", "skip-worktree"))
        return f"{'; '.join(flags)}; git commit it, then again"
    return "git commit or git stash it, then try again"


def blocking(top: Path, path: str) -> str:
    """The outermost of a path's folders that is a file or a link; empty where none is."""
    for folder in reversed(PurePosixPath(path).parents[:-1]):
        place = top / folder
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            return str(folder)
    return ""


def _folder_in_the_way(repository: Repository, before: Files, after: Files, path: str) -> str:
    """One that isn't a folder and doesn't go away by itself."""
    folder = blocking(repository.top, path) if path in after else ""
    goes = folder in before and folder not in after and _as_committed(repository, folder, before[folder])
    return "" if goes else folder


def _differs(repository: Repository, before: Files, after: Files, path: str, paths: Collection[str]) -> bool:
    top, entry = repository.top, before.get(path)
    if blocking(repository.top, path):
        return False  # what it leads to is somewhere else
    if (top / path).is_dir() and not (top / path).is_symlink():
        return path in after and not _only_of(top, path, paths)
    found = digest(top / path)
    if entry is None:
        return bool(found)
    return not found or not _as_committed(repository, path, entry)


def _only_of(top: Path, folder: str, paths: Collection[str]) -> bool:
    """Whether a folder holds no other files than these."""
    found = (file for file in (top / folder).rglob("*") if file.is_symlink() or not file.is_dir())
    return all(file.relative_to(top).as_posix() in paths for file in found)


def _as_committed(repository: Repository, path: str, entry: Entry) -> bool:
    """Whether the file is what HEAD holds, also where a flag of the index hides an edit from git status."""
    target = repository.top / path
    if target.is_symlink():
        return entry.mode == "120000" and same_content(link_text(target), entry.oid)
    if not target.is_file():
        return False
    if same_content(target.read_bytes(), entry.oid):
        return True
    return repository.git.ask("hash-object", f"--path={path}", "--", path) == entry.oid
