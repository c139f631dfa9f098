"""A package manager of the table is one for the question, the catalog and the schema too."""

from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import yaml

from atomci.artifacts.schemas import ManagerChoice
from atomci.bootstrap.managers.table import MANAGERS
from atomci.catalog import atom

COPIER = Path(__file__).parents[2] / "copier.yml"


def test_the_template_asks_for_and_the_schema_takes_every_manager() -> None:
    assert yaml.safe_load(COPIER.read_text(encoding="utf-8"))["dependency_manager"]["choices"] == list(
        MANAGERS
    )
    assert get_args(get_type_hints(ManagerChoice)["manager"]) == tuple(MANAGERS)


@pytest.mark.parametrize("name", MANAGERS)
def test_the_rows_of_atoms_name_the_files_of_every_manager(name: str) -> None:
    """A row that doesn't would keep a result although the lock is another one."""
    manager = MANAGERS[name]  # type: ignore[index]
    assert name == manager.NAME
    for row in ("choose_dependency_manager", "verify_toolchain_versions", "cache_dependencies_effectively"):
        assert set(manager.FILES) <= set(atom(row).reads), row
    assert set(manager.LOCKS) <= set(atom("compile_lockfile_and_sync").writes)
