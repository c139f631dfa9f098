"""black has no machine output: files come from its messages, lines from its diff."""

from __future__ import annotations

import re
from pathlib import Path

from atomci.analysis.paths import relative
from atomci.artifacts.schemas import Finding
from atomci.errors import InfrastructureError
from atomci.tools.process import Completed

__all__ = ["ARGUMENTS", "DIFF_ARGUMENTS", "first_changes", "parse"]

ARGUMENTS = ("--check", ".")
# Kept apart from --check, since black doesn't use its cache with --diff.
DIFF_ARGUMENTS = ("--diff", "--quiet")

_WOULD = re.compile(r"^would reformat (.+)$", re.MULTILINE)
_CANNOT = re.compile(r"^error: cannot format (.+?): (.+?)(?:: (\d+):(\d+)(?:: .*)?)?$", re.MULTILINE)
# How newer versions say so: the place, the line, a caret, then the error.
_CANNOT_PARSE = re.compile(r"^error: cannot parse(?: for [^:\n]+)?: (.+?):(\d+):(\d+)$", re.MULTILINE)
_HUNK = re.compile(r"^@@ -(\d+)")


def parse(done: Completed, root: Path, tool: str = "black") -> tuple[Finding, ...]:
    """Findings of `black --check`, all at line 1. Raises InfrastructureError when black itself failed."""
    if done.code not in (0, 1, 123):
        raise InfrastructureError(f"black failed (exit {done.code}): {done.stderr.strip()[:500]}")
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
        raise InfrastructureError(f"black failed: {done.stderr.strip()[:500]}")
    return tuple(found)


def first_changes(diff: str, root: Path) -> dict[str, int]:
    """The first line that `black --diff` changes, by path."""
    lines: dict[str, int] = {}
    path, number = "", 0
    for line in diff.splitlines():
        if line.startswith("--- "):
            path = relative(line[4:].rsplit("\t", 1)[0], root)
        elif match := _HUNK.match(line):
            number = int(match[1])
        elif line.startswith(("-", "+")) and not line.startswith("+++"):
            lines.setdefault(path, max(number, 1))
        else:
            number += 1
    return lines


def _finding(path: str, tool: str, rule: str, message: str, where: tuple[int, int] = (1, 1)) -> Finding:
    return Finding(
        path=path,
        line=where[0],
        column=where[1],
        tool=tool,
        rule=rule,
        message=message,
        lane="format",
        fixable=rule == "unformatted",
    )
