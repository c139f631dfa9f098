"""mypy by its plain lines, since with --output=json it counts nothing and says nothing at its end.

Its exit code 2 stands for a syntax error, for nothing to look at and for a crash.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import structs

from atomci.analysis.paths import relative
from atomci.analysis.programs import broken, plain, unix_lines
from atomci.analysis.protocol import Reading, Site
from atomci.analysis.settings import Setting
from atomci.artifacts.handed.schemas import Finding, Lane
from atomci.tools.git.client import Git
from atomci.tools.process import Command, Completed, shell_line

NAME = "mypy"
PROGRAM = "mypy"
LANE: Lane = "type"
MEND = "mypy"
HOOK = ""
FILE_CHECK: tuple[str, ...] = ()
FILE_MEND: tuple[str, ...] = ()
FILES: tuple[str, ...] = ("**/*.py", "**/*.pyi")
READS: tuple[str, ...] = ("**/*.py", "**/*.pyi", "**/py.typed", "**/*.ini", "**/*.toml", "**/setup.cfg")
SETTINGS: tuple[str, ...] = ("mypy.ini", ".mypy.ini", "pyproject.toml", "setup.cfg")
OF_THE_USER: tuple[str, ...] = ("mypy/config", "~/.mypy.ini")
FOLLOWS_IMPORTS = True
OVERRIDING: tuple[str, ...] = ("mypy.ini", ".mypy.ini")
LINE_LENGTH = ""
TARGET = "python_version"

# Its settings may say otherwise of each, and then its lines can't be read.
_SPOKEN = (
    "--no-pretty",
    "--show-column-numbers",
    "--show-error-codes",
    "--error-summary",
    "--no-color-output",
)
_LINE = re.compile(
    r"(?P<file>\S.*?)(?::(?P<line>\d+)(?::(?P<column>\d+))?(?::\d+:\d+)?)?: (?P<severity>error|note): "
    r"(?P<message>.*?)(?:  \[(?P<code>[\w-]+)\])?"
)
_SUCCESS = re.compile(r"Success: no issues found in (\d+) source files?")
_FOUND = re.compile(
    r"Found (?P<errors>\d+) errors? in (?P<files>\d+) files? "
    r"\((?:checked (?P<checked>\d+) source files?|errors prevented further checking)\)"
)
_NAMES_NO_FILE = "Missing target module, package, files, or command"
_NO_FILE = "There are no .py[i] files in directory"

_ASIDE = {"test", "tests", "testing", "doc", "docs", "example", "examples", "benchmarks", "build", "dist"}
_NO_MODULES = {"setup", "conftest", "noxfile", "tasks"}
_STRICT = (
    "check_untyped_defs",
    "disallow_any_generics",
    "disallow_incomplete_defs",
    "disallow_subclassing_any",
    "disallow_untyped_calls",
    "disallow_untyped_decorators",
    "disallow_untyped_defs",
    "extra_checks",
    "no_implicit_reexport",
    "strict_equality",
    "warn_redundant_casts",
    "warn_return_any",
    "warn_unused_configs",
    "warn_unused_ignores",
)
_LAX = ("ignore_errors", "implicit_reexport", "allow_untyped_defs", "allow_untyped_calls")


def commands(program: str) -> tuple[Command, ...]:
    return (plain(program, *_SPOKEN),)


def examine(site: Site, since: str | None) -> Reading:
    """Ask for what its settings name; where they name nothing, for what the project ships.

    Findings of changed files come first.
    """
    changed = set(Git(site.root).changed(since) or ())
    files = site.files(*FILES)
    await_next_second(site.root / file for file in files)
    (check,) = commands(site.tool(PROGRAM))
    named: tuple[str, ...] = ()
    done = site.run(check)
    if done.code == 2 and _NAMES_NO_FILE in done.stderr:
        named = shipped(files)
        if not named:
            return Reading(examined=0)
        done = site.run(plain(*check.argv, *named))
    reading = parse(done, site.root)
    findings = sorted(reading.findings, key=lambda finding: finding.path not in changed)
    return replace(reading, findings=tuple(findings), mend=shell_line((MEND, *named)))


def shipped(files: Iterable[str]) -> tuple[str, ...]:
    """What to name where no settings do: src, else each package that is no part of another, else modules.

    `files` are the project's Python files, from its root.
    """
    paths = [PurePosixPath(file) for file in files]
    if any(path.parts[0] == "src" for path in paths):
        return ("src",)
    paths = [path for path in paths if not _ASIDE.intersection(path.parts[:-1])]
    packages = {path.parent for path in paths if path.stem == "__init__" and path.parent.name}
    outer = {str(package) for package in packages if package.parent not in packages}
    modules = {path.name for path in paths if len(path.parts) == 1 and path.stem not in _NO_MODULES}
    folders = {path.parts[0] for path in paths if len(path.parts) > 1}
    return tuple(sorted(outer or modules or folders))


def await_next_second(files: Iterable[Path]) -> None:
    """Wait, for a second at most, while a file's last change lies in the second that it is.

    mypy's cache takes a file for unchanged by its size and the whole second of its change. Read in that very
    second, it could be changed once more without mypy ever seeing it.
    """
    newest = max((file.stat().st_mtime for file in files), default=0.0)
    seconds = int(newest) + 1 - time.time()
    if 0 < seconds <= 1:
        time.sleep(seconds)


def parse(done: Completed, root: Path, tool: str = NAME) -> Reading:
    """What it prints as text, up to the line that counts; or as --output=json, where none does."""
    done = unix_lines(done)
    if done.stdout.startswith(("{", "\n")):
        return _parse_json(done, root, tool)
    if done.code == 2 and _NO_FILE in done.stderr:
        return Reading(examined=0)
    lines = done.stdout.split("\n")
    success = next(filter(None, map(_SUCCESS.fullmatch, reversed(lines))), None)
    if success is not None and done.code == 0:
        return Reading(examined=int(success[1]))
    return _parse_errors(done, lines, root, tool)


def _parse_errors(done: Completed, lines: list[str], root: Path, tool: str) -> Reading:
    summary = next(filter(None, map(_FOUND.fullmatch, reversed(lines))), None)
    if summary is None or done.code not in (0, 1, 2):
        return broken(NAME, done)
    rows = list(filter(None, map(_LINE.fullmatch, [*lines, *done.stderr.split("\n")])))
    counted = sum(": error:" in row[0] for row in rows)  # mypy counts so too, also in the text of a note
    if counted != int(summary["errors"]):
        return broken(NAME, done, f"it counts {summary['errors']} errors, of which {counted} can be read")
    found = _findings(({**row.groupdict(), "hint": None} for row in rows), root, tool)
    if bool(found) is not bool(done.code):
        return broken(NAME, done, f"{len(found)} of its lines are errors")
    if not summary["checked"]:
        found = tuple(structs.replace(one, unread=True) for one in found)
    return Reading(found, int(summary["checked"] or summary["files"]))


def _parse_json(done: Completed, root: Path, tool: str) -> Reading:
    try:
        rows = [json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")]
    except json.JSONDecodeError as error:
        return broken(NAME, done, f"its output can't be read: {error}")
    # Columns count from 0 here, and -1 stands for none.
    found = _findings([{**row, "column": row["column"] + 1} for row in rows], root, tool)
    if done.code not in (0, 1, 2) or (done.code == 2 and not found):
        return broken(NAME, done)
    return Reading(found)


def _findings(rows: Iterable[Mapping[str, Any]], root: Path, tool: str) -> tuple[Finding, ...]:
    """The errors, each with the notes that follow it at its place."""
    errors: list[Mapping[str, Any]] = []
    notes: dict[object, list[str]] = {}
    for row in rows:
        place = (row["file"], row["line"], row["column"])
        if row["severity"] == "error":
            notes[place] = [row["hint"]] if row["hint"] else []
            errors.append({**row, "notes": notes[place]})
        elif place in notes:
            notes[place].append(row["message"].strip())
    return tuple(_finding(row, root, tool) for row in errors)


def _finding(row: Mapping[str, Any], root: Path, tool: str) -> Finding:
    return Finding(
        path=relative(row["file"], root),
        line=max(int(row["line"] or 1), 1),
        column=max(int(row["column"] or 1), 1),
        tool=tool,
        rule=row["code"] or "mypy",
        message=row["message"] + (f" ({'; '.join(row['notes'])})" if row["notes"] else ""),
        lane=LANE,
    )


def target(value: object, oldest: str) -> str | None:
    return None if value is None else str(value)


def own_settings(table: Mapping[str, Any], packages: Collection[str]) -> Iterator[Setting]:
    """It is strict, also for the project's own packages."""
    strict = table.get("strict") is True
    yield Setting(
        ("strict",), strict, "mypy is strict" if strict else "mypy isn't strict: strict = true is missing"
    )
    for key in _weakened(table):
        yield Setting((key,), False, f"{key} = {table[key]} takes from strict")
    overrides = table.get("overrides")
    for index, override in enumerate(overrides if isinstance(overrides, list) else ()):
        if not isinstance(override, Mapping):
            continue
        modules = override.get("module", ())
        names = [modules] if isinstance(modules, str) else modules
        ours = [name for name in names if name == "*" or name.split(".")[0] in packages]
        for key in _weakened(override) if ours else ():
            text = f"{key} = {override[key]} takes from strict for {', '.join(ours)}"
            yield Setting(("overrides", index, key), False, text)


def _weakened(settings: Mapping[str, Any]) -> list[str]:
    off = [key for key in _STRICT if settings.get(key) is False]
    return off + [key for key in _LAX if settings.get(key) is True]
