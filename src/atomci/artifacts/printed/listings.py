"""What `atomci list`, `explain`, `doctor` and `restore` print with --json, as typed structs."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from atomci.artifacts.handed.runs import Observed
from atomci.artifacts.handed.testing import InQuarantine

__all__ = [
    "AtomRow",
    "Diagnosis",
    "Explanation",
    "ImpactExplanation",
    "LastRun",
    "LayerImpact",
    "Listing",
    "PipelineRow",
    "ProgramRow",
    "RestingTest",
    "Restored",
    "RunningTest",
]


class LastRun(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an atom ended the last time, what that rests on, and what of it has changed."""

    run: str
    status: str
    because: str
    """What changed, so that it ran again; empty where it ran for the first time or its result was reused."""
    observed: Observed
    changed: str
    """The first thing that has changed since; empty where nothing has."""


class AtomRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the catalog; globs and artifacts are relative to the project's root."""

    id: str
    number: int
    name: str
    phase: int
    summary: str
    needs: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    optional: bool
    effect: Literal["pure", "host", "tree", "network"]
    after: tuple[str, ...]
    """Atoms that come before it where they run too; it needs nothing from them."""
    always: bool
    """It runs even when an atom that it needs is red."""
    hints: tuple[str, ...]
    """Artifacts that it reads when they are there and that change how it works, not its result."""
    last: bool
    """It judges a run, so it waits for all other atoms except those that need it."""
    planned: bool
    origin: str | UnsetType = UNSET
    """By `explain` only: `built-in`, `plugin`, or what pyproject.toml puts in its place."""
    commands: tuple[str, ...] | UnsetType = UNSET
    """By `explain` only: the plain commands that it runs."""
    last_run: LastRun | UnsetType = UNSET
    """By `explain` only, and only where it has run here and depends on what it reads."""


class PipelineRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named group of atoms."""

    name: str
    summary: str
    atoms: tuple[str, ...]


class Listing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `atomci list --json` prints."""

    schema: Literal["atomci/list/1"] = "atomci/list/1"
    atoms: tuple[AtomRow, ...]
    pipelines: tuple[PipelineRow, ...]


class BackendRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way to keep a session within bounds; `failed` says why it doesn't work here, empty where it does."""

    name: str
    level: str
    failed: str


class BoundsRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Within which bounds a guarded session runs.

    `settings`: `[tool.atomci.guard]`, with what holds where it says nothing. `hidden` can't be read, below
    the home. Variables of `passed` are passed though they look secret; those of `kept_back` aren't.
    """

    settings: dict[str, bool | int | str | tuple[str, ...]]
    hidden: tuple[str, ...]
    passed: tuple[str, ...]
    kept_back: tuple[str, ...]
    backends: tuple[BackendRow, ...]


class Explanation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `atomci explain TARGET --json` prints."""

    schema: Literal["atomci/explanation/1"] = "atomci/explanation/1"
    target: str
    atoms: tuple[AtomRow, ...]
    bounds: BoundsRow | UnsetType = UNSET
    """Of `atomci explain guard` alone."""


class Restored(Struct, frozen=True, kw_only=True):
    """What `atomci restore PATH... --json` prints: the files that were put back, relative to the root."""

    schema: Literal["atomci/restored/1"] = "atomci/restored/1"
    restored: tuple[str, ...]


class ProgramRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that the project's work needs, or could use."""

    name: str
    state: Literal["ok", "missing", "left out", "not needed"]
    """`missing` is required; without a `left out` one the rest works; nothing uses a `not needed` one."""
    wanted: str
    found: str | None
    path: str | None
    use: str
    """What it is for."""
    note: str
    remedy: str
    """What to type, or the page to read; empty where nothing is to be done."""


class Diagnosis(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`atomci doctor --json`."""

    schema: Literal["atomci/doctor/1"] = "atomci/doctor/1"
    healthy: bool
    """Whether nothing that is required is missing."""
    programs: tuple[ProgramRow, ...]
    problems: tuple[str, ...]
    """What couldn't be looked at, and what to type."""


class RunningTest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test that runs, or a file of tests as a whole, and why."""

    test: str
    reasons: tuple[str, ...]
    quarantine: InQuarantine | None = None


class RestingTest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test that doesn't run: how it ended the last time, and what it used, none of which changed."""

    test: str
    outcome: str
    functions: int
    runs: tuple[str, ...]
    """Files of which it ran a function."""
    reads: tuple[str, ...]
    """Files that it read, and folders that it listed."""
    quarantine: InQuarantine | None = None


class LayerImpact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tests of a layer a change reaches, as of the unit tests."""

    layer: str
    mode: Literal["full", "impacted", "none"]
    reason: str
    changed: tuple[str, ...]
    running: tuple[RunningTest, ...]
    resting: tuple[RestingTest, ...]


class ImpactExplanation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`atomci explain impact --json`. Of mode `full`, no test is listed: all run, for the reason given."""

    schema: Literal["atomci/impact-explanation/1"] = "atomci/impact-explanation/1"
    mode: Literal["full", "impacted", "none"]
    reason: str
    changed: tuple[str, ...]
    running: tuple[RunningTest, ...]
    resting: tuple[RestingTest, ...]
    others: tuple[LayerImpact, ...] = ()
    """Of the layers of tests beside the unit tests that have begun."""
