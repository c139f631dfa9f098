"""Every static tool, and which ones a project uses. A new one is a module and a row."""

from __future__ import annotations

from collections.abc import Mapping

from atomci.analysis import black, mypy, ruff, ruff_format
from atomci.analysis.protocol import Tool
from atomci.project import Project

__all__ = ["ATOMS", "TOOLS", "in_use", "stands_in", "tool_of"]


def _by_name(*tools: Tool) -> Mapping[str, Tool]:
    return {tool.NAME: tool for tool in tools}


TOOLS = _by_name(ruff, black, mypy, ruff_format)
"""By the name that `[tool.atomci.atoms.NAME] reads = "..."` gives them."""

ATOMS: Mapping[str, Tool] = {
    "run_ruff_lint": ruff,
    "run_black_check": black,
    "run_mypy_typecheck": mypy,
}
"""Atoms that run a tool, and which one where pyproject.toml names no other."""


def tool_of(project: Project, atom: str) -> Tool:
    """The tool of an atom: its own, or the one that stands in for it."""
    reads = project.table("tool", "atomci", "atoms", atom).get("reads")
    return stands_in(atom, reads) or ATOMS[atom]


def stands_in(atom: str, reads: str | None) -> Tool | None:
    """The other tool of the same lane that `reads` puts in place of the atom's own, if it names one."""
    own, other = ATOMS.get(atom), TOOLS.get(reads or "")
    if own is None or other is None or other is own or other.LANE != own.LANE:
        return None
    return other


def in_use(project: Project) -> tuple[Tool, ...]:
    """The tools of a project, those that mend first."""
    return tuple(tool_of(project, atom) for atom in ATOMS)
