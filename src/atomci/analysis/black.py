"""black has no machine output: files come from its messages, lines from its diff."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from atomci.analysis.diffs import Change, first_changes
from atomci.analysis.paths import relative
from atomci.analysis.programs import broken, plain, unix_lines
from atomci.analysis.protocol import Reading, Site
from atomci.analysis.settings import any_settings, dotted
from atomci.artifacts.handed.schemas import Finding, Lane
from atomci.tools.process import Command, Completed

NAME = "black"
PROGRAM = "black"
LANE: Lane = "format"
MEND = "black ."
HOOK = "black"
FILE_CHECK: tuple[str, ...] = ("--quiet", "--check")
FILE_MEND: tuple[str, ...] = ("--quiet",)
FILES: tuple[str, ...] = ("**/*.py", "**/*.pyi", "**/*.ipynb")
READS: tuple[str, ...] = (*FILES, "**/pyproject.toml", "**/.gitignore")
SETTINGS: tuple[str, ...] = ("pyproject.toml", ".gitignore")
OF_THE_USER: tuple[str, ...] = ("black", "git/ignore")
FOLLOWS_IMPORTS = False
OVERRIDING: tuple[str, ...] = ()
LINE_LENGTH = "line-length"
TARGET = "target-version"

# Its table may say quiet or color; these overrule it, and each file is named and counted.
_SPOKEN = ("--verbose", "--no-color")
# Kept apart from --check, since black doesn't use its cache with --diff.
_DIFF = ("--diff", "--quiet", "--no-color", "--")
_WORKERS = "BLACK_NUM_WORKERS"
# More paths than these don't fit on every system's command line.
_MOST_PATHS = 100
_WOULD = re.compile(r"^would reformat (.+)$", re.MULTILINE)
_CANNOT = re.compile(r"^error: cannot format (.+?): (.+?)(?:: (\d+):(\d+)(?:: .*)?)?$", re.MULTILINE)
# How newer versions say so: the place, the line, a caret, then the error.
_CANNOT_PARSE = re.compile(r"^error: cannot parse(?: for [^:\n]+)?: (.+?):(\d+):(\d+)$", re.MULTILINE)
_COUNT = re.compile(r"(\d+) files? would (be reformatted|be left unchanged|fail to reformat)")
_LAST_LINE = re.compile(rf"^{_COUNT.pattern}(?:, {_COUNT.pattern})*\.$", re.MULTILINE)
# Above it, verbose shows the settings, which may be any text.
_BEGINS = re.compile(r"^Found input source", re.MULTILINE)
_NO_FILE = re.compile(r"^No Python files", re.MULTILINE)
_NO_NOTEBOOKS = re.compile(r"^Skipping \.ipynb files", re.MULTILINE)

own_settings = any_settings


def commands(program: str) -> tuple[Command, ...]:
    return (plain(program, "--check", *_SPOKEN, "."),)


def examine(site: Site, since: str | None) -> Reading:
    program = site.tool(PROGRAM)
    (check,) = commands(program)
    reading = parse(site.run(replace(check, unsaid=_workers(site))), site.root)
    if unformatted := [finding.path for finding in reading.findings if finding.rule == "unformatted"]:
        paths = unformatted if len(unformatted) <= _MOST_PATHS else ["."]
        changes = first_changes(site.run(plain(program, *_DIFF, *paths)).stdout, site.root)
        reading = replace(reading, findings=tuple(_placed(one, changes) for one in reading.findings))
    return reading


def _workers(site: Site) -> Mapping[str, str]:
    """Left alone it starts one for each processor, which slows down the tests that run beside it."""
    if site.processors is None or _WORKERS in os.environ:
        return {}
    return {_WORKERS: str(site.processors)}


def parse(done: Completed, root: Path, tool: str = NAME) -> Reading:
    """All findings of what black would change are at line 1; its last line says whether that is all."""
    done = unix_lines(done)
    begins = _BEGINS.search(done.stderr)
    said = done.stderr[begins.start() :] if begins else done.stderr
    left_out = "notebooks: black[jupyter] isn't installed" if _NO_NOTEBOOKS.search(said) else ""
    if done.code == 0 and _NO_FILE.search(said):
        return Reading(examined=0, left_out=left_out)
    last = deque(_LAST_LINE.finditer(said), maxlen=1)
    if done.code not in (0, 1, 123) or not last:
        return broken(NAME, done)
    counts = {what: int(number) for number, what in _COUNT.findall(last[0][0])}
    found = [
        _finding(relative(path, root), tool, "unformatted", "black would reformat this")
        for path in _WOULD.findall(said)
    ]
    for path, message, line, column in _CANNOT.findall(said):
        where = (int(line or 1), int(column or 0) + 1)
        found.append(_finding(relative(path, root), tool, "unparsable", message, where))
    for path, line, column in _CANNOT_PARSE.findall(said):
        where = (int(line), int(column) + 1)
        found.append(_finding(relative(path, root), tool, "unparsable", "black can't parse this", where))
    red = sum(counts.values()) - counts.get("be left unchanged", 0)
    if len(found) != red or (done.code != 0 and not red):
        return broken(NAME, done, f"it counts {red} files that aren't well formatted, and names {len(found)}")
    return Reading(tuple(found), sum(counts.values()), left_out=left_out)


def target(value: object, oldest: str) -> str | None:
    if value is None:
        return oldest
    # Black writes what all of the listed versions understand: the oldest decides.
    known = [dotted(one) for one in ([value] if isinstance(value, str) else value)]  # type: ignore[attr-defined]
    return min(known, key=lambda version: int(version.partition(".")[2] or 0), default=None)


def _placed(finding: Finding, changes: Mapping[str, Change]) -> Finding:
    change = changes.get(finding.path)
    if change is None or finding.rule != "unformatted":
        return finding
    return structs.replace(finding, line=change.line, message=finding.message + change.where)


def _finding(path: str, tool: str, rule: str, message: str, where: tuple[int, int] = (1, 1)) -> Finding:
    return Finding(
        path=path,
        line=where[0],
        column=where[1],
        tool=tool,
        rule=rule,
        message=message,
        lane=LANE,
        fixable=rule == "unformatted",
        unread=rule == "unparsable",
    )
