"""What atoms hand each other, as typed structs; about tests in testing.py, what a run tells in runs.py.

Paths are POSIX and relative to the project's root, lines and columns 1-based, times UTC in ISO 8601,
durations seconds. Nothing that changes between equal runs stands in an artifact that an atom reads.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from atomci.artifacts.handed.verdicts import Fact

__all__ = [
    "Adapter",
    "AllFindings",
    "Evidence",
    "Exercised",
    "Finding",
    "Findings",
    "Gate",
    "HostFacts",
    "IntegrationEnv",
    "Lane",
    "LaneWork",
    "Lanes",
    "ManagerChoice",
    "ManagerName",
    "OverrideRow",
    "OverrideRows",
    "Preconditions",
    "Protection",
    "Rehearsal",
    "RehearsedStep",
    "RemovedRun",
    "ReportFile",
    "Reports",
    "Retention",
    "RulesetDifference",
    "RulesetState",
    "ServiceState",
    "Stage",
    "Status",
    "ToolFound",
    "ToolReport",
]

Status = Literal["pass", "fail", "skipped", "vacuous", "error"]
Lane = Literal["lint", "format", "type"]
ManagerName = Literal["uv", "pip-tools"]


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
    manager: ManagerName
    recorded_in: str


class Evidence(Struct, frozen=True, kw_only=True):
    """What an atom of a configuration phase saw."""

    schema: Literal["atomci/evidence/1"] = "atomci/evidence/1"
    atom: str
    holds: bool
    evidence: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    """The same, each with its place."""


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
    unread: bool = False
    """Because of it the tool looked no further: at this file, or at all."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.level}: {self.message} [{self.rule}]"


class Findings(Struct, frozen=True, kw_only=True):
    """What one tool found. `examined` counts the files it looked at; `held` is what the baseline holds, None
    without one.
    """

    schema: Literal["atomci/findings/1"] = "atomci/findings/1"
    tool: str
    version: str
    atom: str
    examined: int
    findings: tuple[Finding, ...]
    mend: str = ""
    """What people type to fix them, or to see them; empty where atomci doesn't know."""
    held: tuple[Finding, ...] | None = None


class AllFindings(Struct, frozen=True, kw_only=True):
    """atom_034: those of every tool; `missing` names atoms that left none, with the reason.

    Of those, `disabled` and `left_out` owe none: the latter with what the repository doesn't have. `grown` is
    what the baseline holds without a reason and that of the branch's base doesn't.
    """

    schema: Literal["atomci/all-findings/1"] = "atomci/all-findings/1"
    runs: tuple[Findings, ...]
    missing: dict[str, str]
    disabled: tuple[str, ...] = ()
    left_out: dict[str, str] = {}
    grown: tuple[Finding, ...] = ()
    unsent: dict[str, int] = {}
    """How many findings of an atom are more than SARIF may have."""


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


class Stage(Struct, frozen=True, kw_only=True):
    """A stage of a gate and what made it what it is; `owes` names the reports that it must have left.

    `overridden` says until when and why its red doesn't count, empty when it does. `left_out`: the repository
    isn't set up for atomci, and has nothing of what the stage looks at.
    """

    schema: Literal["atomci/stage/1"] = "atomci/stage/1"
    stage: str
    status: Status
    reasons: tuple[str, ...]
    owes: tuple[str, ...] = ()
    overridden: str = ""
    left_out: bool = False


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
    """atom_051. `overridden`: it would be red, and the reasons say until when and why it isn't."""

    schema: Literal["atomci/gate/1"] = "atomci/gate/1"
    exit_code: int
    verdict: Literal["green", "overridden", "red", "broken", "interrupted"]
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


class RehearsedStep(Struct, frozen=True, kw_only=True):
    """One step in the scratch clone; `command` has paths relative to the clone."""

    name: str
    command: str
    expected: str
    exit_code: int
    ok: bool


class Rehearsal(Struct, frozen=True, kw_only=True):
    """atom_064: the steps that were taken, the last one being the one that failed if one did."""

    schema: Literal["atomci/workflow/1"] = "atomci/workflow/1"
    file: str
    steps: tuple[RehearsedStep, ...]


class RulesetDifference(Struct, frozen=True, kw_only=True):
    """What a file says and GitHub has, null where there is nothing; `loosens`: lets more through."""

    what: str
    kind: Literal["missing", "differs", "extra", "unknown"]
    file: Any = None
    github: Any = None
    loosens: bool = False


class RulesetState(Struct, frozen=True, kw_only=True):
    """A ruleset of the files, of GitHub or of both. `github` is as it was found, before any change.

    `extra` ones have no file; `inherited` ones belong to an organisation or enterprise, and are only listed.
    `differences` are those that are left.
    """

    name: str
    path: str | None
    status: Literal["equal", "missing", "differs", "extra", "inherited"]
    source: str
    done: Literal["created", "updated", "deleted"] | None = None
    differences: tuple[RulesetDifference, ...] = ()
    github: dict[str, Any] | None = None


class Protection(Struct, frozen=True, kw_only=True):
    """atom_072: `repository` is HOST/OWNER/NAME."""

    schema: Literal["atomci/protection/1"] = "atomci/protection/1"
    repository: str
    rulesets: tuple[RulesetState, ...]


class RemovedRun(Struct, frozen=True, kw_only=True):
    """A run's folder that was removed; `size` in bytes."""

    path: str
    size: int
    reason: str


class Retention(Struct, frozen=True, kw_only=True):
    """atom_103: what it removed, what is left of runs, and what of artifacts/ holds a secret.

    `unseen` maps files that can't be looked into to the reason.
    """

    schema: Literal["atomci/retention/1"] = "atomci/retention/1"
    days: int
    megabytes: int
    removed: tuple[RemovedRun, ...]
    runs: int
    size: int
    files: int
    unseen: dict[str, str]
    findings: tuple[Finding, ...]


class OverrideRow(Struct, frozen=True, kw_only=True):
    """An override; `until` is its last day, and `days_left` is negative when it is over."""

    atom: str
    owner: str
    reason: str
    until: str
    days_left: int


class OverrideRows(Struct, frozen=True, kw_only=True):
    """atom_108."""

    schema: Literal["atomci/overrides/1"] = "atomci/overrides/1"
    overrides: tuple[OverrideRow, ...]
