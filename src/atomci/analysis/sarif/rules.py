"""What a rule is and where it is explained, as GitHub shows it beside an alert."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from atomci.analysis.sarif.limits import DESCRIPTION, NAME, cut
from atomci.artifacts.handed.schemas import Finding

__all__ = ["described"]

_SEVERITIES = {"error": "error", "warning": "warning", "note": "recommendation"}
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")


def described(finding: Finding, mend: str) -> dict[str, object]:
    """The rule of a finding; `mend` is the command that fixes what the tool finds, or shows it."""
    name = _name(finding)
    head = f"{finding.tool} {finding.rule}" + (f": {name.replace('-', ' ')}" if name else "")
    such_as = f"{head}, such as: {finding.message}"
    lines = [such_as]
    marked = [such_as]
    if finding.url:
        lines.append(f"Explained at {finding.url}")
        marked.append(f"[What it means]({finding.url})")
    if mend:
        verb = "Fix" if finding.fixable else "See it here"
        lines.append(f"{verb}: {mend}")
        marked.append(f"{verb}: `{mend}`")
    rule: dict[str, object] = {
        "id": cut(finding.rule, NAME),
        "name": cut(name or finding.rule, NAME),
        "shortDescription": {"text": cut(head, DESCRIPTION)},
        "fullDescription": {"text": cut(such_as, DESCRIPTION)},
        "help": {"text": "\n\n".join(lines), "markdown": "\n\n".join(marked)},
        "defaultConfiguration": {"level": finding.level},
        "properties": {
            "lane": finding.lane,
            "precision": "very-high",
            "problem.severity": _SEVERITIES[finding.level],
            "tags": [finding.lane],
        },
    }
    if finding.url:
        rule["helpUri"] = finding.url
    return rule


def _name(finding: Finding) -> str:
    """The rule's name, where the address of its page ends in it; empty where not."""
    last = urlsplit(finding.url or "").path.rstrip("/").rpartition("/")[2]
    return last if _NAME.fullmatch(last) else ""
