"""ruff's formatter, by its diff and what it says of it; both have been the same for many versions."""

from __future__ import annotations

import re
from pathlib import Path

from atomci.analysis import ruff
from atomci.analysis.diffs import first_changes
from atomci.analysis.paths import relative
from atomci.analysis.programs import broken, plain, unix_lines
from atomci.analysis.protocol import Reading, Site
from atomci.artifacts.handed.schemas import Finding, Lane
from atomci.tools.process import Command, Completed

NAME = "ruff-format"
PROGRAM = ruff.PROGRAM
LANE: Lane = "format"
MEND = "ruff format ."
HOOK = "ruff format"
FILE_CHECK: tuple[str, ...] = ("format", "--quiet", "--no-cache", "--check")
FILE_MEND: tuple[str, ...] = ("format", "--quiet", "--no-cache")
# Code in Markdown is formatted too.
FILES: tuple[str, ...] = (*ruff.FILES, "**/*.md")
READS: tuple[str, ...] = (*ruff.READS, "**/*.md")
SETTINGS = ruff.SETTINGS
OF_THE_USER = ruff.OF_THE_USER
FOLLOWS_IMPORTS = False
OVERRIDING = ruff.OVERRIDING
LINE_LENGTH = ruff.LINE_LENGTH
TARGET = ruff.TARGET

_COUNT = re.compile(r"(\d+) files? (would be reformatted|already formatted)")
_CANNOT = re.compile(r"^error: Failed to \w+ (.+?)(?::(\d+):(\d+))?: (.+)$", re.MULTILINE)
_NO_FILE = re.compile(r"^warning: No Python files found", re.MULTILINE)

target = ruff.target
own_settings = ruff.own_settings


def commands(program: str) -> tuple[Command, ...]:
    return (plain(program, "format", "--diff", "."),)


def examine(site: Site, since: str | None) -> Reading:
    program = site.tool(PROGRAM)
    (diff,) = commands(program)
    done = site.run(diff)
    if done.code == 0 and not (done.stdout + done.stderr).strip():
        # It says nothing where all that it would look at is settings. The linter then lists those.
        listing = site.run(ruff.list_files(program))
        if listing.code == 0 and listing.stdout.strip():
            return Reading(examined=0)
    return parse(done, site.root)


def parse(done: Completed, root: Path, tool: str = NAME) -> Reading:
    """It counts what it can read at its end, or warns that there is nothing to look at."""
    done = unix_lines(done)
    counts = {what: int(number) for number, what in _COUNT.findall(done.stderr)}
    changes = first_changes(done.stdout, root)
    found = [
        _finding(path, change.line, 1, tool, "unformatted", f"ruff would reformat this{change.where}")
        for path, change in changes.items()
    ]
    for path, line, column, message in _CANNOT.findall(done.stderr):
        place = relative(path, root)
        found.append(_finding(place, int(line or 1), int(column or 1), tool, "unparsable", message))
    unparsable = len(found) - len(changes)
    if done.code not in (0, 1, 2) or (done.code == 2) is not (unparsable > 0) or (done.code and not found):
        return broken("ruff format", done)
    if (said := counts.get("would be reformatted", 0)) != len(changes):
        return broken("ruff format", done, f"it counts {said} files, and its diff shows {len(changes)}")
    if not counts and not found:
        return Reading(examined=0) if _NO_FILE.search(done.stderr) else broken("ruff format", done)
    return Reading(tuple(found), sum(counts.values()) + unparsable)  # those that it can't read aren't counted


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
        unread=rule == "unparsable",
    )
