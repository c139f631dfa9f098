"""mypy's JSON lines. Its columns count from 0; its exit code 2 stands for both a syntax error and a crash."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from atomci.analysis.paths import relative
from atomci.analysis.protocol import Reading, Site
from atomci.analysis.settings import Setting
from atomci.artifacts.schemas import Finding, Lane
from atomci.tools.git.client import Git
from atomci.tools.process import Command, Completed

NAME = "mypy"
PROGRAM = "mypy"
LANE: Lane = "type"
MEND = "mypy src"
HOOK = ""
FILE_CHECK: tuple[str, ...] = ()
FILE_MEND: tuple[str, ...] = ()
FILES: tuple[str, ...] = ("src/**/*.py", "src/**/*.pyi")
READS: tuple[str, ...] = ("**/*.py", "**/*.pyi", "**/py.typed", "**/*.ini", "**/*.toml", "**/setup.cfg")
SETTINGS: tuple[str, ...] = ("mypy.ini", ".mypy.ini", "pyproject.toml", "setup.cfg")
OF_THE_USER: tuple[str, ...] = ("mypy/config", "~/.mypy.ini")
FOLLOWS_IMPORTS = True
OVERRIDING: tuple[str, ...] = ("mypy.ini", ".mypy.ini")
LINE_LENGTH = ""
TARGET = "python_version"

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
    return (Command((program, "--output=json", "src")),)


def examine(site: Site, since: str | None) -> Reading:
    """Findings of changed files come first."""
    files = site.files(*FILES)
    if not files:
        return Reading(examined=0)
    changed = set(Git(site.root).changed(since) or ())
    await_next_second(site.root / file for file in files)
    (check,) = commands(site.tool(PROGRAM))
    reading = parse(site.run(check), site.root)
    findings = sorted(reading.findings, key=lambda finding: finding.path not in changed)
    return Reading(tuple(findings), len(files), reading.broken)


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
    try:
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    except json.JSONDecodeError as error:
        return Reading(broken=f"mypy's output can't be read: {error}")
    found = tuple(
        Finding(
            path=relative(row["file"], root),
            line=max(row["line"], 1),
            column=max(row["column"], 0) + 1,
            tool=tool,
            rule=row["code"] or "mypy",
            message=row["message"] + (f" ({row['hint']})" if row.get("hint") else ""),
            lane=LANE,
        )
        for row in rows
        if row.get("severity") == "error"
    )
    if done.code not in (0, 1) and not found:
        text = (done.stderr or done.stdout).strip()[:500]
        return Reading(broken=f"mypy failed (exit {done.code}): {text}")
    return Reading(found)


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
