"""`[tool.atomci.atoms.NAME]`: swapped, disabled and tuned atoms; and the overrides, as a run goes by both."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import msgspec

from atomci.engine.overrides import Override
from atomci.project import Project
from atomci.tables import Problems, close_to, command_problem, own_tables

__all__ = ["AtomConfig", "Config", "read_atoms"]


class AtomConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most one of `run` and `use` replaces what the atom does."""

    run: str | None = None
    """A command line, run in the project's root without a shell."""
    use: str | None = None
    """An entry point, `package.module:function`, called with the atom's context."""
    reads: str | None = None
    """The parser that turns the command's output into findings; without a command, a tool to take instead."""
    inputs: tuple[str, ...] | None = None
    """Globs that replace the files the atom is declared to read."""
    enabled: bool = True
    timeout: float | None = None
    """Seconds after which one of its programs is killed."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What a run goes by; other rooms read their own tables through `Project.setting`."""

    atoms: dict[str, AtomConfig] = {}
    override: tuple[Override, ...] = ()

    def of(self, name: str) -> AtomConfig:
        """The table of one atom, all defaults when there is none."""
        return self.atoms.get(name, _DEFAULT)


_DEFAULT = AtomConfig()


def read_atoms(project: Project, names: Collection[str]) -> dict[str, AtomConfig]:
    """Each `[tool.atomci.atoms.NAME]`; `names` are those of all atoms. Raises UsageError."""

    def problems(_: str, atom: AtomConfig) -> Problems:
        yield from ((key, problem, "") for key, problem in _problems(atom))

    def unknown(name: str) -> Problems:
        if name not in names:
            yield "", "no atom has this name", close_to(name, names)

    return own_tables(project, "atoms", AtomConfig, problems, unknown)


def _problems(atom: AtomConfig) -> Iterator[tuple[str, str]]:
    """What types don't show, each with its key."""
    if atom.run is not None and atom.use is not None:
        yield "use", "give either run or use"
    if atom.use is not None and not re.fullmatch(r"[\w.]+:[\w.]+", atom.use):
        yield "use", f"{atom.use!r} isn't package.module:function"
    if atom.run is not None and (problem := command_problem(atom.run)):
        yield "run", problem
    if atom.inputs is not None and not atom.inputs:
        yield "inputs", "give at least one glob, or delete the key"
    if atom.timeout is not None and atom.timeout <= 0:
        yield "timeout", "give a number of seconds above 0"
