"""atom_016: static tools agree on line length and target version, and each has what it asks of its table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from atomci.analysis.protocol import Tool
from atomci.analysis.settings import UNSET_LINE_LENGTH
from atomci.configuration.documents import Document
from atomci.configuration.facts import Fact, expect, problem, seen
from atomci.project import oldest_python

__all__ = ["facts"]


def facts(document: Document, tools: Sequence[Tool], there: Collection[str]) -> Iterator[Fact]:
    """`tools` are those that the project uses; `there` are the files that exist."""
    # Two tools of one program share its table.
    programs = list({tool.PROGRAM: tool for tool in reversed(tools)}.values())[::-1]
    for tool in programs:
        for path in tool.OVERRIDING:
            if path in there:
                yield problem(path, f"{tool.PROGRAM} reads this file and not pyproject.toml")
    yield from _line_lengths(document, programs)
    yield from _targets(document, programs)
    for tool in programs:
        yield from _own(document, tool)


def _line_lengths(document: Document, tools: Sequence[Tool]) -> Iterator[Fact]:
    lengths = []
    for tool in tools:
        if tool.LINE_LENGTH:
            keys = ("tool", tool.PROGRAM, tool.LINE_LENGTH)
            lengths.append((tool.NAME, document.get(*keys) or UNSET_LINE_LENGTH, document.at(*keys)))
    for name, length, place in lengths[1:]:
        first, wanted, there = lengths[0]
        yield expect(
            length == wanted,
            place,
            f"{name}'s line length is {length}, as {first}'s",
            f"{name}'s line length is {length}, {first}'s is {wanted} ({there})",
        )


def _targets(document: Document, tools: Sequence[Tool]) -> Iterator[Fact]:
    place = document.at("project", "requires-python")
    specifier = document.get("project", "requires-python")
    wanted = oldest_python(specifier) if isinstance(specifier, str) else None
    # A range that reaches down to 3.0, which no tool knows, names no oldest one.
    if wanted is None or wanted == "3.0":
        shown = "not set" if specifier is None else repr(specifier)
        yield problem(place, f"requires-python names no oldest Python: {shown}")
        return
    for tool in tools:
        keys = ("tool", tool.PROGRAM, tool.TARGET)
        found = tool.target(document.get(*keys), wanted)
        yield expect(
            found == wanted,
            document.at(*keys),
            f"{tool.NAME} targets Python {found}, the oldest of requires-python",
            f"{tool.NAME} targets {found or 'the Python that runs it'}, not {wanted} ({place})",
        )


def _own(document: Document, tool: Tool) -> Iterator[Fact]:
    keys = ("tool", tool.PROGRAM)
    for setting in tool.own_settings(document.table(*keys), _own_names(document)):
        place = document.at(*keys, *setting.keys)
        yield seen(place, setting.text) if setting.ok else problem(place, setting.text)


def _own_names(document: Document) -> set[str]:
    """Import names that the project ships, as far as pyproject.toml tells."""
    name = str(document.get("project", "name") or "")
    wheel = document.get("tool", "hatch", "build", "targets", "wheel", "packages") or ()
    measured = document.get("tool", "coverage", "run", "source_pkgs") or ()
    return {
        re.sub(r"[-.]+", "_", name).lower(),
        *(PurePosixPath(path).name for path in wheel),
        *(str(package).split(".")[0] for package in measured),
    }
