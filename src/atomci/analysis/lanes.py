"""Which lane mends a finding, and the command that does it or shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from atomci.artifacts.schemas import Finding, Lane, Lanes, LaneWork

__all__ = ["classify"]

_COMMANDS: dict[Lane, str] = {"lint": "ruff check --fix .", "format": "black .", "type": "mypy src"}


def classify(findings: Sequence[Finding], prefix: str) -> Lanes:
    """Every finding in its lane, in the order in which to mend them. `prefix` is put before commands."""
    lanes: list[LaneWork] = []
    for lane in get_args(Lane):
        own = [finding for finding in findings if finding.lane == lane]
        if own:
            fixable = sum(finding.fixable for finding in own)
            lanes.append(
                LaneWork(lane=lane, findings=len(own), fixable=fixable, command=prefix + _COMMANDS[lane])
            )
    return Lanes(lane=lanes[0].lane if lanes else None, lanes=tuple(lanes))
