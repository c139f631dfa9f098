"""The log: one run per tool with a category of its own, and URIs from the top of the repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import quote

from atomci.analysis.sarif.fingerprints import line_fingerprints
from atomci.analysis.sarif.limits import NAME, RESULTS, SHOWN, cut, fitting, ranked
from atomci.analysis.sarif.rules import described
from atomci.artifacts.handed.schemas import Finding, Findings

__all__ = ["Log", "to_sarif"]


@dataclass(frozen=True)
class Log:
    """A SARIF log; how many findings of an atom it lacks; what to say of that, empty where it has all."""

    content: dict[str, object]
    unsent: dict[str, int]
    said: str = ""


def to_sarif(runs: Sequence[Findings], root: Path, below: str = "") -> Log:
    """The log of all runs, in GitHub's limits. Files are read from root for their fingerprints; those that
    can't be read get none.

    `below` leads from the top of the repository to a project in a folder of it, such as `services/one/`.
    """
    paths = {one.path for run in runs for one in _every(run)}
    fingerprints = {path: _fingerprints(root / path) for path in sorted(paths)}

    def make(most: int) -> dict[str, object]:
        return {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [_run(run, fingerprints, below, most) for run in runs],
        }

    content, most = fitting(make, max((len(_every(run)) for run in runs), default=0))
    unsent: dict[str, int] = {}
    said: list[str] = []
    for run in runs:
        inside = sum(_is_inside(one) for one in _every(run))
        if left := len(_every(run)) - min(inside, most):
            unsent[run.atom] = left
        said += _said(run, inside, most)
    return Log(content, unsent, "; ".join(said))


def _said(run: Findings, inside: int, most: int) -> Iterator[str]:
    if outside := len(_every(run)) - inside:
        yield f"SARIF lacks {outside:,} of {run.atom}, in files outside of the project"
    if inside > most:
        why = f"GitHub takes {RESULTS:,} of a tool" if most == RESULTS else "GitHub refuses a larger file"
        yield f"SARIF has {most:,} of {inside:,} findings of {run.atom}: {why}"
    elif inside > SHOWN:
        yield f"GitHub shows {SHOWN:,} of {inside:,} findings of {run.atom}"


def _every(run: Findings) -> tuple[Finding, ...]:
    return (*run.findings, *(run.held or ()))


def _is_inside(finding: Finding) -> bool:
    """Whether its path leads below the root: others are no files of the repository."""
    return not PurePath(finding.path).is_absolute() and PurePath(finding.path).parts[:1] != ("..",)


def _run(run: Findings, fingerprints: dict[str, list[str]], below: str, most: int) -> dict[str, object]:
    new = [one for one in ranked(run.findings) if _is_inside(one)]
    kept = [*new, *filter(_is_inside, ranked(run.held or ()))][:most]
    rules: dict[str, Finding] = {}
    for finding in kept:
        rules.setdefault(finding.rule, finding)
    index = {rule: number for number, rule in enumerate(rules)}
    driver: dict[str, object] = {
        "name": run.tool,
        "rules": [described(finding, run.mend) for finding in rules.values()],
    }
    if run.version:
        driver["version"] = run.version
    results = [_result(one, index[one.rule], fingerprints[one.path], below) for one in kept]
    if run.held is not None:
        for number, result in enumerate(results):
            result["baselineState"] = "new" if number < len(new) else "unchanged"
    return {
        "tool": {"driver": driver},
        # Everything up to the last slash is GitHub's category; a second run with the same one is refused.
        "automationDetails": {"id": f"atomci/{below}{run.atom}/"},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }


def _result(finding: Finding, rule: int, fingerprints: list[str], below: str) -> dict[str, object]:
    region = {"startLine": finding.line, "startColumn": finding.column}
    # GitHub annotates a pull request only where all lines of the region are in the diff.
    if finding.end_line == finding.line and (finding.end_column or 0) > finding.column:
        region["endColumn"] = finding.end_column or 0
    result: dict[str, object] = {
        "ruleId": cut(finding.rule, NAME),
        "ruleIndex": rule,
        "level": finding.level,
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(below + finding.path)},
                    "region": region,
                }
            }
        ],
    }
    if finding.line <= len(fingerprints):
        result["partialFingerprints"] = {"primaryLocationLineHash": fingerprints[finding.line - 1]}
    return result


def _fingerprints(path: Path) -> list[str]:
    try:
        return line_fingerprints(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):
        return []
