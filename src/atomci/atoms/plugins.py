"""Third-party atoms, by the entry-point group `atomci.atoms`.

An entry point names a `PluginAtom`. Only distributions whose entry_points.txt mentions the group are
loaded, so that projects without plugins don't pay for the scan.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from atomci.catalog import ATOMS, PIPELINES, Atom
from atomci.errors import UsageError

if TYPE_CHECKING:
    from atomci.engine.context import Context, Outcome, Verdict
    from atomci.tools.process import Command

__all__ = ["GROUP", "PluginAtom", "load_plugins"]

GROUP = "atomci.atoms"


@dataclass(frozen=True)
class PluginAtom:
    """An atom of somebody else's: a row with a number from 1000 on, what it does, the pipelines it joins."""

    atom: Atom
    run: Callable[[Context], Outcome]
    check: Callable[[Context], Verdict] | None = None
    commands: Callable[[Context], Sequence[Command]] | None = None
    pipelines: tuple[str, ...] = ()


def load_plugins(search: Sequence[str] | None = None) -> dict[str, PluginAtom]:
    """The plugins by atom name. Raises UsageError on one that can't be loaded or whose name is taken."""
    if not _any_mention(sys.path if search is None else search):
        return {}
    from importlib.metadata import entry_points

    taken = {row.name for row in ATOMS}
    numbers = {row.number for row in ATOMS}
    pipelines = {pipeline.name for pipeline in PIPELINES}
    found: dict[str, PluginAtom] = {}
    for point in entry_points(group=GROUP):
        where = f"entry point {point.name} = {point.value} ({point.dist.name if point.dist else 'unknown'})"
        try:
            plugin = point.load()
        except Exception as error:
            raise UsageError(f"{where} can't be loaded: {error}", "mend or uninstall that package") from None
        if not isinstance(plugin, PluginAtom):
            raise UsageError(f"{where} isn't an atomci.atoms.plugins.PluginAtom", "see docs: adding an atom")
        row = plugin.atom
        if row.name in taken or row.number in numbers or row.number < 1000:
            raise UsageError(
                f"{where}: name {row.name} or number {row.number} is taken", "numbers start at 1000"
            )
        if unknown := set(plugin.pipelines) - pipelines:
            raise UsageError(f"{where}: no pipeline is called {min(unknown)}", "atomci list names them")
        taken.add(row.name)
        numbers.add(row.number)
        found[row.name] = plugin
    return found


def _any_mention(search: Sequence[str]) -> bool:
    mark = f"[{GROUP}]".encode()
    files = (file for folder in search for file in Path(folder or ".").glob("*-info/entry_points.txt"))
    return any(mark in file.read_bytes() for file in files)
