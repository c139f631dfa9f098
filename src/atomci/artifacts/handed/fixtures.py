"""What is known of a suite's fixtures: those that are unknown, unused, or there more than once."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["FixtureFinding", "SharedFixtures"]


class FixtureFinding(Struct, frozen=True, kw_only=True):
    """`unknown`: tests ask for it in vain; `unused`: no test gets it; `duplicate`: it is there twice.

    `places` are its definitions, each PATH:LINE, and `asked_by` tests that ask for one that is unknown.
    `belongs` is the conftest that should hold it; `why` says why `--write` doesn't move it there.
    """

    kind: Literal["unknown", "unused", "duplicate"]
    name: str
    places: tuple[str, ...] = ()
    asked_by: tuple[str, ...] = ()
    belongs: str = ""
    why: str = ""
    like: str = ""
    """Of an unknown one that is nowhere: the closest name that there is."""


class SharedFixtures(Struct, frozen=True, kw_only=True):
    """atom_045. `moved` says what `--write` brought to which conftest, and `undo` which run takes it back."""

    schema: Literal["atomci/shared-fixtures/1"] = "atomci/shared-fixtures/1"
    found: tuple[FixtureFinding, ...]
    moved: tuple[str, ...] = ()
    undo: str = ""
    put_back: str = ""
    """Why a move was taken back: tests weren't collected as before."""
