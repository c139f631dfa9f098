"""What is wrong with the rows of third-party atoms: each for itself, and all of them beside the catalog's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple, Protocol

import msgspec

from atomci.artifacts import handles
from atomci.catalog import ATOMS, PHASES, PIPELINES, Atom
from atomci.decoding import converted
from atomci.engine.outputs import declared_outputs
from atomci.engine.plan import reached_from
from atomci.tables import close_to

__all__ = ["Problem", "problems_of_all", "problems_of_one"]

_FIRST_NUMBER = 1000
_NUMBERS = f"numbers start at {_FIRST_NUMBER}"
# Targets of other kinds look like this.
_RESERVED = re.compile(r"(?:atom_)?\d+|phase_\d+")
_OF_THE_RUN = (handles.INDEX.path, "artifacts/runs/", "artifacts/atoms/")
_PIPELINES = {pipeline.name: pipeline for pipeline in PIPELINES}


class Plugin(Protocol):
    """What a package brings, as far as it can be judged by looking at it."""

    @property
    def atom(self) -> Atom:
        """Its row."""

    @property
    def pipelines(self) -> tuple[str, ...]:
        """Those that it joins."""


class Problem(NamedTuple):
    """What is wrong with an atom, and what to do about it where that isn't plain."""

    atom: str
    what: str
    hint: str = ""


def problems_of_one(plugin: Plugin, before: Mapping[str, Plugin]) -> Iterator[Problem]:
    """What is wrong with a plugin's types, name, number and pipelines; `before` were there first."""
    row = plugin.atom
    for what in _types(plugin):
        yield Problem(str(getattr(row, "name", "")), what)
    others = [*ATOMS, *(other.atom for other in before.values())]
    names, numbers = {other.name.casefold() for other in others}, {other.number for other in others}
    if row.name.casefold() in names or row.number in numbers or row.number < _FIRST_NUMBER:
        yield Problem(row.name, f"name {row.name} or number {row.number} is taken", _NUMBERS)
    if not re.fullmatch(r"[A-Za-z]\w*", row.name, re.ASCII) or _RESERVED.fullmatch(row.name):
        yield Problem(row.name, f"{row.name!r} can't be an atom's name", "such as check_words")
    if row.name in _PIPELINES:
        yield Problem(row.name, f"{row.name} is a pipeline's name", "give it another one")
    if row.phase not in range(len(PHASES)):
        yield Problem(row.name, f"there is no phase {row.phase}", f"they go from 0 to {PHASES[-1].number}")
    if row.last:
        yield Problem(row.name, "last is for the atom that judges the gate", "leave it out")
    for name in plugin.pipelines:
        if name not in _PIPELINES:
            yield Problem(row.name, f"no pipeline is called {name}", close_to(name, _PIPELINES))


def problems_of_all(plugins: Mapping[str, Plugin]) -> Iterator[Problem]:
    """What is wrong between the plugins' atoms and all others: needs, what they write, circles."""
    rows = {row.name: row for row in (*ATOMS, *(plugin.atom for plugin in plugins.values()))}
    for name, plugin in plugins.items():
        for need in plugin.atom.needs:
            if need not in rows:
                yield Problem(name, f"needs {need}, and no atom has this name", close_to(need, rows))
        yield from _writes(plugin.atom, rows)
    before = {name: {n for n in (*row.needs, *row.after) if n in rows} for name, row in rows.items()}
    try:
        list(TopologicalSorter(before).static_order())
    except CycleError as error:
        circle: list[str] = error.args[1]
        own = next(name for name in circle if name in plugins)
        yield Problem(own, f"goes round in a circle: {' -> '.join(circle)}")
        return
    for name, plugin in plugins.items():
        yield from _behind_the_verdict(name, plugin, before)


def _types(plugin: Plugin) -> Iterator[str]:
    if not isinstance(plugin.atom, Atom):
        yield f"its atom isn't an atomci.catalog.Atom, but {plugin.atom!r}"
        return
    try:
        converted(list(plugin.atom), Atom)
        converted(plugin.pipelines, tuple[str, ...])
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$")
        place = re.match(r"\[(\d+)\]", path)
        yield f"{Atom._fields[int(place[1])] if place else 'pipelines'}: {said}"
    for name in ("run", "check", "commands"):
        if not callable(function := getattr(plugin, name)) and (name == "run" or function is not None):
            yield f"its {name} can't be called: {function!r}"


def _writes(row: Atom, rows: Mapping[str, Atom]) -> Iterator[Problem]:
    """Files are cleared before their atom runs: so they must be its own."""
    others = (other for other in rows.values() if other is not row)
    taken = {path: other.name for other in others for path in declared_outputs(other)}
    taken |= dict.fromkeys(_OF_THE_RUN, "every run")
    for path in declared_outputs(row):
        if ".." in path.split("/") or path == "artifacts/":
            yield Problem(row.name, f"writes {path!r}", "name files and folders below artifacts/")
        for other, whose in taken.items():
            if _overlap(path, other):
                what = f"writes {path}, and {whose} writes {other}"
                yield Problem(row.name, what, "give it a path of its own")


def _overlap(one: str, other: str) -> bool:
    """Whether they are the same, or one is a folder and holds the other."""
    pairs = ((one, other), (other, one))
    return one == other or any(a.endswith("/") and b.startswith(a) for a, b in pairs)


def _behind_the_verdict(
    name: str, plugin: Plugin, before: Mapping[str, Collection[str]]
) -> Iterator[Problem]:
    """A pipeline's verdict counts all its atoms, so none of them can come after it."""
    reached = reached_from(name, before)
    for pipeline in (_PIPELINES[joined] for joined in plugin.pipelines):
        for judge in (row.name for row in ATOMS if row.last and row.name in pipeline.atoms):
            if judge in reached:
                what = f"joins {pipeline.name}, and comes after its verdict, {judge}"
                yield Problem(name, what, f"leave {pipeline.name} out of its pipelines")
