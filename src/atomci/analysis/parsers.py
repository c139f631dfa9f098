"""The parsers that `[tool.atomci.atoms.NAME] reads = "..."` may name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from atomci.analysis.paths import relative
from atomci.analysis.programs import broken
from atomci.analysis.protocol import Reading
from atomci.analysis.sarif.reading import read_log
from atomci.analysis.table import TOOLS
from atomci.artifacts.handed.schemas import Finding
from atomci.tools.process import Completed

__all__ = ["PARSERS", "Parser"]

Parser = Callable[[Completed, Path, str], Reading]

_LINE = re.compile(
    r"^(?P<path>[^\s:][^:\n]*?):(?P<line>\d+)(?::(?P<column>\d+))?:\s*(?P<message>.+?)\s*$",
    re.MULTILINE,
)


def lines(done: Completed, root: Path, tool: str) -> Reading:
    """`path:line[:column]: message`, as compilers and most linters print it."""
    return Reading(
        tuple(
            Finding(
                path=relative(match["path"], root),
                line=int(match["line"]),
                column=int(match["column"] or 1),
                tool=tool,
                rule=tool,
                message=match["message"],
            )
            for match in _LINE.finditer(done.stdout + done.stderr)
        )
    )


def pyright(done: Completed, root: Path, tool: str) -> Reading:
    """`pyright --outputjson` and basedpyright; lines and columns there count from 0.

    Warnings are findings only where `--warnings` made them the reason for its exit code.
    """
    report = _json(done, "pyright")
    if isinstance(report, str):
        return Reading(broken=report)
    summary = report["summary"]
    level = "warning" if done.code and not summary["errorCount"] else "error"
    errors = [row for row in report["generalDiagnostics"] if row["severity"] == level]
    counted = summary.get(f"{level}Count", 0)
    if counted != len(errors):
        return broken(tool, done, f"it counts {counted} {level}s, and lists {len(errors)}")
    found = tuple(
        Finding(
            path=relative(row["file"], root),
            line=start.get("line", 0) + 1,
            column=start.get("character", 0) + 1,
            end_line=end["line"] + 1 if end else None,
            end_column=end["character"] + 1 if end else None,
            tool=tool,
            rule=row.get("rule", "pyright"),
            message=row["message"],
            lane="type",
        )
        for row in errors
        for place in [row.get("range", {})]
        for start, end in [(place.get("start", {}), place.get("end"))]
    )
    return Reading(found, summary["filesAnalyzed"])


def bandit(done: Completed, root: Path, tool: str) -> Reading:
    """`bandit --format json`; columns count from 0. Its exit code doesn't tell what it couldn't read."""
    report = _json(done, "bandit")
    if isinstance(report, str):
        return Reading(broken=report)
    examined = report["metrics"].keys() - {"_totals"}
    unread = report["errors"]
    if lost := [row for row in unread if row["filename"] not in examined]:
        return broken(tool, done, f"{lost[0]['filename']}: {lost[0]['reason']}")
    if done.code not in (0, 1) or bool(report["results"]) is not bool(done.code):
        return broken(tool, done, f"it lists {len(report['results'])} findings")
    found = [_of_bandit(row, root, tool) for row in report["results"]]
    found += [
        Finding(
            path=relative(row["filename"], root),
            line=1,
            tool=tool,
            rule="unparsable",
            message=row["reason"],
            unread=True,
        )
        for row in unread
    ]
    return Reading(tuple(found), len(examined))


def _of_bandit(row: Mapping[str, Any], root: Path, tool: str) -> Finding:
    ends = row.get("end_col_offset", -1)
    return Finding(
        path=relative(row["filename"], root),
        line=row["line_number"],
        column=max(row.get("col_offset", 0), 0) + 1,
        end_line=row["line_range"][-1] if row.get("line_range") and ends >= 0 else None,
        end_column=ends + 1 if ends >= 0 else None,
        tool=tool,
        rule=row["test_id"],
        message=row["issue_text"],
        level={"HIGH": "error", "MEDIUM": "warning"}.get(row["issue_severity"], "note"),  # type: ignore[arg-type]
        url=row.get("more_info"),
    )


def sarif_log(done: Completed, root: Path, tool: str) -> Reading:
    """Any tool's SARIF 2.1.0 on standard output."""
    report = _json(done, "sarif")
    if isinstance(report, str):
        return Reading(broken=report)
    return read_log(report, done, root, tool)


def _json(done: Completed, parser: str) -> dict[str, Any] | str:
    """The object on standard output, or why there is none."""
    try:
        loaded = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        text = (done.stderr or done.stdout).strip()[:300]
        return f"exit {done.code}, and parser {parser!r} can't read its output: {error}: {text}"
    return loaded if isinstance(loaded, dict) else f"parser {parser!r} expects an object"


PARSERS: Mapping[str, Parser] = {
    **{name: tool.parse for name, tool in TOOLS.items()},
    "lines": lines,
    "bandit": bandit,
    "pyright": pyright,
    "sarif": sarif_log,
}
