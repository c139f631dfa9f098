"""The parsers that `[tool.atomci.atoms.NAME] reads = "..."` may name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from atomci.analysis.paths import relative
from atomci.analysis.protocol import Reading
from atomci.analysis.table import TOOLS
from atomci.artifacts.schemas import Finding
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
    """`pyright --outputjson` and basedpyright; lines and columns there count from 0."""
    report = _json(done, "pyright")
    if isinstance(report, str):
        return Reading(broken=report)
    return Reading(
        tuple(
            Finding(
                path=relative(row["file"], root),
                line=row["range"]["start"]["line"] + 1,
                column=row["range"]["start"]["character"] + 1,
                tool=tool,
                rule=row.get("rule", "pyright"),
                message=row["message"],
                lane="type",
            )
            for row in report["generalDiagnostics"]
            if row["severity"] == "error"
        )
    )


def sarif(done: Completed, root: Path, tool: str) -> Reading:
    """Any tool's SARIF 2.1.0 on standard output."""
    report = _json(done, "sarif")
    if isinstance(report, str):
        return Reading(broken=report)
    found = []
    for run in report["runs"]:
        for row in run.get("results", ()):
            place = row["locations"][0]["physicalLocation"]
            region = place.get("region", {})
            found.append(
                Finding(
                    path=relative(place["artifactLocation"]["uri"].removeprefix("file://"), root),
                    line=region.get("startLine", 1),
                    column=region.get("startColumn", 1),
                    tool=run["tool"]["driver"]["name"],
                    rule=row.get("ruleId", tool),
                    message=row["message"]["text"],
                )
            )
    return Reading(tuple(found))


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
    "pyright": pyright,
    "sarif": sarif,
}
