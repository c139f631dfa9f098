"""How rules state a fact about a project's configuration: it is as it should be, or it isn't."""

from __future__ import annotations

from atomci.artifacts.handed.verdicts import Fact, Place

__all__ = ["Fact", "Place", "expect", "problem", "seen", "unknown_to_us"]


def seen(place: Place | str, text: str) -> Fact:
    """A fact that is as it should be."""
    return _fact(True, place, text)


def unknown_to_us(place: Place | str, text: str) -> Fact:
    """What can't be found out: no problem, but said."""
    path, line = _split(place)
    return Fact(True, text, path, line, known=False)


def problem(place: Place | str, text: str) -> Fact:
    """A fact that isn't."""
    return _fact(False, place, text)


def expect(ok: bool, place: Place | str, good: str, bad: str) -> Fact:
    """`good` or `bad`, by whether it is as it should be."""
    return seen(place, good) if ok else problem(place, bad)


def _fact(ok: bool, place: Place | str, text: str) -> Fact:
    path, line = _split(place)
    return Fact(ok, text, path, line)


def _split(place: Place | str) -> tuple[str, int]:
    return place if isinstance(place, Place) else (place, 0)
