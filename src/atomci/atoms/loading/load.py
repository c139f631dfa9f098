"""From a catalog row to what runs for it: our function, a plugin's, or what pyproject.toml puts in place."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType

from atomci.atoms.loading.builtin import HOLDS, catalog_of, module_of
from atomci.atoms.loading.plugins import PluginAtom, load_plugins
from atomci.atoms.parts.verdicts.unchanged import unchanging
from atomci.catalog import PHASES, Atom
from atomci.engine.config import AtomConfig, Config
from atomci.engine.context import Commands, Context, Implementation, Options, Outcome, Verdict, Workspace
from atomci.engine.plan import Catalog
from atomci.errors import AtomciError, InfrastructureError
from atomci.project import Project
from atomci.settings import load_config
from atomci.tables import table_error
from atomci.testing.flaky.quarantine import quarantine_today
from atomci.testing.sharding.settings import read_slow
from atomci.tools.process import Command

__all__ = ["Loader"]


@dataclass(frozen=True)
class Loader:
    """Finds the code of atoms for one project."""

    project: Project

    @cached_property
    def plugins(self) -> dict[str, PluginAtom]:
        """Third-party atoms by name."""
        return load_plugins()

    @cached_property
    def catalog(self) -> Catalog:
        """All atoms and pipelines of the project."""
        return catalog_of(self.plugins)

    @cached_property
    def config(self) -> Config:
        """`[tool.atomci]`, checked: names against the catalog, parsers and entry points for being there."""
        config = load_config(self.project, self.catalog.atoms.keys())
        for name, swap in config.atoms.items():
            if swap.reads is not None:
                _check_reads(self.project, name, swap)
            if swap.use is not None:
                _entry_point(self.project, name, swap.use)
        for index, row in enumerate(config.override):
            if self.catalog.atoms[row.atom].last:
                keys = ("override", index, "atom")
                hint = "override the atom that is red"
                raise table_error(self.project, keys, f"{row.atom} judges the others", hint)
        return config

    def workspace(self, options: Options | None = None) -> Workspace:
        """What all atoms of one call share."""
        config, options = self.config, options or Options()
        off = options.event in self.project.setting(read_slow).skip_on
        conditions = (*["without slow tests"] * off, *quarantine_today(self.project).conditions)
        return Workspace(self.project, self.catalog, config, options, conditions)

    def implementation(self, atom: Atom) -> Implementation:
        """What runs for the atom. Raises UsageError when what stands in for it can't be loaded."""
        found = self._found(atom)
        if not atom.last or found.origin == "built-in":
            return found
        from atomci.atoms.parts.verdicts.gate import bound_to_the_run

        return bound_to_the_run(found)

    def _found(self, atom: Atom) -> Implementation:
        swap = self.config.of(atom.name)
        if swap.run is not None:
            from atomci.atoms.loading.swapped import command_atom

            return command_atom(atom, swap)
        if swap.use is not None:
            function = _entry_point(self.project, atom.name, swap.use)
            return Implementation(unchanging(function), origin=f"pyproject.toml: use = {swap.use!r}")
        if (plugin := self.plugins.get(atom.name)) is not None:
            built = Implementation(unchanging(plugin.run), origin="plugin")
            return built if plugin.commands is None else replace(built, commands=_told(plugin.commands))
        if swap.reads is not None:
            return replace(_built_in(atom), origin=f"pyproject.toml: reads = {swap.reads!r}")
        return _built_in(atom)

    def check(self, atom: Atom) -> Callable[[Context], Verdict]:
        """The atom's own check; for one without, what it left in artifacts/ is the evidence."""
        from atomci.atoms.parts.verdicts.evidence import last_result

        if (plugin := self.plugins.get(atom.name)) is not None:
            return plugin.check or last_result
        found: Callable[[Context], Verdict] = getattr(_phase_module(atom), atom.name + HOLDS, last_result)
        return found


def _told(commands: Commands) -> Commands:
    """What a package says that its atom starts; whatever it raises is its error."""

    def tell(ctx: Context) -> Sequence[Command]:
        try:
            return tuple(commands(ctx))
        except AtomciError:
            raise
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            hint = "update the package that it comes from"
            raise InfrastructureError(f"{ctx.atom.name} can't list its commands: {said}", hint) from None

    return tell


def _built_in(atom: Atom) -> Implementation:
    """What its function does; where there is only a check, what that says is written down."""
    module = _phase_module(atom)
    function = getattr(module, atom.name, None)
    if function is not None:
        commands = getattr(function, "commands", None)
        built = Implementation(function, depends=getattr(function, "depends", None))
        return built if commands is None else replace(built, commands=commands)
    from atomci.atoms.parts.verdicts.recorded import recorded

    check: Callable[[Context], Verdict] = getattr(module, atom.name + HOLDS)
    return Implementation(lambda ctx: recorded(ctx, check(ctx)))


def _phase_module(atom: Atom) -> ModuleType:
    return importlib.import_module(module_of(PHASES[atom.phase]))


def _check_reads(project: Project, name: str, swap: AtomConfig) -> None:
    from atomci.analysis.parsers import PARSERS
    from atomci.analysis.table import stands_in

    keys = ("atoms", name, "reads")
    if swap.run is None and (swap.use is not None or stands_in(name, swap.reads) is None):
        raise table_error(project, keys, "names a parser, but there is no run")
    if swap.reads not in PARSERS:
        known = f"known: {', '.join(sorted(PARSERS))}"
        raise table_error(project, keys, f"no parser is called {swap.reads!r}", known)


def _entry_point(project: Project, name: str, value: str) -> Callable[[Context], Outcome]:
    keys = ("atoms", name, "use")
    module, _, path = value.partition(":")
    try:
        found: object = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:  # whatever that module does
        raise table_error(project, keys, f"{value} can't be loaded: {error}") from None
    if not callable(found):
        raise table_error(project, keys, f"{value} can't be called")
    return found
