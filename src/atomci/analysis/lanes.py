"""Which lane mends a finding, and the command that does it or shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from atomci.artifacts.handed.schemas import Findings, Lane, Lanes, LaneWork

__all__ = ["classify"]


def classify(reports: Sequence[Findings], prefix: str) -> Lanes:
    """Every finding in its lane, in the order in which to mend them.

    A lane's command is the one that the first report in it names; `prefix` is put before it.
    """
    lanes: list[LaneWork] = []
    for lane in get_args(Lane):
        own = [(report, found) for report in reports for found in report.findings if found.lane == lane]
        if own:
            first = own[0][0]
            command = first.mend or f"atomci run {first.atom}"
            fixable = sum(found.fixable for _, found in own)
            lanes.append(LaneWork(lane=lane, findings=len(own), fixable=fixable, command=prefix + command))
    return Lanes(lane=lanes[0].lane if lanes else None, lanes=tuple(lanes))
