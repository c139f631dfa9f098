"""What went wrong in a run, classified: atoms 105 and 106."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Checkpoint", "Failure", "Failures", "Kind", "Layer", "QuarantineRow", "SinceGreen"]

Layer = Literal["static", "unit", "integration", "e2e", "infra"]
Kind = Literal[
    "lint-fixable",
    "lint",
    "format",
    "type",
    "test-assert",
    "test-raised",
    "test-error",
    "collection",
    "crash",
    "time-out",
    "flaky",
    "coverage",
    "nothing-examined",
    "tool-missing",
    "tool-broke",
    "config",
    "network",
    "disk",
]
"""lint-fixable: the tool repairs it. test-error: set-up or tear-down. collection: a file of tests can't be
imported or read. crash: the interpreter died. nothing-examined: there was nothing to look at."""


class Failure(Struct, frozen=True, kw_only=True):
    """One thing that went wrong. The first finding of a tool and kind stands for all `count` of them."""

    atom: str
    layer: Layer
    kind: Kind
    reason: str
    """Why it is of that kind."""
    message: str
    path: str = ""
    line: int = 0
    test: str = ""
    """The node id, where it is a test."""
    count: int = 1
    excerpt: tuple[str, ...] = ()
    log: str = ""
    command: str = ""
    """What to type to see it again."""


class SinceGreen(Struct, frozen=True, kw_only=True):
    """What differs from the last green run of the same atoms; `exact` is False where only hashes tell."""

    run: str
    commit: str
    paths: tuple[str, ...]
    command: str
    exact: bool = True


class Failures(Struct, frozen=True, kw_only=True):
    """atom_105: what went wrong in a run, the first to look at first."""

    schema: Literal["atomci/failures/1"] = "atomci/failures/1"
    run: str
    failures: tuple[Failure, ...]
    since: SinceGreen | None = None
    """None where no green run is known."""


class QuarantineRow(Struct, frozen=True, kw_only=True):
    """An entry of the quarantine. `ran` counts its tests in the run, `failed` those of them that failed."""

    test: str
    owner: str
    until: str
    days_left: int
    reason: str
    ran: int
    failed: int
    green_for: int
    """So many runs, the newest among them, in which it didn't fail."""


class Checkpoint(Struct, frozen=True, kw_only=True):
    """atom_107: how far a run came, what goes on from there, and which tests passed on retry."""

    schema: Literal["atomci/checkpoint/1"] = "atomci/checkpoint/1"
    run: str
    passed: tuple[str, ...]
    """Its good atoms, in the order in which they ended."""
    left: tuple[str, ...]
    """Those that didn't pass, and those that never ended."""
    resume: str
    """What to type to go on; empty after a green run."""
    flaky: tuple[str, ...]
    objections: tuple[str, ...]
    """Where retries went beyond their bounds, and which entries of the quarantine are over."""
    quarantine: tuple[QuarantineRow, ...] = ()
