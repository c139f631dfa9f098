"""The definition of done: the answer of each of its atoms, and what `atomci done` prints."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["DoneAnswer", "DoneReport", "Word"]

Word = Literal["yes", "no", "not applicable"]


class DoneAnswer(Struct, frozen=True, kw_only=True):
    """atoms 112 to 118: one answer about one commit, what shows it, and what to type next."""

    schema: Literal["atomci/done-answer/1"] = "atomci/done-answer/1"
    atom: str
    answer: Word
    evidence: tuple[str, ...]
    next: str = ""
    """What to type; empty where nothing is to be done."""
    commit: str | None = None
    """The commit that it is about; None where there is none."""
    known: bool = True
    """False where the answer is no because somebody couldn't be asked, such as GitHub while offline."""
    pending: bool = False
    """True where the answer is no because nothing is there yet that could show it: nothing is wrong."""


class DoneReport(Struct, frozen=True, kw_only=True):
    """What `atomci done --json` prints."""

    schema: Literal["atomci/done/1"] = "atomci/done/1"
    done: bool
    """Whether no answer is no."""
    commit: str | None
    branch: str | None
    run: str
    """The run that asked: its log is in artifacts/runs/."""
    answers: tuple[DoneAnswer, ...]
