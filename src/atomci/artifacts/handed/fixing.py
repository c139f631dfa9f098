"""What the lanes of fixes leave: what tools fixed, and lists of work for whoever fixes the rest."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from atomci.artifacts.handed.schemas import Finding

__all__ = [
    "BehaviorWork",
    "ChangedLines",
    "FailingTest",
    "FixedByTools",
    "RoundsEnded",
    "Signature",
    "SymbolWork",
    "TypeWork",
    "UnitRound",
    "UnitRounds",
]


class FixedByTools(Struct, frozen=True, kw_only=True):
    """atom_042: the commands that ran, the files that they changed, and the snapshot that undoes it."""

    schema: Literal["atomci/fixed/1"] = "atomci/fixed/1"
    commands: tuple[str, ...]
    changed: tuple[str, ...]
    undo: str
    """The name of the snapshot's run; empty where nothing changed."""


class Signature(Struct, frozen=True, kw_only=True):
    """A function or class as its first lines say it."""

    path: str
    line: int
    symbol: str
    text: str


class SymbolWork(Struct, frozen=True, kw_only=True):
    """The type findings in one function, class, or module's top, and the signatures that they name."""

    path: str
    symbol: str
    """Empty for what stands outside of functions and classes."""
    signature: Signature | None
    findings: tuple[Finding, ...]
    involved: tuple[Signature, ...]


class TypeWork(Struct, frozen=True, kw_only=True):
    """atom_043: what has to be fixed for the type checker, symbol by symbol; most findings first."""

    schema: Literal["atomci/type-work/1"] = "atomci/type-work/1"
    symbols: tuple[SymbolWork, ...]


class ChangedLines(Struct, frozen=True, kw_only=True):
    """Lines of a function that changed since the branch left its base, the first and the last."""

    path: str
    symbol: str
    first: int
    last: int


class FailingTest(Struct, frozen=True, kw_only=True):
    """A test that fails, and the changed lines that it runs through.

    `known_by` says how: `record` of what the test ran before, `traceback` where nobody noted that, so it may
    have run through others too.
    """

    nodeid: str
    path: str
    line: int
    message: str
    known_by: Literal["record", "traceback"]
    changed: tuple[ChangedLines, ...]


class BehaviorWork(Struct, frozen=True, kw_only=True):
    """atom_044: the failing tests, those with the fewest changed lines first.

    `since` is the commit that changes count from; empty where there is none.
    """

    schema: Literal["atomci/behavior-work/1"] = "atomci/behavior-work/1"
    since: str
    tests: tuple[FailingTest, ...]


RoundsEnded = Literal["green", "passed on retry", "no progress", "bound", "broken"]
"""Why no further round was run. `passed on retry`: some passed only when they ran again on the same files."""


class UnitRound(Struct, frozen=True, kw_only=True):
    """How many tests ran, and which failed; `edited` says whether files had changed since the last round."""

    ran: int
    failing: tuple[str, ...]
    edited: bool


class UnitRounds(Struct, frozen=True, kw_only=True):
    """atom_046: unit tests, run round after round. `files` is a digest of the project's files at the end."""

    schema: Literal["atomci/unit-rounds/1"] = "atomci/unit-rounds/1"
    ended: RoundsEnded
    reason: str
    rounds: tuple[UnitRound, ...]
    flaky: tuple[str, ...]
    files: str
