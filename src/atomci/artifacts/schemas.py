"""Every artifact as a typed struct. `SCHEMAS` names those whose JSON Schema is published in docs/.

Paths are POSIX and relative to the project's root, lines and columns 1-based, times UTC in ISO 8601,
durations seconds. Nothing that changes between equal runs stands in an artifact that an atom reads.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from atomci.artifacts.sync import Lock, SyncStatus, Update

__all__ = ["SCHEMAS"]

Status = Literal["pass", "fail", "skipped", "vacuous", "error"]
Lane = Literal["lint", "format", "type"]


class HostFacts(Struct, frozen=True, kw_only=True):
    """atom_000."""

    schema: Literal["atomci/host/1"] = "atomci/host/1"
    os: Literal["linux", "macos", "windows", "other"]
    version: str
    arch: str
    shell: str
    ci: str | None = None
    wsl: bool = False
    container: str | None = None
    package_manager: str | None = None


class ToolFound(Struct, frozen=True, kw_only=True):
    """A program that was looked for. `usable` says whether it meets `wanted`."""

    tool: str
    wanted: str
    found: str | None
    path: str | None
    usable: bool
    required: bool = True
    note: str = ""


class ToolReport(Struct, frozen=True, kw_only=True):
    """atoms 001 to 005 and 012."""

    schema: Literal["atomci/tools/1"] = "atomci/tools/1"
    tools: tuple[ToolFound, ...]


class ManagerChoice(Struct, frozen=True, kw_only=True):
    """atom_010."""

    schema: Literal["atomci/manager/1"] = "atomci/manager/1"
    manager: Literal["uv", "pip-tools"]
    recorded_in: str


class Evidence(Struct, frozen=True, kw_only=True):
    """What an atom of a configuration phase saw."""

    schema: Literal["atomci/evidence/1"] = "atomci/evidence/1"
    atom: str
    holds: bool
    evidence: tuple[str, ...]


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a tool objects to. `end_column` is exclusive."""

    path: str
    line: int
    column: int = 1
    end_line: int | None = None
    end_column: int | None = None
    tool: str
    rule: str
    message: str
    level: Literal["error", "warning", "note"] = "error"
    lane: Lane = "lint"
    fixable: bool = False
    url: str | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.level}: {self.message} [{self.rule}]"


class Findings(Struct, frozen=True, kw_only=True):
    """What one tool found. `examined` counts the files it looked at."""

    schema: Literal["atomci/findings/1"] = "atomci/findings/1"
    tool: str
    version: str
    atom: str
    examined: int
    findings: tuple[Finding, ...]


class AllFindings(Struct, frozen=True, kw_only=True):
    """atom_034: those of every tool; `missing` names atoms that left none, with the reason."""

    schema: Literal["atomci/all-findings/1"] = "atomci/all-findings/1"
    runs: tuple[Findings, ...]
    missing: dict[str, str]


class LaneWork(Struct, frozen=True, kw_only=True):
    """What one lane has to mend, and the command that does it or shows it."""

    lane: Lane
    findings: int
    fixable: int
    command: str


class Lanes(Struct, frozen=True, kw_only=True):
    """atom_035: `lane` is the one to start with, None when there is nothing to mend."""

    schema: Literal["atomci/lanes/1"] = "atomci/lanes/1"
    lane: Lane | None
    lanes: tuple[LaneWork, ...]


class SelectedTest(Struct, frozen=True, kw_only=True):
    """A test file and why it was picked."""

    path: str
    reasons: tuple[str, ...]


class Selection(Struct, frozen=True, kw_only=True):
    """atom_036: mode `full` runs the whole suite, `impacted` the tests listed, `none` no test at all."""

    schema: Literal["atomci/selection/1"] = "atomci/selection/1"
    mode: Literal["full", "impacted", "none"]
    reason: str
    changed: tuple[str, ...]
    tests: tuple[SelectedTest, ...]
    total: int


class ParallelPlan(Struct, frozen=True, kw_only=True):
    """atom_038: `workers` 0 means one process, no xdist."""

    schema: Literal["atomci/parallel/1"] = "atomci/parallel/1"
    workers: int
    reason: str


class Durations(Struct, frozen=True, kw_only=True):
    """atom_037, for the next run's atom_038: what the whole suite's tests took, added up."""

    schema: Literal["atomci/durations/1"] = "atomci/durations/1"
    seconds: float


class TestResult(Struct, frozen=True, kw_only=True, tag="test", tag_field="event"):
    """One attempt of one test, in the JSON Lines of a layer and in a run's events."""

    nodeid: str
    outcome: Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed", "rerun"]
    attempt: int = 1
    seconds: float = 0.0
    path: str = ""
    line: int = 0
    message: str = ""
    details: str = ""


class TestSummary(Struct, frozen=True, kw_only=True):
    """atoms 037, 058 and 063: counts by outcome; `complete` is False when some were left out."""

    schema: Literal["atomci/tests/1"] = "atomci/tests/1"
    counts: dict[str, int]
    complete: bool
    why_incomplete: str = ""


class Diagnostic(Struct, frozen=True, kw_only=True):
    """What PSScriptAnalyzer objects to. Paths of this and the next two are as PowerShell names them."""

    path: str
    line: int
    column: int
    rule: str
    severity: str
    message: str


class PesterTest(Struct, frozen=True, kw_only=True):
    """A test, or a file or block that broke by itself, with Pester's word for how it ended."""

    path: str
    line: int
    name: str
    result: str
    seconds: float
    message: str
    stack: str


class PesterRun(Struct, frozen=True, kw_only=True):
    """atom_076, written by testing/pester.ps1. A tool that isn't installed has no version.

    `result` is Pester's own word for all; `broken` holds files that couldn't be read as tests and blocks
    whose set-up failed.
    """

    schema: Literal["atomci/pester/1"] = "atomci/pester/1"
    root: str
    powershell: str
    pester: str | None
    analyzer: str | None
    result: str
    diagnostics: tuple[Diagnostic, ...]
    broken: tuple[PesterTest, ...]
    tests: tuple[PesterTest, ...]


class FileCoverage(Struct, frozen=True, kw_only=True):
    """A file's uncovered lines and branches; a branch is `from->to`."""

    path: str
    percent: float
    missing_lines: tuple[int, ...]
    missing_branches: tuple[str, ...]


class CoverageBudget(Struct, frozen=True, kw_only=True):
    """atom_039. `percent` is None when nothing was measured."""

    schema: Literal["atomci/coverage/1"] = "atomci/coverage/1"
    budget: float
    percent: float | None
    met: bool
    statements: int
    files: tuple[FileCoverage, ...]


class Stage(Struct, frozen=True, kw_only=True):
    """A stage of a gate and what made it what it is; `owes` names the reports it must have left."""

    schema: Literal["atomci/stage/1"] = "atomci/stage/1"
    stage: str
    status: Status
    reasons: tuple[str, ...]
    owes: tuple[str, ...] = ()


class ReportFile(Struct, frozen=True, kw_only=True):
    """A report, or the reason why there is none."""

    name: str
    path: str
    sha256: str | None = None
    missing: str = ""


class Reports(Struct, frozen=True, kw_only=True):
    """atoms 050, 060 and 065."""

    schema: Literal["atomci/reports/1"] = "atomci/reports/1"
    reports: tuple[ReportFile, ...]


class Gate(Struct, frozen=True, kw_only=True):
    """atom_051."""

    schema: Literal["atomci/gate/1"] = "atomci/gate/1"
    exit_code: int
    verdict: Literal["green", "red", "broken"]
    reasons: tuple[str, ...]


class IntegrationEnv(Struct, frozen=True, kw_only=True):
    """atom_057: what integration tests are given, and under which names; the folder lasts as long as a run.

    `variables` hold paths relative to the root, which tests get as absolute ones.
    """

    schema: Literal["atomci/integration-env/1"] = "atomci/integration-env/1"
    folder: str
    variables: dict[str, str]
    ports: int


class Adapter(Struct, frozen=True, kw_only=True):
    """Something outside the code that tests drive. `expected` says why they should, empty if they needn't."""

    name: str
    expected: str
    tests: tuple[str, ...]


class Exercised(Struct, frozen=True, kw_only=True):
    """atom_059: which passed tests drive what."""

    schema: Literal["atomci/exercised/1"] = "atomci/exercised/1"
    adapters: tuple[Adapter, ...]


class ServiceState(Struct, frozen=True, kw_only=True):
    """A declared service: it came up and went away, was skipped, or failed; `command` with its `{port}`."""

    name: str
    command: str
    ready: str
    status: Literal["ready", "skipped", "failed"]
    reason: str = ""


class Preconditions(Struct, frozen=True, kw_only=True):
    """atom_062: `installed` is what the tests run against."""

    schema: Literal["atomci/preconditions/1"] = "atomci/preconditions/1"
    installed: tuple[str, ...]
    services: tuple[ServiceState, ...]
    problems: tuple[str, ...]


class WorkflowStep(Struct, frozen=True, kw_only=True):
    """One step in the scratch clone; `command` has paths relative to the clone."""

    name: str
    command: str
    expected: str
    exit_code: int
    ok: bool


class Workflow(Struct, frozen=True, kw_only=True):
    """atom_064: the steps that were taken, the last one being the one that failed if one did."""

    schema: Literal["atomci/workflow/1"] = "atomci/workflow/1"
    file: str
    steps: tuple[WorkflowStep, ...]


class Output(Struct, frozen=True, kw_only=True):
    """A file that an atom wrote."""

    path: str
    size: int
    sha256: str


class Result(Struct, frozen=True, kw_only=True):
    """How an atom ended the last time: artifacts/atoms/<name>.json. `key` is the hash of what it read.

    `since` is the ref that the run's selection went by.
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
    """An atom ended; `cached` when an earlier result was proved to hold still."""

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


class RunFinished(Struct, frozen=True, kw_only=True, tag="run_finished", tag_field="event"):
    """The last event of a run."""

    time: str
    run: str
    exit_code: int
    interrupted: bool
    seconds: float
    counts: dict[str, int]
    atoms: dict[str, Status]


Event = RunStarted | AtomStarted | TestResult | AtomFinished | RunFinished

SCHEMAS: dict[str, object] = {
    "host": HostFacts,
    "tools": ToolReport,
    "manager": ManagerChoice,
    "evidence": Evidence,
    "findings": Findings,
    "all-findings": AllFindings,
    "lanes": Lanes,
    "selection": Selection,
    "parallel": ParallelPlan,
    "durations": Durations,
    "tests": TestSummary,
    "pester": PesterRun,
    "coverage": CoverageBudget,
    "stage": Stage,
    "reports": Reports,
    "gate": Gate,
    "integration-env": IntegrationEnv,
    "exercised": Exercised,
    "preconditions": Preconditions,
    "workflow": Workflow,
    "result": Result,
    "index": Index,
    "events": Event,
    "lock": Lock,
    "status": SyncStatus,
    "update": Update,
}
"""Schema name to struct; the published file is docs/schemas/<name>.schema.json."""
