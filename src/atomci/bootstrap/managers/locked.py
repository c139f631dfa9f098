"""The versions that a project's lock names, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from atomci.bootstrap.managers.protocol import Manager

__all__ = ["locked_versions"]


def locked_versions(root: Path, manager: Manager) -> Mapping[str, tuple[str, ...]] | None:
    """Versions by normalized name, None when there is no lock; several where they differ by platform.

    Raises UsageError when the lock can't be read.
    """
    from packaging.utils import canonicalize_name

    path = root / manager.LOCK
    if not path.is_file():
        return None
    locked: dict[str, tuple[str, ...]] = {}
    for name, version in manager.pins(path):
        key = str(canonicalize_name(name))
        locked[key] = (*locked.get(key, ()), version)
    return locked
