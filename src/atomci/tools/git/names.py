"""Which paths git may hold on any system: none that leads out, or that some file system takes for `.git`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePosixPath

from atomci.errors import RefusedError

__all__ = ["fault_of", "refuse_paths"]

# HFS+ leaves these out of names.
_UNSEEN = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
# NTFS leaves out what ends a name, takes what follows a colon for a part of the file, and gives short names.
_NTFS = re.compile(r"(\.git|git~[0-9]+)[ .]*(:.*)?", re.IGNORECASE | re.DOTALL)


@lru_cache(maxsize=1 << 14)
def fault_of(path: str) -> str | None:
    """Why a path, relative and with slashes, can't be in a tree; None for one that can."""
    parts = path.split("/")
    if path.startswith("/") or re.match("[A-Za-z]:", path):
        return "it isn't relative"
    if any(part in ("", ".", "..") for part in parts):
        return "it leads elsewhere"
    if "\0" in path:
        return "it holds a null byte"
    if any(_is_dot_git(word) for part in parts for word in part.split("\\")):
        return "git keeps its own things under that name"
    return None


def _is_dot_git(name: str) -> bool:
    return bool(_NTFS.fullmatch(name)) or _UNSEEN.sub("", name).casefold() == ".git"


def refuse_paths(paths: Iterable[str | PurePosixPath], whose: str) -> None:
    """Raises RefusedError for the first path that can't be in a tree."""
    for path in map(str, paths):
        if fault := fault_of(path):
            raise RefusedError(
                f"{whose} holds {path}: {fault}", "nothing was changed; report it to the template's authors"
            )
