"""`[tool.atomci]`, put together: which rooms have settings there, and all of them checked at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from atomci.artifacts.retention import read_retention
from atomci.configuration.ci.declared_secrets import read_secrets
from atomci.engine.config import Config, read_atoms
from atomci.engine.overrides import read_overrides
from atomci.fix.settings import read_fix
from atomci.guard.policy.settings import read_guard
from atomci.project import Project
from atomci.tables import table_error, unknown_key
from atomci.testing.flaky.quarantine import read_quarantine
from atomci.testing.flaky.settings import read_retries
from atomci.testing.measurement.settings import read_coverage
from atomci.testing.provision.settings import read_services
from atomci.testing.selection.settings import read_selection
from atomci.testing.sharding.settings import read_shards, read_slow
from atomci.update.drift.excepted import read_excepted

__all__ = ["load_config"]


def _readers(names: Collection[str]) -> dict[str, Callable[[Project], Any]]:
    """Every key below `[tool.atomci]`, and who reads it."""
    return {
        "atoms": partial(read_atoms, names=names),
        "services": read_services,
        "drift": read_excepted,
        "secrets": read_secrets,
        "retention": read_retention,
        "override": partial(read_overrides, names=names),
        "coverage": read_coverage,
        "selection": read_selection,
        "retries": read_retries,
        "quarantine": read_quarantine,
        "shards": read_shards,
        "slow": read_slow,
        "guard": read_guard,
        "fix": read_fix,
    }


def load_config(project: Project, names: Collection[str]) -> Config:
    """The engine's part, all others checked too; `names` are those of all atoms.

    Raises UsageError with `pyproject.toml:LINE: tool.atomci.KEY: ...`.
    """
    readers = _readers(names)
    table = project.table("tool").get("atomci", {})
    if not isinstance(table, Mapping):
        raise table_error(project, (), f"expected a table, got {table!r}")
    for key in table.keys() - readers.keys():
        raise table_error(project, (key,), unknown_key(readers))
    read = {key: project.setting(reader) for key, reader in readers.items()}
    return Config(atoms=read["atoms"], override=read["override"])
