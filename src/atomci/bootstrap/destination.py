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

__all__ = ["all_or_nothing"]


@contextmanager
def all_or_nothing(dest: Path) -> Iterator[Path]:
    """Yields the absolute destination; on any error it is as it was before: absent, or an empty folder.

    Raises UsageError when it is neither.
    """
    root = dest.resolve()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise UsageError(f"{dest} exists and isn't an empty folder", "name another one; nothing was changed")
    made = _missing_folders(root)
    # A new project must not be installed into the environment of the one that runs atomci.
    for variable in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"):
        os.environ.pop(variable, None)
    try:
        root.mkdir(parents=True, exist_ok=True)
        yield root
    except BaseException:
        _empty(root)
        for folder in made:
            folder.rmdir()
        raise


def _missing_folders(root: Path) -> list[Path]:
    """The destination and its parents that aren't there yet, deepest first."""
    return [folder for folder in (root, *root.parents) if not folder.exists()]


def _empty(root: Path) -> None:
    def writable_first(remove: Callable[[str], Any], path: str, _: object) -> None:
        Path(path).chmod(stat.S_IWRITE)  # git's objects are read-only, which stops Windows
        remove(path)

    for entry in root.iterdir() if root.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, onerror=writable_first)
        else:
            entry.unlink()
