"""One observed fact about a project's configuration: it is as it should be, or it isn't."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Fact", "expect", "problem", "seen"]


@dataclass(frozen=True)
class Fact:
    """`text` starts with `PATH:LINE: ` where the fact has a place."""

    ok: bool
    text: str


def seen(place: str, text: str) -> Fact:
    """A fact that is as it should be."""
    return Fact(True, f"{place}: {text}")


def problem(place: str, text: str) -> Fact:
    """A fact that isn't."""
    return Fact(False, f"{place}: {text}")


def expect(ok: bool, place: str, good: str, bad: str) -> Fact:
    """`good` or `bad`, by whether it is as it should be."""
    return seen(place, good) if ok else problem(place, bad)
