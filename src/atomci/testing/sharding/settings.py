"""`[tool.atomci.shards]` and `[tool.atomci.slow]`: how the unit suite is divided, and what it leaves out."""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec

from atomci.artifacts.handles import DURATIONS
from atomci.project import Project
from atomci.tables import own_table, table_error

__all__ = ["ShardSettings", "SlowSettings", "read_shards", "read_slow"]

_EVENTS = ("pull_request", "merge_group", "push", "schedule", "workflow_dispatch", "local")
"""What may start a run."""


class ShardSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Over how many jobs the unit suite is divided, and by which durations."""

    count: int = 1
    durations: str = DURATIONS.path
    """What a whole run left. CI has none of its own, so a committed copy is named here."""


class SlowSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On which events unit tests with the marker `slow` are left out."""

    skip_on: tuple[str, ...] = ("pull_request",)
    """GitHub's names of events, and `local` for every run elsewhere."""


def read_shards(project: Project) -> ShardSettings:
    """`[tool.atomci.shards]`. Raises UsageError."""
    shards = own_table(project, "shards", ShardSettings)
    if shards.count < 1:
        raise table_error(project, ("shards", "count"), "give a number of shards, 1 or more")
    path = PurePosixPath(shards.durations)
    if path.is_absolute() or ".." in path.parts or "\\" in shards.durations or not path.parts:
        raise table_error(project, ("shards", "durations"), "give a path relative to the project's root")
    return shards


def read_slow(project: Project) -> SlowSettings:
    """`[tool.atomci.slow]`. Raises UsageError."""
    slow = own_table(project, "slow", SlowSettings)
    if unknown := [event for event in slow.skip_on if event not in _EVENTS]:
        raise table_error(project, ("slow", "skip_on"), f"{unknown[0]!r} is none of {', '.join(_EVENTS)}")
    return slow
