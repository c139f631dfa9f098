"""What an engine's run leaves: its events, each atom's last result and the index of its files."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from atomci.artifacts.schemas import Finding, Status
from atomci.artifacts.testing import TestResult

__all__ = [
    "AtomFinished",
    "AtomStarted",
    "Event",
    "Index",
    "IndexEntry",
    "Output",
    "Result",
    "RunFinished",
    "RunStarted",
]


class Output(Struct, frozen=True, kw_only=True):
    """A file that an atom wrote."""

    path: str
    size: int
    sha256: str


class Result(Struct, frozen=True, kw_only=True):
    """How an atom ended the last time: artifacts/atoms/<name>.json. `key` is the hash of what it read.

    `since` is the ref that the run's selection went by; `override` is what an override says of it.
    """

    schema: Literal["atomci/result/1"] = "atomci/result/1"
    atom: str
    status: Status
    reason: str
    examined: int
    unit: str
    key: str
    run: str
    since: str | None = None
    seconds: float
    outputs: tuple[Output, ...]
    findings: tuple[Finding, ...] = ()
    override: str = ""


class IndexEntry(Struct, frozen=True, kw_only=True):
    """One file under artifacts/."""

    path: str
    kind: Literal["log", "events", "report", "artifact", "diff"]
    size: int
    sha256: str


class Index(Struct, frozen=True, kw_only=True):
    """artifacts/index.json."""

    schema: Literal["atomci/index/1"] = "atomci/index/1"
    run: str
    files: tuple[IndexEntry, ...]


class RunStarted(Struct, frozen=True, kw_only=True, tag="run_started", tag_field="event"):
    """The first event of a run."""

    schema: Literal["atomci/events/1"] = "atomci/events/1"
    time: str
    run: str
    version: str
    targets: tuple[str, ...]
    atoms: tuple[str, ...]
    jobs: int


class AtomStarted(Struct, frozen=True, kw_only=True, tag="atom_started", tag_field="event"):
    """An atom began."""

    time: str
    atom: str


class AtomFinished(Struct, frozen=True, kw_only=True, tag="atom_finished", tag_field="event"):
    """An atom ended; `cached` when an earlier result was proved to hold still.

    `override`: `overridden until DATE: REASON` for a red that doesn't count, or that it expired.
    """

    time: str
    atom: str
    status: Status
    reason: str
    examined: int
    unit: str
    seconds: float
    cached: bool
    findings: tuple[Finding, ...]
    commands: tuple[str, ...]
    outputs: tuple[str, ...]
    log: str
    override: str = ""


class RunFinished(Struct, frozen=True, kw_only=True, tag="run_finished", tag_field="event"):
    """The last event of a run; `overridden` and `expired` map atoms to what their overrides say."""

    time: str
    run: str
    exit_code: int
    interrupted: bool
    seconds: float
    counts: dict[str, int]
    atoms: dict[str, Status]
    overridden: dict[str, str] = {}
    expired: dict[str, str] = {}


Event = RunStarted | AtomStarted | TestResult | AtomFinished | RunFinished
