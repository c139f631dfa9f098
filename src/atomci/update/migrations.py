"""Migrations as data: what a version of the template changes besides its render, in `hooks/migrations.toml`.

    [[migration]]
    id = "coverage-to-its-own-table"
    version = "2.0.0"                       # applied by updates from before it to it or later
    reason = "coverage.py reads it there"
    move_key = { file = "pyproject.toml", from = "tool.pytest.cov", to = "tool.coverage.run.source" }

or `rename = { from, to }` (a file, or a folder that ends in a slash), `delete_unmodified = PATH`,
`rename_answer = { from, to }`, `set_answer = { name, value }`. Each does nothing the second time.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from packaging.version import Version

from atomci.artifacts.printed.sync import MigrationStep
from atomci.errors import UsageError
from atomci.template.versions import position
from atomci.tools.git.names import fault_of

__all__ = ["FILE", "NO_EFFECT", "Migration", "migration_steps", "migrations_between"]

FILE = "hooks/migrations.toml"
NO_EFFECT = "nothing to do here"
# Each kind of migration with the names that its table takes; a plain text where it takes none.
_KINDS: dict[str, frozenset[str]] = {
    "rename": frozenset({"from", "to"}),
    "delete_unmodified": frozenset(),
    "rename_answer": frozenset({"from", "to"}),
    "set_answer": frozenset({"name", "value"}),
    "move_key": frozenset({"file", "from", "to"}),
}


@dataclass(frozen=True)
class Migration:
    """One of them: its kind, and what that kind takes. Who updates may skip it."""

    id: str
    version: str
    reason: str
    kind: str
    what: Any
    skipped: bool = False


def migrations_between(
    text: bytes | None, before: str, after: str, skip: Collection[str] = ()
) -> tuple[Migration, ...]:
    """The migrations that an update from one recorded version to another goes through, in order.

    From a version that can't be placed: all up to the new one. Raises UsageError for a malformed file and
    for an unknown id in `skip`.
    """
    known = _parsed(text) if text is not None else []
    here, there = position(before), position(after)
    chosen = []
    for migration in known:
        at = (Version(migration.version), 0)
        if before != after and (here is None or here < at) and (there is None or at <= there):
            chosen.append(replace(migration, skipped=migration.id in skip))
    if unknown := sorted(set(skip) - {migration.id for migration in chosen}):
        names = ", ".join(migration.id for migration in chosen) or "none"
        raise UsageError(f"--skip {unknown[0]}: no such migration in this update", f"it has: {names}")
    return tuple(sorted(chosen, key=lambda migration: Version(migration.version)))


def migration_steps(
    migrations: Collection[Migration], effects: Mapping[str, str]
) -> tuple[MigrationStep, ...]:
    """What came of each, for the report; `effects` by their ids."""
    return tuple(
        MigrationStep(
            id=migration.id,
            version=migration.version,
            reason=migration.reason,
            effect=effects.get(migration.id, NO_EFFECT),
            skipped=migration.skipped,
        )
        for migration in migrations
    )


def _parsed(text: bytes) -> list[Migration]:
    try:
        rows = tomllib.loads(text.decode("utf-8")).get("migration", [])
        found = [_migration(row) for row in rows]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"the template's {FILE} is malformed: {error}", "report it to the template's authors"
        ) from None
    return found


def _migration(row: Mapping[str, Any]) -> Migration:
    kinds = [kind for kind in _KINDS if kind in row]
    if len(kinds) != 1:
        raise TypeError(f"{row.get('id')}: one of {', '.join(_KINDS)} is needed")
    kind = kinds[0]
    what = row[kind]
    wanted = _KINDS[kind]
    if set(what) != wanted if wanted else not isinstance(what, str):
        raise TypeError(f"{row['id']}: {kind} takes {', '.join(sorted(wanted)) or 'a path'}")
    for path in _paths(kind, what):
        if fault := fault_of(path.removesuffix("/")):
            raise TypeError(f"{row['id']}: {kind} {path}: {fault}")
    Version(row["version"])
    return Migration(row["id"], row["version"], row["reason"], kind, what)


def _paths(kind: str, what: Any) -> list[str]:
    """The paths that a migration names, relative to the project."""
    if kind == "rename":
        return [what["from"], what["to"]]
    if kind == "delete_unmodified":
        return [what]
    return [what["file"]] if kind == "move_key" else []
