"""Migrations carried out: on the recorded answers, and on the files of the project and of the old render."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from atomci.tools.git.objects import Entry, Files, Objects
from atomci.update.migrations import NO_EFFECT, Migration
from atomci.update.toml_keys import move_key

__all__ = ["Migrated", "migrated_answers", "migrated_files"]

Effects = dict[str, str]
"""What came of each migration, by its id."""


@dataclass(frozen=True)
class Migrated:
    """The project's files and the old render as if they had been made the new way; new paths with the old."""

    ours: Files
    base: Files
    renamed: dict[str, str]
    effects: Effects


def migrated_answers(
    migrations: Collection[Migration], recorded: Mapping[str, Any]
) -> tuple[dict[str, Any], Effects]:
    """The recorded answers as the new version knows them."""
    answers, effects = dict(recorded), {}
    for migration in _of(migrations, "rename_answer", "set_answer"):
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
        effects[migration.id] = effect if changed else NO_EFFECT
    return answers, effects


def migrated_files(
    migrations: Collection[Migration],
    objects: Objects,
    ours: Files,
    base: Files,
    theirs: Files,
) -> Migrated:
    """The files after the migrations. Paths are from the top of the repository."""
    found, prefix = Migrated(dict(ours), dict(base), {}, {}), objects.repository.prefix
    for migration in _of(migrations, "rename", "delete_unmodified", "move_key"):
        what = migration.what
        if migration.kind == "rename":
            effect = _rename(found, prefix + what["from"], prefix + what["to"])
        elif migration.kind == "delete_unmodified":
            effect = _delete(found, theirs, prefix + what)
        else:
            effect = _move(objects, found, prefix + what["file"], what["from"], what["to"])
        found.effects[migration.id] = effect
    return found


def _of(migrations: Collection[Migration], *kinds: str) -> Iterator[Migration]:
    return (one for one in migrations if one.kind in kinds and not one.skipped)


def _rename(found: Migrated, source: str, target: str) -> str:
    moved = 0
    for path in _under(found.ours, source):
        new = target + path.removeprefix(source)
        if new not in found.ours:
            found.ours[new] = found.ours.pop(path)
            found.renamed[new] = path
            moved += 1
    for path in _under(found.base, source):
        new = target + path.removeprefix(source)
        if new not in found.base:
            found.base[new] = found.base.pop(path)
    return f"{source} becomes {target}" if moved else NO_EFFECT


def _under(files: Files, path: str) -> list[str]:
    if not path.endswith("/"):
        return [path] if path in files else []
    return [file for file in files if file.startswith(path)]


def _delete(found: Migrated, theirs: Files, path: str) -> str:
    if path not in found.ours or path in theirs:
        return NO_EFFECT
    if found.ours[path] != found.base.get(path):
        return f"{path} was changed, so it stays"
    del found.ours[path], found.base[path]
    return f"{path} is removed"


def _move(objects: Objects, found: Migrated, path: str, source: str, target: str) -> str:
    effect = NO_EFFECT
    for files in (found.base, found.ours):
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
