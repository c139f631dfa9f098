"""From targets to one graph of atoms in an order that respects needs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from atomci.catalog import ATOMS, PHASES, PIPELINES, Atom, Pipeline
from atomci.errors import InfrastructureError, UsageError

__all__ = [
    "Catalog",
    "Plan",
    "catalog_with",
    "closure",
    "make_plan",
    "most_urgent_first",
    "reached_from",
    "resolve",
]


@dataclass(frozen=True)
class Catalog:
    """The atoms and pipelines of one project: the built-in ones and those of plugins."""

    atoms: Mapping[str, Atom]
    pipelines: Mapping[str, Pipeline]
    built: frozenset[str]
    """Names of the atoms that have code; the others are planned."""

    def planned(self, name: str) -> bool:
        """Whether the atom's code isn't there yet."""
        return name not in self.built


def catalog_with(
    plugins: Mapping[str, tuple[Atom, tuple[str, ...]]], built: frozenset[str] = frozenset()
) -> Catalog:
    """The built-in table with plugins' rows; each plugin's second part names the pipelines it joins.

    `built` names the built-in atoms that have code.
    """
    atoms = {row.name: row for row in ATOMS} | {name: row for name, (row, _) in plugins.items()}
    pipelines = {
        pipeline.name: pipeline._replace(
            atoms=pipeline.atoms
            + tuple(name for name, (_, joins) in plugins.items() if pipeline.name in joins)
        )
        for pipeline in PIPELINES
    }
    return Catalog(atoms, pipelines, built | frozenset(plugins))


@dataclass(frozen=True)
class Plan:
    """Atoms in the order they may start; `edges` maps each to those it comes after."""

    targets: tuple[str, ...]
    atoms: tuple[Atom, ...]
    edges: Mapping[str, frozenset[str]]


def resolve(target: str, catalog: Catalog) -> tuple[str, ...]:
    """The atoms a target names: an id, a name, a phase or a pipeline. Raises UsageError."""
    if target in catalog.pipelines:
        return catalog.pipelines[target].atoms
    if target in catalog.atoms:
        return (target,)
    if match := re.fullmatch(r"(?:atom_)?(\d{1,6})", target):
        found = [row.name for row in catalog.atoms.values() if row.number == int(match[1])]
    elif match := re.fullmatch(r"phase_(\d{1,2})", target):
        found = [row.name for row in catalog.atoms.values() if row.phase == int(match[1])]
    else:
        found = []
    if not found:
        import difflib

        built = [name for name in catalog.atoms if not catalog.planned(name)]
        named_by_it = [name for name in built if target in name.split("_")]  # such as ruff
        known = [*catalog.pipelines, *catalog.atoms, *(phase.name for phase in PHASES)]
        close = named_by_it[:3] or difflib.get_close_matches(target, known, 3, 0.5)
        hint = (
            f"did you mean {' or '.join(close)}?"
            if close
            else "atomci list shows atoms, phases and pipelines"
        )
        raise UsageError(f"no atom, phase or pipeline is called {target!r}", hint)
    return tuple(found)


def make_plan(targets: Sequence[str], catalog: Catalog, *, only: bool = False) -> Plan:
    """What running the targets walks through. Raises InfrastructureError when an atom of it is planned."""
    plan = closure(targets, catalog, only=only)
    if planned := [atom.name for atom in plan.atoms if catalog.planned(atom.name)]:
        raise InfrastructureError(
            f"planned, not built yet: {', '.join(planned)}", "atomci list shows what runs today"
        )
    return plan


def closure(targets: Sequence[str], catalog: Catalog, *, only: bool = False) -> Plan:
    """Targets and what they need (`only`: the targets alone). Raises UsageError."""
    wanted: dict[str, None] = {}
    queue = [name for target in targets for name in resolve(target, catalog)]
    while queue:
        name = queue.pop()
        if name not in wanted:
            wanted[name] = None
            queue += () if only else catalog.atoms[name].needs
    edges = {
        name: frozenset(n for n in (*catalog.atoms[name].needs, *catalog.atoms[name].after) if n in wanted)
        for name in wanted
    }
    edges |= {name: _before_the_last(name, edges) for name in wanted if catalog.atoms[name].last}
    return Plan(tuple(targets), tuple(catalog.atoms[name] for name in _ordered(edges, catalog)), edges)


def _before_the_last(last: str, edges: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """What an atom that judges all others waits for: also what it doesn't need and what doesn't need it."""
    backwards = {name: {after for after, before in edges.items() if name in before} for name in edges}
    return edges[last] | (edges.keys() - reached_from(last, edges) - reached_from(last, backwards))


def reached_from(start: str, edges: Mapping[str, Collection[str]]) -> set[str]:
    """The atom itself, and all that its edges lead to, over others too."""
    found, queue = {start}, [start]
    while queue:
        new = set(edges[queue.pop()]) - found
        found |= new
        queue += new
    return found


def most_urgent_first(plan: Plan) -> list[Atom]:
    """The order in which ready atoms take free slots: those that most others wait for, then those whose
    chain has begun, then by number. So the longest chain starts at once and is never interrupted.
    """
    waits_for: dict[str, set[str]] = {}
    for atom in plan.atoms:
        before = plan.edges[atom.name]
        waits_for[atom.name] = set(before).union(*(waits_for[name] for name in before))
    followers = Counter(name for names in waits_for.values() for name in names)
    return sorted(plan.atoms, key=lambda a: (-followers[a.name], -len(waits_for[a.name]), a.number))


def _ordered(edges: Mapping[str, frozenset[str]], catalog: Catalog) -> list[str]:
    """Topological, and by number where needs leave it open."""
    sorter = TopologicalSorter(edges)
    try:
        sorter.prepare()
    except CycleError as error:
        raise UsageError("needs go round in a circle: " + " -> ".join(error.args[1])) from None
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=lambda name: catalog.atoms[name].number)
        order += ready
        sorter.done(*ready)
    return order
