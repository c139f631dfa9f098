"""`[tool.atomci]`, put together: which rooms have settings there, and all of them checked at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from atomci.artifacts.retention import read_retention
from atomci.configuration.ci.declared_secrets import read_secrets
from atomci.engine.config import Config, read_config
from atomci.project import Project
from atomci.tables import table_error, unknown_key
from atomci.testing.service_settings import read_services
from atomci.testing.sharding.settings import read_shards, read_slow
from atomci.update.drift.excepted import read_excepted

__all__ = ["KEYS", "load_config"]

# By the key below [tool.atomci]; those of the engine come in its Config.
_READERS: dict[str, Callable[[Project], object]] = {
    "services": read_services,
    "drift": read_excepted,
    "secrets": read_secrets,
    "retention": read_retention,
    "shards": read_shards,
    "slow": read_slow,
}
KEYS = ("atoms", "services", "drift", "secrets", "retention", "override", "shards", "slow")
"""Every key, in the order of docs."""


def load_config(project: Project, names: Collection[str]) -> Config:
    """The engine's part, all others checked too; `names` are those of all atoms.

    Raises UsageError with `pyproject.toml:LINE: tool.atomci.KEY: ...`.
    """
    table = project.table("tool").get("atomci", {})
    if not isinstance(table, Mapping):
        raise table_error(project, (), f"expected a table, got {table!r}")
    for key in table.keys() - set(KEYS):
        raise table_error(project, (key,), unknown_key(KEYS))
    config = read_config(project, names)
    for read in _READERS.values():
        project.setting(read)
    return config
