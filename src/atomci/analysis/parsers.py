"""The parsers that `[tool.atomci.atoms.NAME] reads = "..."` may name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

from atomci.analysis.paths import relative
from atomci.analysis.programs import broken
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
    errors = [row for row in report["generalDiagnostics"] if row["severity"] == "error"]
    summary = report["summary"]
    if summary["errorCount"] != len(errors):
        return broken(tool, done, f"it counts {summary['errorCount']} errors, and lists {len(errors)}")
    found = tuple(
        Finding(
            path=relative(row["file"], root),
            line=start.get("line", 0) + 1,
            column=start.get("character", 0) + 1,
            tool=tool,
            rule=row.get("rule", "pyright"),
            message=row["message"],
            lane="type",
        )
        for row in errors
        for start in [row.get("range", {}).get("start", {})]
    )
    return Reading(found, summary["filesAnalyzed"])


def sarif(done: Completed, root: Path, tool: str) -> Reading:
    """Any tool's SARIF 2.1.0 on standard output."""
    report = _json(done, "sarif")
    if isinstance(report, str):
        return Reading(broken=report)
    runs = report["runs"]
    if why := next(filter(None, map(_unfinished, runs)), "" if runs else "its SARIF has no run"):
        return broken(tool, done, why)
    return Reading(
        tuple(
            _sarif_finding(row, run, root, tool)
            for run in runs
            for row in run["results"]
            if _is_objection(row)
        )
    )


def _unfinished(run: Mapping[str, Any]) -> str:
    """Why a run of a SARIF log doesn't tell what there is."""
    for invocation in run.get("invocations", ()):
        if invocation.get("executionSuccessful") is False:
            notes = invocation.get("toolExecutionNotifications", ())
            return "; ".join(["its run wasn't successful", *map(_text, notes)])
    # An empty list says that nothing was found; none says that nothing was looked for.
    return "its run has no results" if run.get("results") is None else ""


def _is_objection(row: Mapping[str, Any]) -> bool:
    """Whether it counts: not what passed, what is gone, and what the tool itself says is suppressed."""
    waived = row.get("suppressions") or ()
    accepted = bool(waived) and all(one.get("status", "accepted") == "accepted" for one in waived)
    kind = row.get("kind", "fail")
    return kind in ("fail", "open", "review") and row.get("baselineState") != "absent" and not accepted


def _sarif_finding(row: Mapping[str, Any], run: Mapping[str, Any], root: Path, tool: str) -> Finding:
    """A result without a place is one of the project."""
    locations = row.get("locations") or [{}]
    place = locations[0].get("physicalLocation", {})
    region = place.get("region", {})
    artifact = place.get("artifactLocation", {})
    base = run.get("originalUriBaseIds", {}).get(artifact.get("uriBaseId", ""), {}).get("uri", "")
    uri = urlsplit(urljoin(base, artifact.get("uri", ".")))
    path = url2pathname(uri.path) if uri.scheme == "file" else unquote(uri.path)
    return Finding(
        path=relative(path, root),
        line=region.get("startLine", 1),
        column=region.get("startColumn", 1),
        tool=run["tool"]["driver"]["name"],
        rule=row.get("ruleId") or row.get("rule", {}).get("id") or tool,
        message=_text(row) or str(row.get("ruleId", "no message")),
    )


def _text(row: Mapping[str, Any]) -> str:
    message = row.get("message", {})
    return str(message.get("text") or message.get("markdown") or message.get("id") or "")


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
