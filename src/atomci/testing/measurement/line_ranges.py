"""Numbers of lines, as people read them."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["line_ranges"]


def line_ranges(lines: Iterable[int]) -> str:
    """3, 5-9, 12."""
    ranges: list[list[int]] = []
    for line in sorted(lines):
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)
