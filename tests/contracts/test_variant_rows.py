"""A package manager or a static tool of its table is one for the question, the schema and the catalog too."""

from pathlib import Path
from typing import get_args

import pytest
import yaml

from atomci.analysis.table import ATOMS, TOOLS
from atomci.artifacts.handed.schemas import Lane, ManagerName
from atomci.bootstrap.managers.table import MANAGERS
from atomci.catalog import atom

COPIER = Path(__file__).parents[2] / "copier.yml"


def test_the_template_asks_for_and_the_schema_takes_every_manager() -> None:
    assert yaml.safe_load(COPIER.read_text(encoding="utf-8"))["dependency_manager"]["choices"] == list(
        MANAGERS
    )
    assert get_args(ManagerName) == tuple(MANAGERS)


@pytest.mark.parametrize("name", MANAGERS)
def test_the_rows_of_atoms_name_the_files_of_every_manager(name: str) -> None:
    """A row that doesn't would keep a result although the lock is another one."""
    manager = MANAGERS[name]  # type: ignore[index]
    for row in ("choose_dependency_manager", "verify_toolchain_versions", "cache_dependencies_effectively"):
        assert set(manager.FILES) <= set(atom(row).reads), row
    assert set(manager.LOCKS) <= set(atom("compile_lockfile_and_sync").writes)


@pytest.mark.parametrize("name", TOOLS)
def test_the_rows_of_atoms_name_the_settings_of_every_static_tool(name: str) -> None:
    """Any tool may stand in for another of its lane, and its settings are judged."""
    tool = TOOLS[name]
    for row in ("configure_ruff_black_mypy", *ATOMS):
        assert set(tool.OVERRIDING) <= set(atom(row).reads), row


def test_every_lane_has_its_atom() -> None:
    assert [tool.LANE for tool in ATOMS.values()] == list(get_args(Lane))
