"""Which files of a project aren't as the lock says that they were rendered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from atomci.artifacts.sync import Drift, Lock, LockedFile
from atomci.template.lock import same_content

__all__ = ["SHARED", "drift_of", "drifted"]

SHARED = ("managed", "merged")
"""The tiers whose files are compared. Edits of managed ones are drift, of merged ones good right."""
_OURS = ("managed",)


def drift_of(root: Path, lock: Lock) -> tuple[Drift, ...]:
    """The managed and merged files that aren't as they were rendered. Edits of merged ones are allowed."""
    found = []
    for path, file in lock.files.items():
        if file.tier in SHARED and (state := drifted(root / path, file)) is not None:
            found.append(Drift(path=path, tier=file.tier, state=state, allowed=file.tier not in _OURS))
    return tuple(found)


def drifted(path: Path, file: LockedFile) -> Literal["modified", "missing"] | None:
    """What became of a file since it was rendered; None where it is as it was."""
    try:
        details = path.lstat()
        if file.mode == "120000":
            same = same_content(os.fsencode(path.readlink()), file.blob)
        else:
            executable = os.name == "nt" or bool(details.st_mode & 0o100) == (file.mode == "100755")
            same = executable and not path.is_symlink() and same_content(path.read_bytes(), file.blob)
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:  # a folder, or a file where a link was
        return "modified"
    return None if same else "modified"
