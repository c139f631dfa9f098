"""The parsers that `[tool.atomci.atoms.NAME] reads = "..."` may name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from atomci.analysis import black, mypy, ruff
from atomci.analysis.paths import relative
from atomci.artifacts.schemas import Finding
from atomci.errors import InfrastructureError
from atomci.tools.process import Completed

__all__ = ["PARSERS", "Parser"]

Parser = Callable[[Completed, Path, str], tuple[Finding, ...]]

_LINE = re.compile(
    r"^(?P<path>[^\s:][^:\n]*?):(?P<line>\d+)(?::(?P<column>\d+))?:\s*(?P<message>.+?)\s*$",
    re.MULTILINE,
)


def lines(done: Completed, root: Path, tool: str) -> tuple[Finding, ...]:
    """`path:line[:column]: message`, as compilers and most linters print it."""
    return tuple(
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


def pyright(done: Completed, root: Path, tool: str) -> tuple[Finding, ...]:
    """`pyright --outputjson` and basedpyright; lines and columns there count from 0."""
    report = _json(done, "pyright")
    return tuple(
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


def sarif(done: Completed, root: Path, tool: str) -> tuple[Finding, ...]:
    """Any tool's SARIF 2.1.0 on standard output."""
    found = []
    for run in _json(done, "sarif")["runs"]:
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
    return tuple(found)


def _json(done: Completed, parser: str) -> dict[str, Any]:
    try:
        loaded = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        text = (done.stderr or done.stdout).strip()[:300]
        raise InfrastructureError(
            f"exit {done.code}, and parser {parser!r} can't read its output: {error}: {text}"
        ) from None
    if not isinstance(loaded, dict):
        raise InfrastructureError(f"parser {parser!r} expects an object")
    return loaded


PARSERS: Mapping[str, Parser] = {
    "black": black.parse,
    "lines": lines,
    "mypy": mypy.parse,
    "pyright": pyright,
    "ruff": ruff.parse,
    "sarif": sarif,
}
