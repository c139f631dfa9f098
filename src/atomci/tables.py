"""`[tool.atomci]` of pyproject.toml, table by table, and other TOML files. What is wrong has its line.

A room that has settings declares a struct and a reader of its table. The reader is called through
`Project.setting`, which keeps what it returned; `settings.py` calls all of them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from atomci.decoding import converted
from atomci.errors import UsageError
from atomci.project import Project

__all__ = [
    "Problems",
    "close_to",
    "command_problem",
    "file_rows",
    "own_rows",
    "own_table",
    "own_tables",
    "table_error",
    "unknown_key",
    "value_of",
]

T = TypeVar("T", bound=msgspec.Struct)

Problems = Iterable[tuple[str, str, str]]
"""What types don't show: the key (empty for the whole table), what is wrong, and a hint."""


class _Source(NamedTuple):
    """A TOML file of the project, and the tables in it above those that are read."""

    root: Path
    file: str
    above: tuple[str, ...] = ()

    def error(self, keys: Sequence[str | int], message: str, hint: str = "") -> UsageError:
        """With the line of the key, or of the closest one above it; a number counts in a list."""
        from atomci.toml_lines import closest_line, lines_of

        path = (*self.above, *keys)
        shown = ".".join(key for key in path if isinstance(key, str))
        line = closest_line(lines_of((self.root / self.file).read_text(encoding="utf-8")), path)
        return UsageError(f"{self.file}:{line}: {shown}: {message}", hint)


def _pyproject(project: Project) -> _Source:
    return _Source(project.root, "pyproject.toml", ("tool", "atomci"))


def value_of(project: Project, name: str, default: Any) -> Any:
    """What `tool.atomci.NAME` is, as TOML has it."""
    return project.table("tool", "atomci").get(name, default)


def own_table(project: Project, name: str, kind: type[T]) -> T:
    """`[tool.atomci.NAME]` as its struct. Raises UsageError."""
    row = value_of(project, name, {})
    if not isinstance(row, Mapping):
        raise table_error(project, (name,), f"expected a table, got {row!r}")
    return _converted(_pyproject(project), (name,), row, kind)


def own_tables(
    project: Project,
    name: str,
    kind: type[T],
    problems: Callable[[str, T], Problems],
    unknown: Callable[[str], Problems] = lambda _: (),
) -> dict[str, T]:
    """Each `[tool.atomci.NAME.KEY]` by its key; `unknown` looks at the key alone. Raises UsageError."""
    tables = value_of(project, name, {})
    if not isinstance(tables, Mapping):
        raise table_error(project, (name,), f"expected a table, got {tables!r}")
    found, source = {}, _pyproject(project)
    for key, row in tables.items():
        _refuse(source, (name, key), unknown(key))
        found[key] = _converted(source, (name, key), row, kind)
        _refuse(source, (name, key), problems(key, found[key]))
    return found


def own_rows(
    project: Project, name: str, kind: type[T], key: str, problems: Callable[[T, Collection[str]], Problems]
) -> tuple[T, ...]:
    """Each `[[tool.atomci.NAME]]`; `problems` also gets the `key` of those before it. Raises UsageError."""
    return _rows(_pyproject(project), value_of(project, name, []), name, kind, key, problems)


def file_rows(
    project: Project,
    file: str,
    name: str,
    kind: type[T],
    key: str,
    problems: Callable[[T, Collection[str]], Problems],
) -> tuple[T, ...]:
    """Each `[[NAME]]` of a file that holds nothing else; none without the file. Raises UsageError."""
    import tomllib

    source = _Source(project.root, file)
    try:
        tables = tomllib.loads((project.root / file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file}: {error}", "fix the file; nothing was run") from None
    for unknown in tables.keys() - {name}:
        raise source.error((unknown,), unknown_key([name]))
    return _rows(source, tables.get(name, []), name, kind, key, problems)


def _rows(
    source: _Source,
    rows: object,
    name: str,
    kind: type[T],
    key: str,
    problems: Callable[[T, Collection[str]], Problems],
) -> tuple[T, ...]:
    if not isinstance(rows, list):
        raise source.error((name,), f"expected a list: [[{'.'.join((*source.above, name))}]]")
    found: dict[str, T] = {}
    for index, row in enumerate(rows):
        entry = _converted(source, (name, index), row, kind)
        _refuse(source, (name, index), problems(entry, found.keys()))
        found[getattr(entry, key)] = entry
    return tuple(found.values())


def table_error(project: Project, keys: Sequence[str | int], message: str, hint: str = "") -> UsageError:
    """What is wrong with `tool.atomci.KEYS`, with its line in pyproject.toml; a number counts in a list."""
    return _pyproject(project).error(keys, message, hint)


def unknown_key(known: Iterable[str]) -> str:
    """What is said of a key that no table has."""
    return f"unknown key; known: {', '.join(known)}"


def close_to(name: str, names: Iterable[str]) -> str:
    """The hint beside a name that no atom has."""
    import difflib

    close = difflib.get_close_matches(name, names, 1)
    return f"did you mean {close[0]}?" if close else "atomci list shows the names"


def command_problem(command: str) -> str | None:
    """Why a text isn't a command line, None when it is one."""
    try:
        return None if shlex.split(command) else "the command is empty"
    except ValueError as error:
        return f"not a command line: {error}"


def _refuse(source: _Source, keys: tuple[str | int, ...], problems: Problems) -> None:
    for key, problem, hint in problems:
        raise source.error((*keys, *([key] if key else [])), problem, hint)


def _converted(source: _Source, keys: tuple[str | int, ...], row: object, kind: type[T]) -> T:
    """A table as its struct."""
    if isinstance(row, Mapping):
        for key in row.keys() - set(kind.__struct_fields__):
            raise source.error((*keys, key), unknown_key(kind.__struct_fields__))
    try:
        return converted(row, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        raise source.error((*keys, *re.findall(r"^\w+", path)), message) from None
