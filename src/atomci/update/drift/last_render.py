"""What was rendered the last time, and which files of it are meant.

Where git still holds what the lock names, the template isn't asked; else it is rendered once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from atomci.artifacts.sync import Lock, Tier
from atomci.errors import UsageError
from atomci.template.answers import Recorded
from atomci.template.lock import is_current, locked_seeds, read_lock, with_own_files
from atomci.template.snapshot import recorded_snapshot
from atomci.template.workshop import Workshop
from atomci.tools.git.objects import Entry, Files, Objects
from atomci.tools.git.repository import open_repository
from atomci.update.drift.differing import SHARED

__all__ = ["LastRender", "last_render"]


@dataclass(frozen=True)
class LastRender:
    """The rendered files, by paths relative to the project; `wanted` are those that are meant."""

    recorded: Recorded
    objects: Objects
    files: Files
    tier: Callable[[str], Tier]
    wanted: list[str]


def last_render(shop: Workshop, recorded: Recorded, paths: Sequence[str]) -> LastRender:
    """The last render, and of it what paths name; without paths managed and merged files.

    A folder's path means its files. Raises UsageError for a path that isn't rendered.
    """
    objects = Objects(open_repository(recorded.root), shop.folder())
    lock = read_lock(recorded)
    if lock is not None and is_current(lock, recorded):
        files = _locked(lock, recorded)
        found = LastRender(recorded, objects, files, lambda path: _tier(lock, path), [])
        wanted = _meant(found, paths)
        if objects.has(files[path].oid for path in wanted):
            return replace(found, wanted=wanted)
    files, owners = recorded_snapshot(shop, objects, recorded)
    found = LastRender(recorded, objects, files, with_own_files(owners.tier, locked_seeds(lock)), [])
    return replace(found, wanted=_meant(found, paths))


def _locked(lock: Lock, recorded: Recorded) -> Files:
    files = {path: Entry(file.mode, file.blob) for path, file in lock.files.items()}
    return {**files, recorded.file: Entry("100644", lock.answers)}


def _tier(lock: Lock, path: str) -> Tier:
    return lock.files[path].tier if path in lock.files else "managed"


def _meant(found: LastRender, paths: Sequence[str]) -> list[str]:
    if not paths:
        return [path for path in sorted(found.files) if found.tier(path) in SHARED]
    chosen: set[str] = set()
    for path in paths:
        clean = path.rstrip("/")
        named = {file for file in found.files if clean in ("", ".", file) or file.startswith(f"{clean}/")}
        if not named:
            raise UsageError(
                f"the template renders no {path} here", "atomci diff without a path shows what differs"
            )
        chosen |= named
    return sorted(chosen)
