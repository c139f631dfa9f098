"""What was rendered, by the lock: a tag may have moved since, or be gone."""

from __future__ import annotations

import os
from collections.abc import Collection

from atomci.artifacts.printed.sync import Lock
from atomci.template.answers import Recorded
from atomci.tools.git.objects import Entry, Files, Objects

__all__ = ["as_locked", "locked_files", "unlike"]


def locked_files(lock: Lock, recorded: Recorded, prefix: str = "") -> Files:
    """What a lock lists, with the answers file, by paths from the top of the repository."""
    files = {prefix + path: Entry(file.mode, file.blob) for path, file in lock.files.items()}
    return {**files, prefix + recorded.file: Entry("100644", lock.answers)}


def unlike(rendered: Files, locked: Files, paths: Collection[str]) -> list[str]:
    """Those of the paths at which a render isn't what the lock says that it was."""
    return sorted(path for path in paths if _differ(rendered.get(path), locked.get(path)))


def as_locked(objects: Objects, rendered: Files, locked: Files, paths: Collection[str]) -> Files:
    """A render with what the lock lists at these paths; nothing where git doesn't hold that."""
    gone = objects.missing(locked[path].oid for path in paths if path in locked)
    there = {path: locked[path] for path in paths if path in locked and locked[path].oid not in gone}
    return {**{path: entry for path, entry in rendered.items() if path not in paths}, **there}


def _differ(one: Entry | None, other: Entry | None) -> bool:
    if one is None or other is None:
        return one is not other
    # Windows has no executable bit, so a render has none there.
    modes_count = os.name != "nt" or not (one.is_file and other.is_file)
    return one.oid != other.oid or (modes_count and one.mode != other.mode)
