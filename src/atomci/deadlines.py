"""Dates until which an exception from a rule holds: days in UTC, the last one included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

__all__ = ["LONGEST", "today", "too_far"]

LONGEST = 90
"""Days that an exception may still have to go."""


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


def too_far(until: date, longest: int = LONGEST) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a date that is too far ahead: key, problem, hint."""
    if (until - today()).days > longest:
        last = today() + timedelta(days=longest)
        yield "until", f"{until} is more than {longest} days ahead", f"at the latest: until = {last}"
