"""ruff's formatter, by its diff and what it says of it; both have been the same for many versions."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from atomci.analysis import ruff
from atomci.analysis.diffs import first_changes
from atomci.analysis.paths import relative
from atomci.analysis.protocol import Reading, Site
from atomci.artifacts.schemas import Finding, Lane
from atomci.tools.process import Command, Completed

NAME = "ruff-format"
PROGRAM = ruff.PROGRAM
LANE: Lane = "format"
MEND = "ruff format ."
HOOK = "ruff format"
FILE_CHECK: tuple[str, ...] = ("format", "--quiet", "--no-cache", "--check")
FILE_MEND: tuple[str, ...] = ("format", "--quiet", "--no-cache")
# Code in Markdown is formatted too.
FILES: tuple[str, ...] = (*ruff.FILES, "**/*.ipynb", "**/*.md")
READS: tuple[str, ...] = (*ruff.READS, "**/*.md")
SETTINGS = ruff.SETTINGS
OF_THE_USER = ruff.OF_THE_USER
FOLLOWS_IMPORTS = False
OVERRIDING = ruff.OVERRIDING
LINE_LENGTH = ruff.LINE_LENGTH
TARGET = ruff.TARGET

_COUNT = re.compile(r"(\d+) files? (would be reformatted|already formatted)")
_CANNOT = re.compile(r"^error: Failed to \w+ (.+?)(?::(\d+):(\d+))?: (.+)$", re.MULTILINE)

target = ruff.target
own_settings = ruff.own_settings


def commands(program: str) -> tuple[Command, ...]:
    return (Command((program, "format", "--diff", ".")),)


def examine(site: Site, since: str | None) -> Reading:
    (diff,) = commands(site.tool(PROGRAM))
    reading = parse(site.run(diff), site.root)
    return replace(reading, examined=reading.examined or 0)  # it counts whatever it looks at


def parse(done: Completed, root: Path, tool: str = NAME) -> Reading:
    counts = {what: int(number) for number, what in _COUNT.findall(done.stderr)}
    changes = first_changes(done.stdout, root)
    found = [
        _finding(path, line, 1, tool, "unformatted", "ruff would reformat this")
        for path, line in changes.items()
    ]
    for path, line, column, message in _CANNOT.findall(done.stderr):
        place = relative(path, root)
        found.append(_finding(place, int(line or 1), int(column or 1), tool, "unparsable", message))
    if done.code not in (0, 1, 2) or (done.code == 2 and not found):
        return Reading(broken=f"ruff format failed (exit {done.code}): {done.stderr.strip()[:500]}")
    if (said := counts.get("would be reformatted", 0)) != len(changes):
        return Reading(broken=f"ruff would reformat {said} files, but its --diff shows {len(changes)}")
    examined = sum(counts.values()) + len(found) - len(changes)  # those that it can't read aren't counted
    return Reading(tuple(found), examined or None)


def _finding(path: str, line: int, column: int, tool: str, rule: str, message: str) -> Finding:
    return Finding(
        path=path,
        line=line,
        column=column,
        tool=tool,
        rule=rule,
        message=message,
        lane=LANE,
        fixable=rule == "unformatted",
    )
