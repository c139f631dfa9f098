"""ruff's linter, by its JSON. Its exit code alone doesn't tell findings from nothing to look at."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from atomci.analysis.paths import relative
from atomci.analysis.protocol import Reading, Site
from atomci.analysis.settings import UNSET_LINE_LENGTH, Setting, dotted
from atomci.artifacts.schemas import Finding, Lane
from atomci.tools.process import Command, Completed

NAME = "ruff"
PROGRAM = "ruff"
LANE: Lane = "lint"
MEND = "ruff check --fix ."
HOOK = "ruff check"
FILE_CHECK: tuple[str, ...] = ("check", "--quiet", "--no-cache")
FILE_MEND: tuple[str, ...] = (*FILE_CHECK, "--fix")
FILES: tuple[str, ...] = ("**/*.py", "**/*.pyi")
READS: tuple[str, ...] = (*FILES, "**/*.ipynb", "**/*.toml", "**/.gitignore", "**/.ignore")
SETTINGS: tuple[str, ...] = ("ruff.toml", ".ruff.toml", "pyproject.toml", ".gitignore", ".ignore")
OF_THE_USER: tuple[str, ...] = ("ruff/ruff.toml", "ruff/.ruff.toml", "ruff/pyproject.toml", "git/ignore")
FOLLOWS_IMPORTS = False
OVERRIDING: tuple[str, ...] = ("ruff.toml", ".ruff.toml")
LINE_LENGTH = "line-length"
TARGET = "target-version"


def commands(program: str) -> tuple[Command, ...]:
    check = Command((program, "check", "--no-fix", "--output-format=json", "."))
    # ruff also lints pyproject.toml, so it never says that its settings left no Python file.
    return check, Command((program, "check", "--show-files", "."))


def examine(site: Site, since: str | None) -> Reading:
    check, show_files = commands(site.tool(PROGRAM))
    reading = parse(site.run(check), site.root)
    return reading if reading.broken else replace(reading, examined=count_files(site.run(show_files)))


def parse(done: Completed, root: Path, tool: str = NAME) -> Reading:
    if done.code not in (0, 1):
        return Reading(broken=f"ruff failed (exit {done.code}): {done.stderr.strip()[:500]}")
    try:
        rows = json.loads(done.stdout or "[]")
    except json.JSONDecodeError as error:
        return Reading(broken=f"ruff's output can't be read: {error}")
    return Reading(tuple(_finding(row, root, tool) for row in rows))


def count_files(done: Completed) -> int:
    """How many Python files `ruff check --show-files` names."""
    return sum(line.endswith((".py", ".pyi", ".ipynb")) for line in done.stdout.splitlines())


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


def _finding(row: dict[str, object], root: Path, tool: str) -> Finding:
    start, end = row["location"], row["end_location"]
    assert isinstance(start, dict)
    assert isinstance(end, dict)
    fix = row.get("fix")
    url = row.get("url")
    return Finding(
        path=relative(str(row["filename"]), root),
        line=start["row"],
        column=start["column"],
        end_line=end["row"],
        end_column=end["column"],
        tool=tool,
        rule=str(row.get("code") or "invalid-syntax"),
        message=str(row["message"]),
        lane=LANE,
        fixable=isinstance(fix, dict) and fix.get("applicability") == "safe",
        url=str(url) if url else None,
    )
