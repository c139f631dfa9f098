"""Third-party atoms, by the entry-point group `atomci.atoms`.

An entry point names a `PluginAtom`. Only distributions whose entry_points.txt mentions the group are
loaded, so that projects without plugins don't pay for the scan.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atomci.catalog import Atom
from atomci.errors import UsageError
from atomci.tools.distributions import info_folders

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

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
    """The plugins by atom name. Raises UsageError on one that can't be loaded or doesn't fit the others."""
    if not _any_mention(sys.path if search is None else search):
        return {}
    from importlib.metadata import entry_points

    from atomci.atoms.loading.plugin_rows import Problem, problems_of_all, problems_of_one

    found: dict[str, PluginAtom] = {}
    points: dict[str, EntryPoint] = {}

    def refuse(point: EntryPoint, problem: Problem) -> UsageError:
        return UsageError(f"{_named(point)}: {problem.what}", problem.hint or _mend(point))

    for point in entry_points(group=GROUP):
        plugin = _loaded(point)
        for problem in problems_of_one(plugin, found):
            raise refuse(point, problem)
        found[plugin.atom.name], points[plugin.atom.name] = plugin, point
    for problem in problems_of_all(found):
        raise refuse(points[problem.atom], problem)
    return found


def _loaded(point: EntryPoint) -> PluginAtom:
    try:
        plugin: object = point.load()
    except (Exception, SystemExit) as error:  # whatever that package does when it is imported
        said = f"{type(error).__name__}: {error}"
        raise UsageError(f"{_named(point)} can't be loaded: {said}", _mend(point)) from None
    if not isinstance(plugin, PluginAtom):
        raise UsageError(f"{_named(point)} isn't an atomci.atoms.loading.plugins.PluginAtom", _mend(point))
    return plugin


def _named(point: EntryPoint) -> str:
    return f"entry point {point.name} = {point.value} ({point.dist.name if point.dist else 'unknown'})"


def _mend(point: EntryPoint) -> str:
    return f"update or uninstall {point.dist.name if point.dist else 'that package'}"


def _any_mention(search: Sequence[str]) -> bool:
    mark = f"[{GROUP}]".encode()
    files = (folder / "entry_points.txt" for folder in info_folders(search))
    return any(mark in file.read_bytes() for file in files if file.is_file())
