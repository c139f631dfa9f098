"""Which lane mends a finding, and the command that does it or shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from atomci.analysis.protocol import Tool
from atomci.artifacts.schemas import Finding, Lane, Lanes, LaneWork

__all__ = ["classify"]


def classify(findings: Sequence[Finding], tools: Iterable[Tool], prefix: str) -> Lanes:
    """Every finding in its lane, in the order in which to mend them.

    `tools` are the project's, one for each lane; `prefix` is put before their commands.
    """
    commands = {tool.LANE: prefix + tool.MEND for tool in tools}
    lanes: list[LaneWork] = []
    for lane in get_args(Lane):
        own = [finding for finding in findings if finding.lane == lane]
        if own:
            fixable = sum(finding.fixable for finding in own)
            lanes.append(LaneWork(lane=lane, findings=len(own), fixable=fixable, command=commands[lane]))
    return Lanes(lane=lanes[0].lane if lanes else None, lanes=tuple(lanes))
