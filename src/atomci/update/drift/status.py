"""Which files of a project aren't as rendered: by the committed lock, which is made anew where it must be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from atomci.artifacts.sync import Drift, Lock, LockedFile, SyncStatus
from atomci.errors import InfrastructureError
from atomci.template.answers import Recorded
from atomci.template.lock import is_current, made_lock, read_lock, same_content, write_lock
from atomci.tools.git import Git

if TYPE_CHECKING:
    from atomci.template.workshop import Workshop

__all__ = ["SHARED", "drift", "drifted", "fresh_lock", "looked_at", "status", "status_offline"]

SHARED = ("managed", "merged")
"""The tiers whose files are compared. Edits of managed ones are drift, of merged ones good right."""
_OURS = ("managed",)


def drift(root: Path, lock: Lock) -> tuple[Drift, ...]:
    """The managed and merged files that aren't as they were rendered. Edits of merged ones are allowed."""
    found = []
    for path, file in lock.files.items():
        if file.tier in SHARED and (state := drifted(root / path, file)) is not None:
            found.append(Drift(path=path, tier=file.tier, state=state, allowed=file.tier not in _OURS))
    return tuple(found)


def looked_at(recorded: Recorded) -> list[str]:
    """The lock and what `status_offline` holds against it, relative to the project."""
    lock = read_lock(recorded)
    shared = [path for path, file in lock.files.items() if file.tier in SHARED] if lock else []
    return [recorded.lock, *shared]


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


def status_offline(recorded: Recorded) -> SyncStatus:
    """Drift by the lock alone. It is unknown where plain copier left no lock, or an older one.

    Raises InfrastructureError for a lock that can't be read, or that git has and the folder hasn't.
    """
    lock = read_lock(recorded)
    if lock is None:
        if what := _lost_lock(recorded):
            raise InfrastructureError(f"drift is unknown: {what}", "atomci status writes it anew; commit it")
        return _status(recorded, None, "missing", None)
    if not is_current(lock, recorded):
        return _status(recorded, None, "stale", None)
    return _status(recorded, lock, "current", None)


def _lost_lock(recorded: Recorded) -> str:
    """What became of a lock that was there; empty where there never was one."""
    if (recorded.root / recorded.lock).exists():
        return f"{recorded.lock} can't be read"
    if Git(recorded.root).ask("log", "-1", "--format=%h", "--", recorded.lock):
        return f"{recorded.lock} was deleted"
    return ""


def status(shop: Workshop, recorded: Recorded, *, prereleases: bool = False) -> SyncStatus:
    """Version lag and drift. A missing or stale lock is computed from the template, and written."""
    latest = shop.newest(recorded.location, prereleases=prereleases)
    lock, state = _renewed(shop, recorded)
    return _status(recorded, lock, state, latest)


def _renewed(shop: Workshop, recorded: Recorded) -> tuple[Lock, str]:
    """The lock, made anew where it has to be, and what became of it."""
    lock = read_lock(recorded)
    if lock is not None and is_current(lock, recorded):
        return lock, "current"
    fresh = fresh_lock(shop, recorded)
    if write_lock(recorded, fresh):
        return fresh, "written"
    return fresh, "missing" if lock is None else "stale"


def _status(recorded: Recorded, lock: Lock | None, state: str, latest: str | None) -> SyncStatus:
    found = drift(recorded.root, lock) if lock else ()
    clean = lock is not None and all(row.allowed for row in found)
    return SyncStatus(
        template=recorded.location,
        version=recorded.version,
        latest=latest,
        behind=None if latest is None else _behind(recorded.version, latest),
        clean=clean,
        lock=state,  # type: ignore[arg-type]
        examined=sum(file.tier in SHARED for file in lock.files.values()) if lock else 0,
        drift=found,
        verdict="unknown" if lock is None else "clean" if clean else "drifted",
    )


def _behind(version: str, latest: str) -> bool:
    from atomci.template.versions import position

    here, there = position(version), position(latest)
    return here < there if here and there else version != latest


def fresh_lock(shop: Workshop, recorded: Recorded) -> Lock:
    """The lock of the recorded version, by rendering it."""
    from atomci.template.snapshot import recorded_snapshot
    from atomci.tools.objects import Objects, open_repository

    objects = Objects(open_repository(recorded.root), shop.folder())
    files, owners = recorded_snapshot(shop, objects, recorded)
    return made_lock(files, recorded.file, recorded.version, owners.tier)
