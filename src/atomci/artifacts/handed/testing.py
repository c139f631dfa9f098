"""What atoms hand each other about tests: which run, what became of each, what they cover."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = [
    "ChangeCoverage",
    "ChangedStatements",
    "CoverageBudget",
    "Diagnostic",
    "Durations",
    "FileCoverage",
    "InQuarantine",
    "ParallelPlan",
    "PesterRun",
    "PesterTest",
    "PlannedShard",
    "Portion",
    "SelectedTest",
    "Selection",
    "Shards",
    "TestResult",
    "TestSession",
    "TestSummary",
]


class SelectedTest(Struct, frozen=True, kw_only=True):
    """A test file and why it was picked. `ids` are its tests that run, with the reasons for each; without
    any, all of the file run.
    """

    path: str
    reasons: tuple[str, ...]
    ids: dict[str, tuple[str, ...]] = {}


class Selection(Struct, frozen=True, kw_only=True):
    """atom_036: mode `full` runs the whole suite, `impacted` the tests listed, `none` no test at all.

    `total` counts test files. By the record of earlier runs (`by_record`), `known` counts tests, `picked`
    those of them that run, and `left_out` are those whose last result stands; others in the listed files run.
    `exact` says that the lines which these covered are known, and count.
    """

    schema: Literal["atomci/selection/1"] = "atomci/selection/1"
    mode: Literal["full", "impacted", "none"]
    reason: str
    changed: tuple[str, ...]
    tests: tuple[SelectedTest, ...]
    total: int
    by_record: bool = False
    known: int = 0
    picked: int = 0
    left_out: tuple[str, ...] = ()
    exact: bool = False


class ParallelPlan(Struct, frozen=True, kw_only=True):
    """atom_038: `workers` 0 means one process, no xdist."""

    schema: Literal["atomci/parallel/1"] = "atomci/parallel/1"
    workers: int
    reason: str


class Durations(Struct, frozen=True, kw_only=True):
    """atom_037, for the next run's atom_038: what the whole suite's tests took, added up and each alone."""

    schema: Literal["atomci/durations/1"] = "atomci/durations/1"
    seconds: float
    tests: dict[str, float] = {}


class InQuarantine(Struct, frozen=True, kw_only=True):
    """Why a test may fail, until which day, and who repairs it; `days_left` counts from the run."""

    owner: str
    until: str
    days_left: int
    reason: str

    def __str__(self) -> str:
        days = f"{self.days_left} day{'' if self.days_left == 1 else 's'}"
        return f"{self.owner}, until {self.until}, {days} left: {self.reason}"


class TestResult(Struct, frozen=True, kw_only=True, tag="test", tag_field="event"):
    """One attempt of one test, in the JSON Lines of a layer and in a run's events.

    `fixtures` are those that pytest gave it, `PATH::NAME` where the project defines them. `rerun_for` says
    why atomci ran it again: `time-out`, `network` or `flaky`. The outcome `quarantined` is a failure that
    doesn't count, of a test with a `quarantine`.
    """

    nodeid: str
    outcome: Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed", "rerun", "quarantined"]
    attempt: int = 1
    seconds: float = 0.0
    path: str = ""
    line: int = 0
    message: str = ""
    details: str = ""
    fixtures: tuple[str, ...] = ()
    rerun_for: str = ""
    quarantine: InQuarantine | None = None


class TestSession(Struct, frozen=True, kw_only=True, tag="session", tag_field="event"):
    """The last line of a layer's results: how far pytest came, what it left out and what ended it.

    `phase` is `end` when pytest came to its end, which is not to say that all ran: `why` says what stopped it
    before, `stopped` that this was a failure, `missing` names some of the selected tests that have no result,
    `running` those that ran when the process died. `deselected` tests were taken away by an option or a hook
    that says so, `dropped` ones by a hook that doesn't; `narrowing` are the options in force. `ignored` are
    files and folders that were never opened. `unmatched` are names in quarantine that no test has, each with
    the closest name of one.
    """

    phase: Literal["configuration", "collection", "tests", "end"]
    collected: int = 0
    selected: int = 0
    run: int = 0
    missing: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    deselected: int = 0
    dropped: int = 0
    ignored: tuple[str, ...] = ()
    narrowing: tuple[str, ...] = ()
    skipped: int = 0
    xfailed: int = 0
    xpassed: int = 0
    why: str = ""
    stopped: bool = False
    exit_status: int | None = None
    unmatched: dict[str, str] = {}


class Portion(Struct, frozen=True, kw_only=True):
    """What a run took of the suite: `ids` are its own tests, `suite` those of all shards together.

    `selection` is the mode of what was selected before it was divided; `left_out` are slow tests that
    no shard holds. `commit` is the one that a shard ran on, where git knows it.
    """

    shard: int = 1
    count: int = 1
    commit: str = ""
    selection: Literal["full", "impacted", "none"]
    ids: tuple[str, ...]
    suite: tuple[str, ...]
    left_out: tuple[str, ...] = ()


class TestSummary(Struct, frozen=True, kw_only=True):
    """atoms 037, 058 and 063: counts by outcome; `complete` is False when some were left out.

    `portion` says which, where shards or slow tests are the reason. `broken` says what kept pytest from
    collecting or running what it should, `unmeasured` why there is no coverage. `narrowed` is what the
    project's own settings and tests leave out, in words.
    """

    schema: Literal["atomci/tests/1"] = "atomci/tests/1"
    counts: dict[str, int]
    complete: bool
    why_incomplete: str = ""
    portion: Portion | None = None
    broken: str = ""
    unmeasured: str = ""
    narrowed: tuple[str, ...] = ()
    session: TestSession | None = None
    flaky: tuple[str, ...] = ()
    """Tests that failed and passed when they ran again."""
    quarantined: tuple[str, ...] = ()
    """Tests in quarantine that failed, each with whose it is and until when."""
    objections: tuple[str, ...] = ()
    """Why such tests make the suite red all the same."""
    reused: int | None = None
    """How many lines only earlier runs cover, which count where tests were left out; None: not known."""

    @property
    def let_pass(self) -> tuple[str, ...]:
        """What failed and doesn't count, in words."""
        retried = f"passed on retry: {', '.join(self.flaky)}" if self.flaky else ""
        held = f"failed in quarantine: {', '.join(self.quarantined)}" if self.quarantined else ""
        return tuple(filter(None, (retried, held)))


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
    whose set-up failed; `found` the files in which it found tests. `problems` is what kept the analyzer from
    looking, in its own words.
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
    problems: tuple[str, ...] = ()
    found: tuple[str, ...] = ()


class FileCoverage(Struct, frozen=True, kw_only=True):
    """A file's uncovered lines and branches; a branch is `from->to`."""

    path: str
    percent: float
    missing_lines: tuple[int, ...]
    missing_branches: tuple[str, ...]


class ChangedStatements(Struct, frozen=True, kw_only=True):
    """A changed file: how many of its changed statements are covered, and the lines of those that aren't."""

    path: str
    covered: int
    missing: tuple[int, ...]


class ChangeCoverage(Struct, frozen=True, kw_only=True):
    """How much of a change is covered. `percent` is None where no statement changed; lines that are none
    don't count.

    `unknown` are changed files of which coverage knows nothing, `why_unknown` says why, with a remedy.
    `unmeasured` are changed files that aren't to be measured, such as tests.
    """

    since: str
    budget: float
    percent: float | None
    met: bool
    files: tuple[ChangedStatements, ...] = ()
    unknown: tuple[str, ...] = ()
    why_unknown: str = ""
    unmeasured: tuple[str, ...] = ()


class CoverageBudget(Struct, frozen=True, kw_only=True):
    """atoms 039 and 067. `percent` is None when nothing was measured; `met` is coverage's own verdict.

    `settings` is where the budget stands, `shadowed` are those of files that coverage doesn't read. `layers`
    are those of the tests that count, `change` is None where the project has no budget for changed lines. Of
    tests that didn't run again, `reused` lines count.
    """

    schema: Literal["atomci/coverage/1"] = "atomci/coverage/1"
    budget: float
    percent: float | None
    met: bool
    statements: int
    files: tuple[FileCoverage, ...]
    settings: str = ""
    shadowed: dict[str, float] = {}
    layers: tuple[str, ...] = ("unit",)
    change: ChangeCoverage | None = None
    reused: int | None = None


class PlannedShard(Struct, frozen=True, kw_only=True):
    """One shard's tests; `seconds` is None when no test's time is known."""

    shard: int
    seconds: float | None
    ids: tuple[str, ...]


class Shards(Struct, frozen=True, kw_only=True):
    """atom_110. `imbalance` is the longest shard's part of a fair share: 1 is perfect.

    `slow` counts the tests with that marker.
    """

    schema: Literal["atomci/shards/1"] = "atomci/shards/1"
    count: int
    balanced_by: Literal["seconds", "tests"]
    imbalance: float
    slow: int
    shards: tuple[PlannedShard, ...]
