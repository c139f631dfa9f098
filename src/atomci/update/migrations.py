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
from dataclasses import dataclass, field
from typing import Any

from packaging.version import InvalidVersion, Version

from atomci.artifacts.sync import MigrationStep
from atomci.errors import UsageError
from atomci.template.versions import position
from atomci.tools.objects import Entry, Files, Objects
from atomci.update.toml_keys import move_key

__all__ = ["FILE", "Migration", "Migrations", "migrations_between"]

FILE = "hooks/migrations.toml"
_NOTHING = "nothing to do here"
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
    """One of them: its kind, and what that kind takes."""

    id: str
    version: str
    reason: str
    kind: str
    what: Any


@dataclass
class Migrations:
    """Those between two versions, in order. Each method carries its kinds out and notes what came of it."""

    chosen: tuple[Migration, ...]
    skipped: frozenset[str] = frozenset()
    effects: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    def answers(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """The recorded answers as the new version knows them."""
        answers = dict(recorded)
        for migration in self._of("rename_answer", "set_answer"):
            what = migration.what
            if migration.kind == "set_answer":
                changed = answers.get(what["name"]) != what["value"]
                answers[what["name"]] = what["value"]
                effect = f"{what['name']} is answered {what['value']!r}"
            else:
                changed = what["from"] in answers and what["to"] not in answers
                if changed:
                    answers[what["to"]] = answers.pop(what["from"])
                effect = f"the answer {what['from']} is called {what['to']}"
            self.effects[migration.id] = effect if changed else _NOTHING
        return answers

    def files(self, objects: Objects, ours: Files, base: Files, theirs: Files, prefix: str) -> None:
        """Change the project's files and the old render as if both had been made this way."""
        for migration in self._of("rename", "delete_unmodified", "move_key"):
            what = migration.what
            if migration.kind == "rename":
                effect = self._rename(ours, base, prefix + what["from"], prefix + what["to"])
            elif migration.kind == "delete_unmodified":
                effect = _delete(ours, base, theirs, prefix + what)
            else:
                effect = _move(objects, ours, base, prefix + what["file"], what["from"], what["to"])
            self.effects[migration.id] = effect

    def steps(self) -> tuple[MigrationStep, ...]:
        """What came of each, for the report."""
        return tuple(
            MigrationStep(
                id=migration.id,
                version=migration.version,
                reason=migration.reason,
                effect=self.effects.get(migration.id, _NOTHING),
                skipped=migration.id in self.skipped,
            )
            for migration in self.chosen
        )

    def _of(self, *kinds: str) -> list[Migration]:
        return [m for m in self.chosen if m.kind in kinds and m.id not in self.skipped]

    def _rename(self, ours: Files, base: Files, source: str, target: str) -> str:
        moved = 0
        for path in _under(ours, source):
            new = target + path.removeprefix(source)
            if new not in ours:
                ours[new] = ours.pop(path)
                self.renamed[new] = path
                moved += 1
        for path in _under(base, source):
            new = target + path.removeprefix(source)
            if new not in base:
                base[new] = base.pop(path)
        return f"{source} becomes {target}" if moved else _NOTHING


def migrations_between(text: bytes | None, before: str, after: str, skip: Collection[str] = ()) -> Migrations:
    """The migrations that an update from one recorded version to another goes through.

    From a version that can't be placed: all up to the new one. Raises UsageError for a malformed file and
    for an unknown id in `skip`.
    """
    known = _parsed(text) if text is not None else []
    here, there = position(before), position(after)
    chosen = []
    for migration in known:
        at = (Version(migration.version), 0)
        if before != after and (here is None or here < at) and (there is None or at <= there):
            chosen.append(migration)
    if unknown := sorted(set(skip) - {migration.id for migration in chosen}):
        names = ", ".join(migration.id for migration in chosen) or "none"
        raise UsageError(f"--skip {unknown[0]}: no such migration in this update", f"it has: {names}")
    chosen.sort(key=lambda migration: Version(migration.version))
    return Migrations(tuple(chosen), frozenset(skip))


def _parsed(text: bytes) -> list[Migration]:
    try:
        rows = tomllib.loads(text.decode("utf-8")).get("migration", [])
        found = [_migration(row) for row in rows]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, InvalidVersion, KeyError, TypeError) as error:
        raise UsageError(f"the template's {FILE} is malformed: {error}", "its authors can mend it") from None
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
    Version(row["version"])
    return Migration(row["id"], row["version"], row["reason"], kind, what)


def _under(files: Files, path: str) -> list[str]:
    if not path.endswith("/"):
        return [path] if path in files else []
    return [file for file in files if file.startswith(path)]


def _delete(ours: Files, base: Files, theirs: Files, path: str) -> str:
    if path not in ours or path in theirs:
        return _NOTHING
    if ours[path] != base.get(path):
        return f"{path} stays, since it was changed"
    del ours[path], base[path]
    return f"{path} is removed"


def _move(objects: Objects, ours: Files, base: Files, path: str, source: str, target: str) -> str:
    effect = _NOTHING
    for files in (base, ours):
        if path not in files:
            continue
        content = objects.read([files[path].oid])[files[path].oid]
        try:
            moved = move_key(content.decode("utf-8"), source, target)
        except ValueError as error:
            effect = f"{path}: move {source} to {target} by hand, {error}"
            continue
        if moved is not None:
            files[path] = Entry(files[path].mode, objects.write("blob", moved.encode()))
            effect = f"{path}: {source} becomes {target}"
    return effect
