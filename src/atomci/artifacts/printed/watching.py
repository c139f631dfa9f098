"""What `atomci watch --json` prints, an event a line; a cycle's test results stand between its two ends."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.handed.testing import TestResult

__all__ = [
    "CycleDropped",
    "CycleFinished",
    "CycleStarted",
    "TriageFinished",
    "TriageVerdict",
    "WatchEvent",
    "WatchStarted",
    "WatchVerdict",
]

WatchVerdict = Literal["green", "red", "partial", "changed", "none", "vacuous", "broken"]
"""Of a cycle: `green` only where all that the change reaches passed, on the files as they are. `partial`:
what ran passed, and more is to be run. `changed`: files changed while the tests ran. `none`: there is nothing
to run. `vacuous`: no test that ran could fail. `broken`: pytest couldn't collect or run what it should."""
TriageVerdict = Literal["clean", "findings", "broken", "none"]
"""Of the static tools: `none` where none of them looked at anything."""
Kind = Literal["impacted", "all", "failed", "matching"]


class WatchStarted(Struct, frozen=True, kw_only=True, tag="watch_started", tag_field="event"):
    """The loop began; `notices` is how it learns of a save."""

    schema: Literal["atomci/watch/1"] = "atomci/watch/1"
    time: str
    version: str
    files: int
    notices: str


class CycleStarted(Struct, frozen=True, kw_only=True, tag="cycle_started", tag_field="event"):
    """Tests are started: those of `files` of the `total` files with tests, `first` of them before the others.

    `changed` are the paths that differ from those of the last cycle that ended.
    """

    time: str
    cycle: int
    kind: Kind
    changed: tuple[str, ...]
    reason: str
    files: int
    total: int
    first: tuple[str, ...] = ()


class CycleDropped(Struct, frozen=True, kw_only=True, tag="cycle_dropped", tag_field="event"):
    """A newer save or a key made the cycle stale; its processes were killed."""

    time: str
    cycle: int
    reason: str


class CycleFinished(Struct, frozen=True, kw_only=True, tag="cycle_finished", tag_field="event"):
    """How a cycle ended. `failed` are all tests that are known to fail now, also those of earlier cycles.

    `tests` ran, in `files` of the `total` files with tests; `known` is how many tests there are, 0 where no
    record tells.
    """

    time: str
    cycle: int
    kind: Kind
    verdict: WatchVerdict
    reason: str
    changed: tuple[str, ...]
    counts: dict[str, int]
    tests: int
    files: int
    total: int
    known: int = 0
    seconds: float
    failed: tuple[TestResult, ...] = ()


class TriageFinished(Struct, frozen=True, kw_only=True, tag="triage_finished", tag_field="event"):
    """What the static tools said after a cycle, as the gate would run them; `tests` is that cycle's verdict.

    `findings` are those in the files that changed since they looked last, `elsewhere` counts others. `tools`
    are those that looked, each with its count in these files; `left_out` and `broken` say why others didn't.
    `clean`: at least one looked, none found anything in these files, and none broke.
    """

    time: str
    cycle: int
    verdict: TriageVerdict
    tests: WatchVerdict
    changed: tuple[str, ...]
    tools: dict[str, int]
    left_out: dict[str, str] = {}
    broken: dict[str, str] = {}
    findings: tuple[Finding, ...] = ()
    elsewhere: int = 0
    seconds: float


WatchEvent = WatchStarted | CycleStarted | TestResult | CycleDropped | CycleFinished | TriageFinished
