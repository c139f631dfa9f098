"""The lines of keys in TOML, which tomllib doesn't tell."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["Key", "closest_line", "lines_of"]

Key = str | int


def lines_of(text: str) -> dict[tuple[Key, ...], int]:
    """The line of each table and key, counted from 1; what a value holds is where its statement begins."""
    lines: dict[tuple[Key, ...], int] = {}
    latest: dict[tuple[Key, ...], int] = {}
    table: tuple[Key, ...] = ()
    for number, start, parsed in _statements(text):
        if not start.startswith("["):
            for keys in _inside(parsed):
                lines.setdefault((*table, *keys), number)
            continue
        table, names = (), list(_names(parsed))
        for count, name in enumerate(names, 1):
            table = (*table, name)
            lines.setdefault(table, number)
            if start.startswith("[[") and count == len(names):
                latest[table] = latest.get(table, -1) + 1
            if table in latest:  # a list of tables, of which the latest is meant
                table = (*table, latest[table])
                lines.setdefault(table, number)
    return lines


def closest_line(lines: Mapping[tuple[Key, ...], int], keys: Sequence[Key]) -> int:
    """The line of a key, or of the closest one above it that is written down; 1 when none is."""
    found = tuple(keys)
    while found and found not in lines:
        found = found[:-1]
    return lines.get(found, 1)


def _statements(text: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Each with its line and what it says: as many lines as it takes until they are TOML."""
    first, whole = 1, ""
    # TOML's lines end in LF or CRLF, and in nothing else.
    for number, line in enumerate(text.split("\n"), 1):
        whole += f"{line}\n"
        # No statement ends in a comma, and a list of many lines is to be read once.
        if line.rstrip().endswith(","):
            continue
        try:
            parsed = tomllib.loads(whole)
        except tomllib.TOMLDecodeError:
            continue
        yield first, whole.lstrip(), parsed
        first, whole = number + 1, ""


def _names(header: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in header.items():
        yield name
        yield from _names(inner if isinstance(inner, Mapping) else {})


def _inside(value: Any) -> Iterator[tuple[Key, ...]]:
    """Every key of a value, with those above it."""
    rows = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in rows:
        yield (key,)
        yield from ((key, *keys) for keys in _inside(inner))
