"""ruff's linter, by its JSON. Its exit code alone doesn't tell findings from nothing to look at."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from atomci.analysis.paths import relative
from atomci.analysis.programs import broken, plain
from atomci.analysis.protocol import Reading, Site
from atomci.analysis.settings import UNSET_LINE_LENGTH, Setting, dotted
from atomci.artifacts.handed.schemas import Finding, Lane
from atomci.tools.process import Command, Completed

NAME = "ruff"
PROGRAM = "ruff"
LANE: Lane = "lint"
MEND = "ruff check --fix ."
HOOK = "ruff check"
FILE_CHECK: tuple[str, ...] = ("check", "--quiet", "--no-cache")
FILE_MEND: tuple[str, ...] = (*FILE_CHECK, "--fix")
FILES: tuple[str, ...] = ("**/*.py", "**/*.pyi", "**/*.ipynb")
READS: tuple[str, ...] = (*FILES, "**/*.toml", "**/.gitignore", "**/.ignore")
SETTINGS: tuple[str, ...] = ("ruff.toml", ".ruff.toml", "pyproject.toml", ".gitignore", ".ignore")
OF_THE_USER: tuple[str, ...] = ("ruff/ruff.toml", "ruff/.ruff.toml", "ruff/pyproject.toml", "git/ignore")
FOLLOWS_IMPORTS = False
OVERRIDING: tuple[str, ...] = ("ruff.toml", ".ruff.toml")
LINE_LENGTH = "line-length"
TARGET = "target-version"

_DEBUG = re.compile(r"^\[[\d-]+\]\[[\d:]+\]\[[\w:]+\]\[DEBUG\] .*\n?", re.MULTILINE)
_CHECKED = re.compile(r"\[DEBUG\] Checked (\d+) files? in\b")
_SETTINGS_CHECKED = re.compile(r"\[DEBUG\] Checking: .+\.toml\r?$", re.MULTILINE)
_TOP = {"row": 1, "column": 1}
# It couldn't read the file, or not as Python.
_UNREAD = ("invalid-syntax", "E902", "E999")


def commands(program: str) -> tuple[Command, ...]:
    # With fix-only in its settings, ruff would mend and print nothing.
    return (plain(program, "check", "--verbose", "--no-fix", "--no-fix-only", "--output-format=json", "."),)


def list_files(program: str) -> Command:
    """The question which files it looks at, settings among them, and those that `lint.exclude` leaves out."""
    return plain(program, "check", "--show-files", ".")


def examine(site: Site, since: str | None) -> Reading:
    program = site.tool(PROGRAM)
    (check,) = commands(program)
    done = site.run(check)
    reading = parse(done, site.root)
    if reading.broken:
        return reading
    examined = count_checked(done)
    if examined is None:
        listing = site.run(list_files(program))
        if listing.code:
            return broken(NAME, listing)
        examined = count_files(listing)
    return replace(reading, examined=examined)


def parse(done: Completed, root: Path, tool: str = NAME) -> Reading:
    """What ruff found is a list, also an empty one; printing none is no answer."""
    done = replace(done, stderr=_DEBUG.sub("", done.stderr))
    if done.code not in (0, 1):
        return broken(NAME, done)
    try:
        rows = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        return broken(NAME, done, f"its output can't be read: {error}")
    if not isinstance(rows, list) or (done.code and not rows):
        return broken(NAME, done, "its output lists no finding")
    return Reading(tuple(_finding(row, root, tool) for row in rows))


def count_checked(done: Completed) -> int | None:
    """How many files `ruff check --verbose` says that it checked, but for settings; None where it doesn't.

    Of settings it looks at the form, so that it never says that they left no Python file.
    """
    checked = _CHECKED.findall(done.stderr)
    return int(checked[-1]) - len(_SETTINGS_CHECKED.findall(done.stderr)) if checked else None


def count_files(done: Completed) -> int:
    """How many files `ruff check --show-files` names, but for settings."""
    return sum(bool(line.strip()) and not line.endswith(".toml") for line in done.stdout.splitlines())


def target(value: object, oldest: str) -> str | None:
    return oldest if value is None else dotted(value)


def own_settings(table: Mapping[str, Any], packages: Collection[str]) -> Iterator[Setting]:
    formats = table.get(LINE_LENGTH) or UNSET_LINE_LENGTH
    keys = ("lint", "pycodestyle", "max-line-length")
    reports: Any = table
    for key in keys:
        reports = reports.get(key) if isinstance(reports, Mapping) else None
    if reports and reports != formats:
        yield Setting(keys, False, f"ruff reports lines over {reports}, but formats at {formats}")


def _finding(row: Mapping[str, Any], root: Path, tool: str) -> Finding:
    start, end = row["location"] or _TOP, row["end_location"] or {}
    fix = row.get("fix")
    url = row.get("url")
    cell = f"cell {row['cell']}: " if row.get("cell") else ""  # lines of a notebook are a cell's
    rule = str(row.get("code") or _UNREAD[0])
    return Finding(
        path=relative(str(row["filename"]), root),
        line=start["row"],
        column=start["column"],
        end_line=end.get("row"),
        end_column=end.get("column"),
        tool=tool,
        rule=rule,
        message=f"{cell}{row['message']}",
        lane=LANE,
        fixable=isinstance(fix, dict) and fix.get("applicability") == "safe",
        url=str(url) if url else None,
        unread=rule in _UNREAD,
    )
