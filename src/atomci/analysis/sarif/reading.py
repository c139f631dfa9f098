"""Another tool's SARIF log as findings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

from atomci.analysis.paths import relative
from atomci.analysis.programs import broken
from atomci.analysis.protocol import Reading
from atomci.artifacts.handed.schemas import Finding
from atomci.tools.process import Completed

__all__ = ["read_log"]

_Level = Literal["error", "warning", "note"]
_LEVELS: Mapping[object, _Level] = {"error": "error", "warning": "warning", "note": "note", "none": "note"}


def read_log(report: Mapping[str, Any], done: Completed, root: Path, tool: str) -> Reading:
    """What a log says; broken where one of its runs says that it failed, or that it didn't look."""
    runs = report["runs"]
    if why := next(filter(None, map(_unfinished, runs)), "" if runs else "its SARIF has no run"):
        return broken(tool, done, why)
    rows = [(row, run) for run in runs for row in run["results"] if _is_objection(row)]
    return Reading(tuple(_finding(row, run, root, tool) for row, run in rows))


def _unfinished(run: Mapping[str, Any]) -> str:
    """Why a run of a SARIF log doesn't tell what there is."""
    for invocation in run.get("invocations", ()):
        if invocation.get("executionSuccessful") is False:
            notes = invocation.get("toolExecutionNotifications", ())
            return "; ".join(["its run wasn't successful", *(_text(note, {}) for note in notes)])
    # An empty list says that nothing was found; none says that nothing was looked for.
    return "its run has no results" if run.get("results") is None else ""


def _is_objection(row: Mapping[str, Any]) -> bool:
    """Whether it counts: not what passed, what is gone, and what the tool itself says is suppressed."""
    waived = row.get("suppressions") or ()
    accepted = bool(waived) and all(one.get("status", "accepted") == "accepted" for one in waived)
    kind = row.get("kind", "fail")
    return kind in ("fail", "open", "review") and row.get("baselineState") != "absent" and not accepted


def _finding(row: Mapping[str, Any], run: Mapping[str, Any], root: Path, tool: str) -> Finding:
    """A result without a place is one of the project."""
    rule = _rule(row, run)
    locations = row.get("locations") or [{}]
    place = locations[0].get("physicalLocation", {})
    region = place.get("region", {})
    name = row.get("ruleId") or row.get("rule", {}).get("id") or rule.get("id") or tool
    level = row.get("level") or rule.get("defaultConfiguration", {}).get("level", "warning")
    return Finding(
        path=relative(_path(place.get("artifactLocation", {}), run), root),
        line=region.get("startLine", 1),
        column=region.get("startColumn", 1),
        end_line=region.get("endLine", region.get("startLine")),
        end_column=region.get("endColumn"),
        tool=run["tool"]["driver"]["name"],
        rule=name,
        message=_text(row, rule) or str(name),
        level=_LEVELS.get(level, "warning"),
        url=rule.get("helpUri"),
    )


def _rule(row: Mapping[str, Any], run: Mapping[str, Any]) -> Mapping[str, Any]:
    """The description of a result's rule; empty where the log has none."""
    rules = run["tool"]["driver"].get("rules") or []
    index = row.get("ruleIndex", row.get("rule", {}).get("index", -1))
    if 0 <= index < len(rules):
        return rules[index]  # type: ignore[no-any-return]
    name = row.get("ruleId") or row.get("rule", {}).get("id")
    return next((rule for rule in rules if name and rule.get("id") == name), {})


def _path(artifact: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Where an artifact is, which may be named by its number in the run's list."""
    listed = run.get("artifacts") or []
    if "uri" not in artifact and 0 <= artifact.get("index", -1) < len(listed):
        artifact = listed[artifact["index"]].get("location", {})
    base = run.get("originalUriBaseIds", {}).get(artifact.get("uriBaseId", ""), {}).get("uri", "")
    uri = urlsplit(urljoin(base, artifact.get("uri", ".")))
    return url2pathname(uri.path) if uri.scheme == "file" else unquote(uri.path)


def _text(row: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """A message, also one that is a text of its rule with gaps to fill."""
    message = row.get("message", {})
    told = rule.get("messageStrings", {}).get(message.get("id", ""), {})
    text = str(message.get("text") or message.get("markdown") or told.get("text") or message.get("id") or "")
    for number, argument in enumerate(message.get("arguments", ())):
        text = text.replace(f"{{{number}}}", str(argument))
    return text
