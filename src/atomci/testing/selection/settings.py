"""`[tool.atomci.selection]`: from where changes count, when tests are selected, and what nobody can see."""

from __future__ import annotations

from typing import Literal

import msgspec

from atomci.project import Project
from atomci.tables import own_table

__all__ = ["SelectionSettings", "read_selection"]


class SelectionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a run without --since selects its tests."""

    base: str = ""
    """The branch that this one will be merged into; empty for that of origin's HEAD, or main."""
    local: Literal["auto", "always", "never"] = "auto"
    """Whether a run on a laptop selects by itself; `auto`: where no coverage is measured, or where it
    is known which lines each test covers.
    """
    ci: Literal["full", "auto"] = "full"
    """Whether a run in CI selects; `auto`: for pull requests, and pushes to other branches than the default
    one.
    """
    edges: dict[str, tuple[str, ...]] = {}
    """Globs of files, each with globs of test files that a change of them reaches; `*` crosses folders."""


def read_selection(project: Project) -> SelectionSettings:
    """`[tool.atomci.selection]`. Raises UsageError."""
    return own_table(project, "selection", SelectionSettings)
