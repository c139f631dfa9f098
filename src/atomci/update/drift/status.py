"""Where a project stands: how old its version is, and what drifted by the lock, made anew if need be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from atomci.artifacts.printed.sync import Lock, SyncStatus
from atomci.errors import InfrastructureError, UsageError
from atomci.template.answers import Recorded
from atomci.template.lock import is_current, locked_seeds, made_lock, read_lock, with_own_files, write_lock
from atomci.tools.git.client import Git
from atomci.update.drift.differing import SHARED, drift_of

if TYPE_CHECKING:
    from atomci.template.repository import Release
    from atomci.template.workshop import Workshop

__all__ = ["looked_at", "status", "status_offline"]


def looked_at(recorded: Recorded) -> list[str]:
    """The lock and what `status_offline` holds against it, relative to the project."""
    lock = read_lock(recorded)
    shared = [path for path, file in lock.files.items() if file.tier in SHARED] if lock else []
    return [recorded.lock, *shared]


def status_offline(recorded: Recorded) -> SyncStatus:
    """Drift by the lock alone. It is unknown where plain copier left no lock, or an older one.

    Raises InfrastructureError for a lock that can't be read, or that git has and the folder hasn't.
    """
    lock = read_lock(recorded)
    if lock is None:
        if what := _lost_lock(recorded):
            raise InfrastructureError(f"drift is unknown: {what}", "atomci status writes it again; commit it")
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
    from atomci.template.versions import is_same

    latest = shop.newest(recorded.source, prereleases=prereleases)
    lock, state = _renewed(shop, recorded)
    behind = latest is not None and _behind(recorded.version, latest)
    if behind and latest and is_same(shop.tags(recorded.source), recorded.version, latest):
        # Where the recorded tag moved there, only a render tells.
        behind = state == "current" and _fresh_lock(shop, recorded, lock).files != lock.files
    found = _status(recorded, lock, state, latest, behind=behind)
    if latest is None:
        head = shop.template(recorded.source).release("HEAD")
        behind = _behind_commit(shop, recorded, head)
        found = msgspec.structs.replace(found, newest_commit=head.name, behind=behind)
    return msgspec.structs.replace(found, notes=shop.unused(recorded.source))


def _renewed(shop: Workshop, recorded: Recorded) -> tuple[Lock, str]:
    """The lock, made anew where it has to be, and what became of it."""
    lock = read_lock(recorded)
    if lock is not None and is_current(lock, recorded):
        return lock, "current"
    fresh = _fresh_lock(shop, recorded, lock)
    if write_lock(recorded, fresh):
        return fresh, "written"
    return fresh, "missing" if lock is None else "stale"


def _status(
    recorded: Recorded, lock: Lock | None, state: str, latest: str | None, *, behind: bool = False
) -> SyncStatus:
    found = drift_of(recorded.root, lock) if lock else ()
    clean = lock is not None and all(row.allowed for row in found)
    return SyncStatus(
        template=recorded.location,
        version=recorded.version,
        latest=latest,
        behind=None if latest is None else behind,
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


def _behind_commit(shop: Workshop, recorded: Recorded, head: Release) -> bool:
    """Whether an update would go to the newest commit of a template without a release."""
    template = shop.template(recorded.source)
    try:
        here = template.recorded(recorded.version)
    except UsageError:  # It was removed: the update starts from the lock.
        return True
    return head.commit != here.commit and not template.is_older(head, here)


def _fresh_lock(shop: Workshop, recorded: Recorded, last: Lock | None) -> Lock:
    """The lock of the recorded version, by rendering it; the last one tells what is the project's own."""
    from atomci.template.snapshot import recorded_snapshot
    from atomci.tools.git.objects import Objects
    from atomci.tools.git.repository import open_repository

    objects = Objects(open_repository(recorded.root), shop.folder())
    files, owners = recorded_snapshot(shop, objects, recorded)
    tier = with_own_files(owners.tier, locked_seeds(last))
    return made_lock(files, recorded.file, recorded.version, tier)
