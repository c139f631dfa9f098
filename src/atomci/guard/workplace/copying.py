"""Files of a checkout, brought as they are: byte by byte, through no filter of git."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["bring"]

_AT_ONCE = 8
_FEW = 200


def bring(paths: Iterable[str], source: Path, target: Path) -> None:
    """Copy files, links and folders with their modes and times; what is gone by then is left out.

    Of a folder with a repository of its own, such as a submodule, the files come, and no `.git`.
    Raises OSError.
    """
    rows = [*_rows(paths, source)]
    for folder in sorted({os.path.dirname(path) for path in rows}):  # noqa: PTH120
        (target / folder).mkdir(parents=True, exist_ok=True)
    if len(rows) < _FEW:
        for path in rows:
            _copy(source / path, target / path)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for _ in threads.map(lambda path: _copy(source / path, target / path), rows):
            continue


def _rows(paths: Iterable[str], source: Path) -> Iterator[str]:
    """Files and links that are there, those of repositories inside too.

    The index may name files in a folder that is a link by now, and so leads elsewhere.
    """
    links = {"": False}
    for path in paths:
        place = source / path
        if _is_behind_a_link(os.path.dirname(path.rstrip("/")), source, links):  # noqa: PTH120
            continue
        if _is_folder(place):
            if (place / ".git").exists():
                yield from _inside(place, source)
        elif os.path.lexists(place):
            yield path


def _is_behind_a_link(folder: str, source: Path, known: dict[str, bool]) -> bool:
    if folder not in known:
        above = _is_behind_a_link(os.path.dirname(folder), source, known)  # noqa: PTH120
        known[folder] = above or (source / folder).is_symlink()
    return known[folder]


def _inside(folder: Path, source: Path) -> Iterator[str]:
    for above, folders, files in os.walk(folder):
        for name in [name for name in folders if (Path(above) / name).is_symlink()]:
            folders.remove(name)
            files.append(name)
        folders[:] = [name for name in folders if name != ".git"]
        for name in files:
            if name != ".git":
                yield os.path.relpath(os.path.join(above, name), source)  # noqa: PTH118


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _copy(source: Path, target: Path) -> None:
    try:
        kind = source.lstat().st_mode
        if stat.S_ISLNK(kind):
            target.symlink_to(os.readlink(source))  # noqa: PTH115
        elif stat.S_ISREG(kind):
            shutil.copy2(source, target, follow_symlinks=False)
    except FileNotFoundError:
        if os.path.lexists(source):
            raise
