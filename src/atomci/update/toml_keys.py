"""Moving a key in TOML text, with everything else left as it is written.

tomlkit keeps comments too. But it puts a renamed table behind all others, writes headers and the spaces
around an equals sign its own way, and makes a header for each table above a new one. A test shows it.
"""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from typing import Any

__all__ = ["move_key"]

_HEADER = re.compile(r"^\s*\[(?P<name>[^\[\]]+)\]\s*(#.*)?$")
_ARRAY = re.compile(r"^\s*\[\[")


def move_key(text: str, source: str, target: str) -> str | None:
    """The text with a key, or a table, under another name; None where it isn't there, or the other is.

    Names are dotted: `tool.pytest.cov`. Raises ValueError where the text can't be changed for certain: what
    it means afterwards is compared with what it should.
    """
    try:
        wanted = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"it isn't TOML: {error}") from None
    old, new = source.split("."), target.split(".")
    value = _get(wanted, old)
    if value is None or _get(wanted, new) is not None:
        return None
    _move(wanted, old, new, value)
    lines = text.splitlines(keepends=True)
    moved = _rename_table(lines, old, new) if isinstance(value, dict) else _move_line(lines, old, new)
    with suppress(tomllib.TOMLDecodeError):
        if moved is not None and _full(tomllib.loads(moved)) == _full(wanted):
            return moved
    raise ValueError("it is written in a way that can't be changed safely")


def _get(document: Any, names: list[str]) -> Any:
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _move(document: dict[str, Any], old: list[str], new: list[str], value: Any) -> None:
    """The same in the parsed document."""
    del _get(document, old[:-1])[old[-1]]
    at = document
    for name in new[:-1]:
        at = at.setdefault(name, {})
    at[new[-1]] = value


def _full(document: Any) -> Any:
    """Without empty tables, which a header alone makes."""
    if not isinstance(document, dict):
        return document
    found = {name: _full(value) for name, value in document.items()}
    return {name: value for name, value in found.items() if value != {}}


def _rename_table(lines: list[str], old: list[str], new: list[str]) -> str:
    out = []
    for line in lines:
        name = _table_of(line)
        if name is not None and name[: len(old)] == old:
            renamed = ".".join([*new, *name[len(old) :]])
            out.append(line.replace(line[line.index("[") + 1 : line.index("]")], renamed, 1))
        else:
            out.append(line)
    return "".join(out)


def _move_line(lines: list[str], old: list[str], new: list[str]) -> str | None:
    span = _span(lines, old)
    if span is None:
        return None
    start, end = span
    statement = lines[start:end]
    indent, _, rest = statement[0].partition(statement[0].strip().split("=")[0].strip())
    statement[0] = f"{indent}{new[-1]}{rest}"
    newline = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if not statement[-1].endswith("\n"):
        statement[-1] += newline
    left = lines[:start] + lines[end:]
    place = _end_of_table(left, new[:-1])
    if place is None:
        gap = [] if not left or left[-1].endswith("\n") else [newline]
        return "".join([*left, *gap, newline, f"[{'.'.join(new[:-1])}]{newline}", *statement])
    return "".join([*left[:place], *statement, *left[place:]])


def _span(lines: list[str], names: list[str]) -> tuple[int, int] | None:
    """The lines of a key's statement: as many as it takes until they are TOML."""
    key = re.compile(rf"^\s*[\"']?{re.escape(names[-1])}[\"']?\s*=")
    table: list[str] | None = []
    for number, line in enumerate(lines):
        if _ARRAY.match(line):
            table = None
        elif (name := _table_of(line)) is not None:
            table = name
        elif table == names[:-1] and key.match(line):
            for end in range(number + 1, len(lines) + 1):
                try:
                    tomllib.loads("".join(lines[number:end]))
                except tomllib.TOMLDecodeError:
                    continue
                return number, end
    return None


def _end_of_table(lines: list[str], names: list[str]) -> int | None:
    """The line after the last one with content of a table; None where it has no header."""
    if not names:
        ends = [number for number, line in enumerate(lines) if line.lstrip().startswith("[")]
        return _before_gap(lines, ends[0] if ends else len(lines))
    for number, line in enumerate(lines):
        if _table_of(line) == names:
            later = range(number + 1, len(lines))
            return _before_gap(lines, next((n for n in later if lines[n].startswith("[")), len(lines)))
    return None


def _before_gap(lines: list[str], end: int) -> int:
    while end > 0 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def _table_of(line: str) -> list[str] | None:
    match = _HEADER.match(line)
    return [part.strip().strip("\"'") for part in match["name"].split(".")] if match else None
