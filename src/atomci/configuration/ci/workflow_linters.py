"""actionlint and zizmor, linters for workflows: how each is called, and what it found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from atomci.configuration.facts import Fact, Place, problem, seen
from atomci.errors import InfrastructureError
from atomci.tools.process import Completed

__all__ = ["LINTERS", "Linter", "facts"]

Linter = tuple[tuple[str, ...], Callable[[str], Iterator[Fact]]]


def facts(name: str, done: Completed) -> Iterator[Fact]:
    """What a linter's run says. Raises InfrastructureError when it broke instead of linting."""
    _, parse = LINTERS[name]
    try:
        problems = list(parse(done.stdout))
    except (ValueError, KeyError, TypeError, IndexError):
        problems = []
        broken = True
    else:
        broken = done.code != 0 and not problems
    if broken:
        raise InfrastructureError(f"{name} failed (exit {done.code}): {done.stderr.strip()[-500:]}")
    yield from problems
    if not problems:
        yield seen(name, "no finding")


def _actionlint(output: str) -> Iterator[Fact]:
    for row in json.loads(output or "[]") or ():
        yield problem(Place(row["filepath"], row["line"]), f"{row['message']} [actionlint {row['kind']}]")


def _zizmor(output: str) -> Iterator[Fact]:
    for row in json.loads(output):
        if row.get("ignored"):
            continue
        place = _primary(row["locations"])
        path = next(iter(place["symbolic"]["key"].values()))
        name = path.get("verbatim_path") or path.get("given_path") or path.get("path")
        line = place["concrete"]["location"]["start_point"]["row"] + 1
        yield problem(Place(name, line), f"{row['desc']} [zizmor {row['ident']}]")


def _primary(locations: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((one for one in locations if one["symbolic"].get("kind") == "Primary"), locations[0])


LINTERS: dict[str, Linter] = {
    "actionlint": (("-no-color", "-format", "{{json .}}"), _actionlint),
    "zizmor": (("--offline", "--no-progress", "--format=json"), _zizmor),
}
"""Name to arguments (files follow) and the reader of its output."""
