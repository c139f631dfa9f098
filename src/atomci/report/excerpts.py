"""What is shown of a failing test: its assertion and the lines around it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from atomci.artifacts.handed.testing import TestResult

__all__ = ["TESTS_SHOWN", "excerpt"]

TESTS_SHOWN = 3
"""So many failing tests are shown with their lines; of all others it is one line."""
_LINES = 12
_BEFORE = 5
_WIDTH = 150
# What moves the cursor or colours is the test's, not ours.
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SEPARATOR = re.compile(r"_ _ _ |-{5,}")


def excerpt(result: TestResult) -> list[str]:
    """At most twelve lines of pytest's report: around its last `>`, or else the last that there are.

    Of a crash of the interpreter the first, which begin with the innermost frame.
    """
    lines = [_CONTROL.sub("", line).expandtabs()[:_WIDTH].rstrip() for line in result.details.splitlines()]
    marks = [number for number, line in enumerate(lines) if line.startswith(">")]
    if not marks:
        said = [line for line in lines if line]
        return said[:_LINES] if result.details.startswith("Fatal Python error") else said[-_LINES:]
    last = marks[-1]
    first = _first(lines, last)
    said = [line for line in lines[last + 1 :] if line.startswith("E")]
    room = _LINES - (last - first + 1)
    kept = said if len(said) <= room else [*said[: room - 1], "E   ..."]
    return [*lines[first : last + 1], *kept]


def _first(lines: Sequence[str], mark: int) -> int:
    """Where the lines before it begin: at most five, none of another frame."""
    first = mark
    while first > 0 and mark - first < _BEFORE and not _SEPARATOR.match(lines[first - 1]):
        first -= 1
    while not lines[first]:
        first += 1
    return first
