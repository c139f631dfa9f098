"""What was rendered the last time, and which files of it are meant.

Where git still holds what the lock names, the template isn't asked; else it is rendered once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from atomci.artifacts.printed.sync import Lock, Tier
from atomci.errors import RefusedError, UsageError
from atomci.template.answers import Recorded
from atomci.template.lock import is_current, locked_seeds, read_lock, with_own_files
from atomci.template.snapshot import recorded_snapshot
from atomci.template.workshop import Workshop
from atomci.tools.git.objects import Files, Objects
from atomci.tools.git.repository import open_repository
from atomci.update.drift.differing import SHARED
from atomci.update.locked import locked_files, unlike
from atomci.update.wording import some_of

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

    A folder's path means its files. Raises UsageError for a path that isn't rendered, RefusedError where
    nothing holds any more what was rendered.
    """
    objects = Objects(open_repository(recorded.root), shop.folder())
    lock = read_lock(recorded)
    locked = locked_files(lock, recorded) if lock is not None and is_current(lock, recorded) else {}
    if lock is not None and locked:
        found = LastRender(recorded, objects, locked, lambda path: _tier(lock, path), [])
        wanted = _meant(found, paths)
        if not objects.missing(locked[path].oid for path in wanted):
            return replace(found, wanted=wanted)
    files, owners = recorded_snapshot(shop, objects, recorded)
    found = LastRender(recorded, objects, files, with_own_files(owners.tier, locked_seeds(lock)), [])
    found = replace(found, wanted=_meant(found, paths))
    if locked and (otherwise := unlike(files, locked, found.wanted)):
        raise RefusedError(
            f"{recorded.version} renders {some_of(otherwise)} differently now, and git has no old copy",
            "name other files; to see what the newest version renders: atomci update --plan",
        )
    return found


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
