"""Whether atoms hold, as typed structs: facts, the answer on each atom, and what `atomci check` prints."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

__all__ = ["Answer", "CheckReport", "Fact", "Place", "Standing"]

Standing = Literal["holds", "broken", "out of date", "not run here yet", "not applicable", "planned"]


class Place(NamedTuple):
    """A line of a file: POSIX path from the project's root, lines count from 1."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Fact(Struct, frozen=True, omit_defaults=True):
    """One observed fact: it is as it should be, or it isn't."""

    ok: bool
    text: str
    path: str = ""
    """The file, folder or program that it is about; empty where the text says it all."""
    line: int = 0
    """Counts from 1; 0 where it is about the whole file."""
    known: bool = True
    """False where it couldn't be found out; that isn't a problem, but it is reported."""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.text}" if place else self.text


class Answer(Struct, frozen=True, kw_only=True):
    """Whether an atom holds. Of one that is broken, the facts are what is wrong."""

    atom: str
    number: int
    evidence: tuple[str, ...] = ()
    """The facts as text."""
    remedy: str = ""
    status: Standing
    facts: tuple[Fact, ...] = ()


class CheckReport(Struct, frozen=True, kw_only=True):
    """What `atomci check --json` prints. It holds when nothing is broken."""

    schema: Literal["atomci/check/1"] = "atomci/check/1"
    holds: bool
    known: bool = True
    """False where an atom is out of date or hasn't run here yet: whether it holds isn't known then."""
    remedy: str = ""
    """The command that finds out what isn't known."""
    atoms: tuple[Answer, ...]
