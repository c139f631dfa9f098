"""A run as people look at it afterwards: what `atomci report --json` prints, and what the page holds."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from atomci.artifacts.handed.runs import Word
from atomci.artifacts.handed.schemas import Finding, Status
from atomci.artifacts.handed.testing import FileCoverage, InQuarantine

__all__ = ["AtomReport", "CoverageReport", "RedRow", "RunReport", "TestReport"]


class RedRow(Struct, frozen=True, kw_only=True):
    """Something red: a finding, or an atom that is red without one.

    `details` is what pytest reported of a failed test, or the end of the atom's log.
    """

    atom: str
    finding: Finding | None = None
    reason: str = ""
    details: str = ""
    overridden: str = ""


class AtomReport(Struct, frozen=True, kw_only=True):
    """How an atom ended. `began` and `ended` are seconds since the run began, None where it had no turn.

    `critical`: the run would have ended sooner without it. `waited_for` is the atom whose end let it begin,
    `beside` are those that ran at the same time.
    """

    name: str
    number: int | None
    summary: str
    status: Status | Literal["unfinished"]
    reason: str = ""
    examined: int = 0
    unit: str = ""
    cached: bool = False
    began: float | None = None
    ended: float | None = None
    findings: int = 0
    commands: tuple[str, ...] = ()
    log: str = ""
    override: str = ""
    overridden: bool = False
    """It is red, and by an override that doesn't count."""
    left_out: str = ""
    because: str = ""
    critical: bool = False
    waited_for: str = ""
    beside: tuple[str, ...] = ()


class TestReport(Struct, frozen=True, kw_only=True):
    """How a test ended at its last attempt. `flaky`: it failed before it passed, in this very run."""

    nodeid: str
    outcome: Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed", "rerun", "quarantined"]
    seconds: float
    attempts: int = 1
    flaky: bool = False
    path: str = ""
    line: int = 0
    message: str = ""
    quarantine: InQuarantine | None = None


class CoverageReport(Struct, frozen=True, kw_only=True):
    """What was measured. `files` are those of which something isn't covered. `said` is the line of the atom
    that judged it: over which layers of tests, and what else counts.
    """

    said: str = ""
    percent: float | None
    budget: float
    met: bool
    statements: int
    files: tuple[FileCoverage, ...]


class RunReport(Struct, frozen=True, kw_only=True):
    """`atomci report --json`. Red comes first in `problems` and `tests`.

    `verdict` is `unfinished` where the run was killed or goes on. `sources` are lines of files, by path and
    number, around what was found. `notes` say what isn't shown, and why.
    """

    schema: Literal["atomci/report/1"] = "atomci/report/1"
    run: str
    atomci: str
    targets: tuple[str, ...]
    time: str
    seconds: float
    verdict: Word | Literal["unfinished"]
    exit_code: int | None
    jobs: int
    python: str = ""
    system: str = ""
    event: str = ""
    commit: str = ""
    counts: dict[str, int]
    atoms: tuple[AtomReport, ...]
    problems: tuple[RedRow, ...]
    tests: tuple[TestReport, ...]
    coverage: CoverageReport | None = None
    sources: dict[str, dict[int, str]] = {}
    notes: tuple[str, ...] = ()
