"""black has no machine output: files come from its messages, lines from its diff."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec.structs import replace

from atomci.analysis.diffs import first_changes
from atomci.analysis.paths import relative
from atomci.analysis.protocol import Reading, Site
from atomci.analysis.settings import any_settings, dotted
from atomci.artifacts.schemas import Finding, Lane
from atomci.tools.process import Command, Completed

NAME = "black"
PROGRAM = "black"
LANE: Lane = "format"
MEND = "black ."
HOOK = "black"
FILE_CHECK: tuple[str, ...] = ("--quiet", "--check")
FILE_MEND: tuple[str, ...] = ("--quiet",)
FILES: tuple[str, ...] = ("**/*.py", "**/*.pyi")
READS: tuple[str, ...] = (*FILES, "**/*.ipynb", "**/pyproject.toml", "**/.gitignore")
SETTINGS: tuple[str, ...] = ("pyproject.toml", ".gitignore")
OF_THE_USER: tuple[str, ...] = ("black", "git/ignore")
FOLLOWS_IMPORTS = False
OVERRIDING: tuple[str, ...] = ()
LINE_LENGTH = "line-length"
TARGET = "target-version"

# Kept apart from --check, since black doesn't use its cache with --diff.
_DIFF = ("--diff", "--quiet")
_WOULD = re.compile(r"^would reformat (.+)$", re.MULTILINE)
_CANNOT = re.compile(r"^error: cannot format (.+?): (.+?)(?:: (\d+):(\d+)(?:: .*)?)?$", re.MULTILINE)
# How newer versions say so: the place, the line, a caret, then the error.
_CANNOT_PARSE = re.compile(r"^error: cannot parse(?: for [^:\n]+)?: (.+?):(\d+):(\d+)$", re.MULTILINE)

own_settings = any_settings


def commands(program: str) -> tuple[Command, ...]:
    return (Command((program, "--check", ".")),)


def examine(site: Site, since: str | None) -> Reading:
    program = site.tool(PROGRAM)
    (check,) = commands(program)
    reading = parse(site.run(check), site.root)
    findings = reading.findings
    if unformatted := [finding.path for finding in findings if finding.rule == "unformatted"]:
        diff = site.run(Command((program, *_DIFF, *unformatted)))
        lines = first_changes(diff.stdout, site.root)
        findings = tuple(replace(one, line=lines.get(one.path, one.line)) for one in findings)
    examined = reading.examined
    if examined is None:
        examined = len(site.files(*FILES))
    return Reading(findings, examined, reading.broken)


def parse(done: Completed, root: Path, tool: str = NAME) -> Reading:
    """All findings of what black would change are at line 1."""
    if done.code not in (0, 1, 123):
        return Reading(broken=f"black failed (exit {done.code}): {done.stderr.strip()[:500]}")
    found = [
        _finding(relative(path, root), tool, "unformatted", "black would reformat this")
        for path in _WOULD.findall(done.stderr)
    ]
    for path, message, line, column in _CANNOT.findall(done.stderr):
        where = (int(line or 1), int(column or 0) + 1)
        found.append(_finding(relative(path, root), tool, "unparsable", message, where))
    for path, line, column in _CANNOT_PARSE.findall(done.stderr):
        where = (int(line), int(column) + 1)
        found.append(_finding(relative(path, root), tool, "unparsable", "black can't parse this", where))
    if done.code == 123 and not found:
        return Reading(broken=f"black failed: {done.stderr.strip()[:500]}")
    return Reading(tuple(found), 0 if "No Python files" in done.stderr else None)


def target(value: object, oldest: str) -> str | None:
    if value is None:
        return oldest
    # Black writes what all of the listed versions understand: the oldest decides.
    known = [dotted(one) for one in ([value] if isinstance(value, str) else value)]  # type: ignore[attr-defined]
    return min(known, key=lambda version: int(version.partition(".")[2] or 0), default=None)


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
    )
