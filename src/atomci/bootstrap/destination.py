"""The folder of a new project: free to begin with, and left as it was when something goes wrong."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from atomci.errors import UsageError
from atomci.tools.git.client import Git

__all__ = ["all_or_nothing"]


@contextmanager
def all_or_nothing(dest: Path) -> Iterator[Path]:
    """Yields the absolute destination; on any error it is as it was before: absent, or a free folder.

    A clone of a repository without commits is as free as an empty folder. Raises UsageError for any other.
    """
    root = dest.resolve()
    _require_free(dest, root)
    begun = (root / ".git").is_dir()
    made = _missing_folders(root)
    # A new project must not be installed into the environment of the one that runs atomci.
    for variable in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"):
        os.environ.pop(variable, None)
    try:
        root.mkdir(parents=True, exist_ok=True)
        yield root
    except BaseException:
        _empty(root, ".git" if begun else "")
        for folder in made:
            folder.rmdir()
        raise


def _missing_folders(root: Path) -> list[Path]:
    """The destination and its parents that aren't there yet, deepest first."""
    return [folder for folder in (root, *root.parents) if not folder.exists()]


def _require_free(dest: Path, root: Path) -> None:
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    if not there.is_dir():
        raise UsageError(f"{there} is a file", "name another folder; nothing was changed")
    names = [entry.name for entry in root.iterdir()] if there == root else []
    if names == [".git"] and Git(root).ask("rev-parse", "--verify", "--quiet", "HEAD") is None:
        return
    if names:
        repository = ".git" in names
        more = "; a repository that has files joins the template: atomci adopt" if repository else ""
        raise UsageError(
            f"{dest} exists and isn't an empty folder", f"name another one; nothing was changed{more}"
        )


def _empty(root: Path, kept: str) -> None:
    def writable_first(remove: Callable[[str], Any], path: str, _: object) -> None:
        Path(path).chmod(stat.S_IWRITE)  # git's objects are read-only, which stops Windows
        remove(path)

    for entry in root.iterdir() if root.is_dir() else ():
        if entry.name == kept:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, onerror=writable_first)
        else:
            entry.unlink()
