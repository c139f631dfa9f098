"""What `atomci fix` leaves: within which bounds, what was tried, why it ended, and what is proposed."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from atomci.artifacts.handed.failures import Failure
from atomci.artifacts.handed.guarded import Usage

__all__ = [
    "FixAttempt",
    "FixBounds",
    "FixEnd",
    "FixPatch",
    "FixRefusal",
    "FixReport",
    "FixStep",
    "FixedFile",
]


class FixBounds(Struct, frozen=True, kw_only=True):
    """atom_052: `[tool.atomci.fix]` as it counts. Seconds, tokens and US dollars are for all attempts
    together, None for no bound.
    """

    schema: Literal["atomci/fix-bounds/1"] = "atomci/fix-bounds/1"
    command: str
    """The fixer; empty where none is set."""
    attempts: int
    seconds: float | None
    tokens: int | None
    usd: float | None
    files: int
    lines: int
    paths: tuple[str, ...]
    protected: tuple[str, ...]


class FixRefusal(Struct, frozen=True, kw_only=True):
    """Why a change was refused: the rule, the place (line 0 where there is none), and what was seen."""

    rule: str
    path: str
    line: int
    message: str


class FixAttempt(Struct, frozen=True, kw_only=True):
    """One attempt: which failures went away and which came, in the files that it changed."""

    by: Literal["tools", "fixer"]
    kept: bool
    changed: tuple[str, ...]
    gone: tuple[Failure, ...]
    came: tuple[Failure, ...]
    refused: tuple[FixRefusal, ...]
    usage: Usage
    record: str
    """The folder of its session's record; empty for the tools."""


class FixedFile(Struct, frozen=True, kw_only=True):
    """A file of the proposed patch, with its lines that come and go."""

    path: str
    added: int
    removed: int


class FixReport(Struct, frozen=True, kw_only=True):
    """fix.json: how it ended, what was red and still is, what was tried, and what is proposed."""

    schema: Literal["atomci/fix/1"] = "atomci/fix/1"
    run: str
    time: str
    seconds: float
    stop: str
    """green, fixed, not_fixable, no_fixer, no_progress, oscillation, attempts, wall, tokens, usd, scope,
    weakening, unproven or infrastructure."""
    reason: str
    red: tuple[Failure, ...]
    left: tuple[Failure, ...]
    attempts: tuple[FixAttempt, ...]
    files: tuple[FixedFile, ...]
    dropped: int
    """So many parts of the change weren't needed."""
    level: str
    """What kept the gate and the fixer within bounds; empty where neither ran."""
    notes: tuple[str, ...] = ()
    applied: str = ""
    """The run that undoes it, where it was brought to the checkout at once."""

    @property
    def apply(self) -> str:
        """What to type to have the patch here; empty where there is none."""
        return f"atomci guard apply {self.run}" if self.files else ""


class FixPatch(Struct, frozen=True, kw_only=True):
    """atom_054: whether the patch may be proposed, and the run that undoes it where it was brought here."""

    schema: Literal["atomci/fix-patch/1"] = "atomci/fix-patch/1"
    run: str
    refused: tuple[FixRefusal, ...]
    files: int
    lines: int
    applied: str


class FixEnd(Struct, frozen=True, kw_only=True):
    """atom_056: the one reason why it ended."""

    schema: Literal["atomci/fix-end/1"] = "atomci/fix-end/1"
    run: str
    stop: str
    reason: str
    fixed: bool
    """Nothing that a change can fix is red any more."""


class FixStep(Struct, frozen=True, kw_only=True, tag="fix_step", tag_field="event"):
    """`atomci fix --json`: a step begins, or one is over."""

    time: str
    what: str
