"""Files that git doesn't track, found on the disk within limits."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from atomci.artifacts.handed.snapshots import LeftOut
from atomci.guard.snapshot.survey import Survey
from atomci.tools.git.client import Git

__all__ = ["OWN", "Limits", "Untracked", "untracked"]

OWN = "artifacts/cli_runs"
"""What is told of guarded sessions. It is no part of their work."""
_FEW = 100


@dataclass(frozen=True)
class Limits:
    """What is captured of files that git doesn't track; whatever is beyond is named as left out."""

    file_bytes: int = 10_000_000
    """A larger file is left out."""
    total_bytes: int = 500_000_000
    """What all files together may have."""
    folder_files: int = 10_000
    """A folder of untracked files that holds more is left out as a whole."""
    ignored_folder_files: int = 1_000
    """The same for a folder that is ignored, such as an environment or a cache."""


@dataclass
class Untracked:
    """What was found: files, those that are ignored apart, and folders in which there is nothing."""

    files: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    empty_folders: list[str] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


class _TooMany(Exception):
    """A folder holds more files than may be captured."""


def untracked(git: Git, known: Survey, limits: Limits) -> Untracked:
    """Look at all that git doesn't track, below submodules too."""
    ignored = _ignored(git, known.unknown)
    found = Untracked()
    submodules = (f"{path}/" for path in known.submodules)
    for path in (*known.unknown, *submodules, *(row for row in ignored if row not in known.unknown)):
        if _is_own(path):
            continue
        files, most = found.files, limits.folder_files
        if path in ignored:
            files, most = found.ignored, limits.ignored_folder_files
        if path.endswith("/"):
            _walk(git.root, path.rstrip("/"), ignored, files, found, most)
        else:
            files.append(path)
    return found


def _ignored(git: Git, unknown: Sequence[str]) -> set[str]:
    """Those of the paths that are ignored, and what is ignored below the others."""
    rows = git.ignored(unknown) if unknown else set()
    folders = [path for path in unknown if path.endswith("/") and path not in rows]
    if folders:
        below = folders if len(folders) < _FEW else ()
        literally = git.with_env(GIT_LITERAL_PATHSPECS="1")
        words = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
        inside = literally.paths(*words, "--", *below)
        rows |= {path for path in inside if path.startswith(tuple(folders))}
    return rows


def _is_own(path: str) -> bool:
    return f"{path}/".startswith(f"{OWN}/")


def _walk(
    top: Path, folder: str, ignored: Collection[str], files: list[str], found: Untracked, most: int
) -> None:
    """Add what a folder holds, but for what is ignored in it; nothing of it where that is too much."""
    inside = Untracked()
    try:
        _descend(top, folder, ignored, inside, most)
    except _TooMany:
        found.left_out.append(
            LeftOut(path=folder, reason=f"it holds more than {most} files", ignored=files is found.ignored)
        )
        return
    files.extend(inside.files)
    found.empty_folders.extend(inside.empty_folders)
    found.nested.extend(inside.nested)
    found.left_out.extend(inside.left_out)


def _descend(top: Path, folder: str, apart: Collection[str], found: Untracked, most: int) -> None:
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            entries = list(os.scandir(top / place))
        except OSError as error:
            found.left_out.append(LeftOut(path=place, reason=f"it can't be read: {error.strerror}"))
            continue
        if not entries:
            found.empty_folders.append(place)
        for entry in entries:
            path = f"{place}/{entry.name}"
            if entry.name == ".git":
                found.nested.append(place)
            elif entry.is_dir(follow_symlinks=False):
                if f"{path}/" not in apart and not _is_own(path):
                    waiting.append(path)
            elif path not in apart:
                found.files.append(path)
        if len(found.files) > most:
            raise _TooMany
