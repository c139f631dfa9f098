"""Findings as SARIF 2.1.0, in the shape that GitHub code scanning takes.

One run per tool with a category of its own, URIs from the top of the repository, and fingerprints computed
here, so that baselines work offline too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from atomci.artifacts.schemas import Finding, Findings

__all__ = ["line_fingerprints", "to_sarif"]

_WINDOW = 100
_MODULUS = 2**64
_BASE = 37
_END = 65535


def to_sarif(runs: Iterable[Findings], root: Path, below: str = "") -> dict[str, object]:
    """The log object. Files are read from root for their fingerprints; unreadable ones get none.

    `below` leads from the top of the repository to a project in a folder of it, such as `services/one/`.
    """
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [_run(run, root, below) for run in runs],
    }


def line_fingerprints(text: str) -> list[str]:
    """`hash:n` for each line: a rolling hash of its next 100 non-blank characters, as GitHub computes it."""
    characters = [10 if c == "\r" else ord(c) for c in text.replace("\r\n", "\n") if c not in " \t"]
    starts = [0] + [i + 1 for i, c in enumerate(characters) if c == 10]
    padded = [*characters, _END] + [0] * _WINDOW
    seen: Counter[str] = Counter()
    found = []
    for start in starts:
        value = 0
        for character in padded[start : start + _WINDOW]:
            value = (value * _BASE + character) % _MODULUS
        digest = f"{value:x}"
        seen[digest] += 1
        found.append(f"{digest}:{seen[digest]}")
    return found


def _run(run: Findings, root: Path, below: str) -> dict[str, object]:
    every = (*run.findings, *(run.held or ()))
    rules = {finding.rule: finding for finding in every}
    ids = list(rules)
    fingerprints = {path: _fingerprints(root / path) for path in {finding.path for finding in every}}
    states = _states(run)
    driver: dict[str, object] = {"name": run.tool, "rules": [_rule(rules[rule]) for rule in ids]}
    if run.version:
        driver["version"] = run.version
    return {
        "tool": {"driver": driver},
        # Everything up to the last slash is GitHub's category; a second run with the same one is refused.
        "automationDetails": {"id": f"atomci/{below}{run.atom}/"},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(found, ids.index(found.rule), fingerprints[found.path], below) | state
            for found, state in zip(every, states, strict=True)
        ],
    }


def _states(run: Findings) -> list[dict[str, object]]:
    """Whether each result is new; nothing is said of that where there is no baseline."""
    if run.held is None:
        return [{} for _ in run.findings]
    states = ["new"] * len(run.findings) + ["unchanged"] * len(run.held)
    return [{"baselineState": state} for state in states]


def _rule(finding: Finding) -> dict[str, object]:
    text = f"{finding.tool} {finding.rule}"
    rule: dict[str, object] = {
        "id": finding.rule,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": finding.url or text},
        "properties": {"lane": finding.lane},
    }
    if finding.url:
        rule["helpUri"] = finding.url
    return rule


def _result(finding: Finding, rule: int, fingerprints: list[str], below: str) -> dict[str, object]:
    region = {"startLine": finding.line, "startColumn": finding.column}
    # GitHub annotates a pull request only where all lines of the region are in the diff.
    if finding.end_line == finding.line and (finding.end_column or 0) > finding.column:
        region["endColumn"] = finding.end_column or 0
    result: dict[str, object] = {
        "ruleId": finding.rule,
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
        return line_fingerprints(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return []
