"""Which atoms have code: a phase's module defines `NAME`, what it does, or `NAME_holds`, whether it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from atomci.catalog import ATOMS, PHASES, Phase
from atomci.engine.plan import Catalog, catalog_with

if TYPE_CHECKING:
    from atomci.atoms.loading.plugins import PluginAtom

__all__ = ["HOLDS", "built_in", "catalog_of", "module_of"]

HOLDS = "_holds"
"""What the name of an atom's check ends in."""

_FUNCTION = re.compile(r"^def (\w+)\(", re.MULTILINE)


def module_of(phase: Phase) -> str:
    """The module that holds a phase's atoms; there is none while all of them are planned."""
    return f"atomci.atoms.{phase.name}_{phase.slug}"


@cache
def built_in() -> frozenset[str]:
    """The names of the atoms that have a function; the others are planned."""
    found = {phase.number: _functions(phase) for phase in PHASES}
    return frozenset(row.name for row in ATOMS if found[row.phase] & {row.name, row.name + HOLDS})


def catalog_of(plugins: Mapping[str, PluginAtom]) -> Catalog:
    """The built-in table with the plugins' atoms in it."""
    return catalog_with({name: (p.atom, p.pipelines) for name, p in plugins.items()}, built_in())


def _functions(phase: Phase) -> set[str]:
    """Read off the text: to import all phases takes many times as long as `atomci list`."""
    file = Path(__file__).parents[1] / f"{module_of(phase).rpartition('.')[2]}.py"
    return set(_FUNCTION.findall(file.read_text(encoding="utf-8"))) if file.is_file() else set()
