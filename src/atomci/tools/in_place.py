"""Files put in place of others by a rename, which needs no room and can't stop half-way."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

__all__ = ["keep", "put", "remove_empty", "remove_upwards"]


def remove_empty(folder: Path) -> None:
    """Remove a folder in which there are no files."""
    for place, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            Path(place).rmdir()


def keep(target: Path, kept: Path) -> None:
    """Give a file or link a second name, so that it can be put back; a copy where it can't have one."""
    kept.parent.mkdir(exist_ok=True)
    kept.unlink(missing_ok=True)
    try:
        os.link(target, kept, follow_symlinks=False)
    except OSError:
        _copy(target, kept)


def put(source: Path | None, target: Path, top: Path) -> None:
    """Move a file to its place, or remove what is there together with folders that become empty."""
    if source is None:
        target.unlink(missing_ok=True)
        remove_upwards(target.parent, top)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != 18:  # another file system, as with linked worktrees
            raise
        near = target.with_name(f".{target.name}.atomci-new")
        try:
            _copy(source, near)
            near.replace(target)
        except OSError:
            near.unlink(missing_ok=True)
            raise


def remove_upwards(folder: Path, top: Path) -> None:
    """Remove a folder in which there is nothing, and those above it that become empty, but for `top`."""
    with contextlib.suppress(OSError):
        while folder != top:
            folder.rmdir()
            folder = folder.parent


def _copy(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.unlink(missing_ok=True)
        target.symlink_to(os.readlink(source))  # noqa: PTH115
    else:
        shutil.copy2(source, target)
