"""Which files of a project aren't as the lock says that they were rendered."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from atomci.artifacts.printed.sync import Drift, Lock, LockedFile
from atomci.errors import InfrastructureError
from atomci.template.lock import same_content
from atomci.tools.git.client import Git
from atomci.tools.git.links import link_text

__all__ = ["SHARED", "drift_of", "drifted"]

SHARED = ("managed", "merged")
"""The tiers whose files are compared. An edit of a managed file is drift; a merged file may be edited."""
_OURS = ("managed",)
_FILTERS = re.compile(rb"\b(?:filter=|ident\b|working-tree-encoding=)")


def drift_of(root: Path, lock: Lock) -> tuple[Drift, ...]:
    """The managed and merged files that aren't as they were rendered. Edits of merged ones are allowed."""
    found = []
    for path, file in lock.files.items():
        if file.tier in SHARED and (state := drifted(root / path, file)) is not None:
            found.append(Drift(path=path, tier=file.tier, state=state, allowed=file.tier not in _OURS))
    as_git_has_it = _as_git_has_it(root, found, lock)
    return tuple(row for row in found if row.path not in as_git_has_it)


def _as_git_has_it(root: Path, rows: list[Drift], lock: Lock) -> set[str]:
    """Files that only seem to differ: by a sparse checkout, a filter, or bits that git doesn't look at."""
    git, found = Git(root), set()
    if missing := {row.path for row in rows if row.state == "missing"}:
        found |= missing & git.sparse()
    locked = {row.path: lock.files[row.path] for row in rows if row.state == "modified"}
    moded = {path for path, file in locked.items() if drifted(root / path, file, modes=False) is None}
    if moded and (modes := git.own_modes()) is not None:
        found |= {path for path in moded if modes.get(path) == locked[path].mode}
    return found | _filtered(git, {path: file for path, file in locked.items() if path not in moded})


def _filtered(git: Git, files: Mapping[str, LockedFile]) -> set[str]:
    """Those that git stores as they were rendered: what differs here a filter or another encoding made."""
    places = {path: git.root / path for path in files}
    asked = [path for path, place in places.items() if place.is_file() and not place.is_symlink()]
    try:
        if not asked or not _FILTERS.search((git.root / ".gitattributes").read_bytes()):
            return set()
        stored = zip(asked, git.ids(asked), strict=True)
    except (OSError, InfrastructureError):
        return set()
    return {path for path, oid in stored if oid == files[path].blob and _same_bit(places[path], files[path])}


def drifted(path: Path, file: LockedFile, *, modes: bool = True) -> Literal["modified", "missing"] | None:
    """What became of a file since it was rendered; None where it is as it was.

    Without `modes` executable bits don't matter.
    """
    try:
        details = path.lstat()
        if file.mode == "120000":
            same = same_content(link_text(path), file.blob)
        else:
            same = (
                stat.S_ISREG(details.st_mode)
                and (not modes or _same_bit(path, file))
                and same_content(path.read_bytes(), file.blob)
            )
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:  # a folder, or a file where a link was
        return "modified"
    return None if same else "modified"


def _same_bit(path: Path, file: LockedFile) -> bool:
    return os.name == "nt" or bool(path.stat().st_mode & 0o100) == (file.mode == "100755")
