"""`[tool.atomci.coverage]`: over which layers the budget counts, and how much of a change it asks for."""

from __future__ import annotations

from typing import Literal

import msgspec

from atomci.project import Project
from atomci.tables import own_table, table_error

__all__ = ["CoverageSettings", "read_coverage"]


class CoverageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What coverage owes, beside the total that coverage's own settings ask for."""

    layers: tuple[Literal["unit", "integration", "e2e"], ...] = ("unit",)
    """Layers of tests that count together; the gate judges the unit tests only where they stand alone."""
    changed_lines: float = 0.0
    """Percent of the changed statements that have to be covered; 0 asks for none."""


def read_coverage(project: Project) -> CoverageSettings:
    """`[tool.atomci.coverage]`. Raises UsageError."""
    found = own_table(project, "coverage", CoverageSettings)
    if not found.layers:
        raise table_error(project, ("coverage", "layers"), 'name at least one: layers = ["unit"]')
    if len(set(found.layers)) < len(found.layers):
        raise table_error(project, ("coverage", "layers"), "name each layer once")
    if not 0 <= found.changed_lines <= 100:
        raise table_error(project, ("coverage", "changed_lines"), "give percent: from 0 to 100")
    return found
