"""What is kept of runs when their folders are gone, and how they compare with each other."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["HISTORY", "EscapeRate", "FlakyRecord", "PastRun", "Trend", "Trends"]

HISTORY = "artifacts/performance/history.jsonl"
"""The file of past runs, one a line. Each run adds to it when it is over."""


class PastRun(Struct, frozen=True, kw_only=True):
    """A line of artifacts/performance/history.jsonl: a run that ended.

    `atoms` are the seconds of those that really ran, without what was reused or skipped. `tests` counts those
    that ran, `flaky` names those that passed on retry, `quarantined` those in quarantine and how each ended.
    """

    schema: Literal["atomci/past-run/1"] = "atomci/past-run/1"
    run: str
    time: str
    verdict: str
    targets: tuple[str, ...]
    seconds: float
    python: str
    system: str
    cores: int
    event: str
    atoms: dict[str, float]
    tests: int = 0
    flaky: tuple[str, ...] = ()
    quarantined: dict[str, str] = {}


class Trend(Struct, frozen=True, kw_only=True):
    """One duration over runs that are alike, the oldest first; `run` is the newest of them.

    `now` is the median of the newest three, `usual` that of those before them and `noise` its MAD, None where
    there are too few. `alert` says what is wrong, empty where nothing is.
    """

    what: str
    seconds: tuple[float, ...]
    run: str
    now: float | None = None
    usual: float | None = None
    noise: float | None = None
    alert: str = ""


class FlakyRecord(Struct, frozen=True, kw_only=True):
    """A test that passed on retry: how many `times`, `of` so many kept runs that ran tests, and the last one.

    `runs` names the newest ten, the last one first.
    """

    nodeid: str
    times: int
    last: str
    of: int = 0
    runs: tuple[str, ...] = ()


class EscapeRate(Struct, frozen=True, kw_only=True):
    """Of the new failures that runs of all tests found, how many the selection of tests would have left out.

    `failures` were found in so many `runs`, `escaped` of them would have been missed; `rate` is None without
    any failure. `last` names the newest of them while the selection isn't trusted.
    """

    runs: int = 0
    failures: int = 0
    escaped: int = 0
    rate: float | None = None
    last: tuple[str, ...] = ()


class Trends(Struct, frozen=True, kw_only=True):
    """atom_111. `like` says which runs are compared, `runs` how many there are, `kept` how many in all."""

    schema: Literal["atomci/trends/1"] = "atomci/trends/1"
    like: str
    runs: int
    kept: int
    trends: tuple[Trend, ...]
    flaky: tuple[FlakyRecord, ...]
    escapes: EscapeRate = EscapeRate()
