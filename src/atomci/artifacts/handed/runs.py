"""What an engine's run leaves: its events, each atom's last result and the index of its files."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from atomci.artifacts.handed.schemas import Finding, Status
from atomci.artifacts.handed.testing import FileCoverage, TestResult, TestSession

__all__ = [
    "ROOM",
    "AtomFinished",
    "AtomStarted",
    "CoverageMeasured",
    "Event",
    "Excerpt",
    "Index",
    "IndexEntry",
    "Observed",
    "OutputFile",
    "Result",
    "RunFinished",
    "RunStarted",
    "Word",
    "word_of",
]

ROOM = ".room"
"""A file in the folder of a run that goes on, whose place on the disk is for the run's last event."""
Word = Literal["green", "overridden", "red", "broken", "interrupted"]


def word_of(exit_code: int, *, overridden: bool) -> Word:
    """What people call a run that ended with the code, where something red may have been overridden."""
    if exit_code == 0:
        return "overridden" if overridden else "green"
    return {3: "broken", 130: "interrupted"}.get(exit_code, "red")  # type: ignore[return-value]


class OutputFile(Struct, frozen=True, kw_only=True):
    """A file that an atom wrote."""

    path: str
    size: int
    sha256: str


class Observed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a result depends on: each thing with the hash that it had, `absent` where it wasn't there.

    Paths are POSIX, relative to the root where they lie below it, else absolute.
    """

    facts: dict[str, str] = {}
    """What isn't a file, such as the installed packages."""
    variables: dict[str, str] = {}
    """Environment variables."""
    files: dict[str, str] = {}
    texts: tuple[str, ...] = ()
    """The files that tests opened for another reason than to import them."""
    states: dict[str, str] = {}
    """Files whose times, owner and links count too."""
    folders: dict[str, str] = {}
    """Folders, by the names in them."""
    searched: dict[str, str] = {}
    """Folders where Python looked for modules, by the names of the modules in them."""
    globs: tuple[str, ...] = ()
    """Globs for new files that would count, among the files that git doesn't ignore."""
    on_disk: tuple[str, ...] = ()
    """The same among all files."""
    widened: str = ""
    """Why more is listed here than what was seen to be read."""
    unkept: str = ""
    """Why no later run may reuse the result, such as that a test used the network."""
    unsettled: str = ""
    """What changed while it ran, so that nobody knows which version the result is about."""


class Result(Struct, frozen=True, kw_only=True):
    """How an atom ended the last time: artifacts/atoms/<name>.json. `key` is the hash of what it rests on.

    `since` is the ref that the run's selection went by; `override` is what an override says of it;
    `because` is the change that made it run again; `left_out` is what wasn't looked at in a repository that
    isn't set up for atomci, and why.
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
    outputs: tuple[OutputFile, ...]
    findings: tuple[Finding, ...] = ()
    override: str = ""
    left_out: str = ""
    because: str = ""
    observed: Observed | None = None


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
    """The first event of a run. `words` are its targets and options as typed, `resumes` the stopped run.

    `within` is true of a run that another one started. Results are compared by `python` and `system`.
    """

    schema: Literal["atomci/events/1"] = "atomci/events/1"
    time: str
    run: str
    version: str
    targets: tuple[str, ...]
    atoms: tuple[str, ...]
    jobs: int
    python: str = ""
    system: str = ""
    trigger: str = ""
    """What started it: GitHub's name of the event, or `local`."""
    words: tuple[str, ...] = ()
    resumes: str = ""
    within: bool = False


class AtomStarted(Struct, frozen=True, kw_only=True, tag="atom_started", tag_field="event"):
    """An atom began."""

    time: str
    atom: str


class Excerpt(Struct, frozen=True, kw_only=True, tag="excerpt", tag_field="event"):
    """Lines of a file, by number, which findings of an atom are about, and those around them."""

    atom: str
    path: str
    lines: dict[int, str]


class CoverageMeasured(Struct, frozen=True, kw_only=True, tag="coverage", tag_field="event"):
    """What the tests covered: `percent` is None when nothing was measured."""

    atom: str
    budget: float
    percent: float | None
    met: bool
    statements: int
    files: tuple[FileCoverage, ...]


class AtomFinished(Struct, frozen=True, kw_only=True, tag="atom_finished", tag_field="event"):
    """An atom ended; `cached` when an earlier result was proved to hold still.

    `override`: `overridden until DATE: REASON` for a red that doesn't count, or that it expired.
    `because`: the change since its last pass that made it run again.
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
    left_out: str = ""
    because: str = ""


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

    @property
    def verdict(self) -> Word:
        """The run in a word."""
        return word_of(self.exit_code, overridden=bool(self.overridden))


Event = (
    RunStarted
    | AtomStarted
    | TestResult
    | TestSession
    | CoverageMeasured
    | Excerpt
    | AtomFinished
    | RunFinished
)
