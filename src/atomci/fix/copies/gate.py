"""The project's gate in a copy, confined as the fixer is: what it finds red, each finding by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import msgspec

from atomci.artifacts import handles
from atomci.artifacts.handed.failures import Failure, Failures, Kind
from atomci.artifacts.handed.guarded import Session, StopReason
from atomci.artifacts.handed.schemas import AllFindings, Finding
from atomci.artifacts.store import ArtifactError, read, read_if_there
from atomci.fix.copies.room import Room, record_of
from atomci.fix.loop import GateAnswer

__all__ = ["GATE", "judged"]

GATE = ("local_ci", "classify_pipeline_failures", "--keep-going")
"""What is run, as `atomci run` takes it."""
_RED = (1, 3)


def judged(room: Room, new_run: Callable[[], str], seconds: float | None, *, cached: bool) -> GateAnswer:
    """Run the gate. `seconds` are left for it, None for as many as it takes; `cached`: it may take over what
    earlier runs in the copy have left.
    """
    if seconds is not None and seconds <= 0:
        return GateAnswer(late=True)
    fresh = () if cached else ("--no-cache",)
    # Not from the copy's own top, where a file could stand in for a module.
    words = (sys.executable, "-P", "-m", "atomci", "run", *GATE, *fresh)
    (room.root / handles.FAILURES).unlink(missing_ok=True)
    session = room.program(new_run(), words, seconds)
    if session.stop is StopReason.WALL:
        return GateAnswer(late=True)
    if session.exit_code == 0 and session.stop is StopReason.ENDED:
        return GateAnswer()
    return _told(room, session)


def _told(room: Room, session: Session) -> GateAnswer:
    record = record_of(session)
    try:
        found = read(room.root / handles.FAILURES, Failures).failures
        findings = read_if_there(room.root / handles.FINDINGS, AllFindings)
    except (ArtifactError, OSError):
        found, findings = (), None
    if session.exit_code not in _RED or not found:
        return GateAnswer(broken=f"the gate had no answer: {session.reason}; see {record}/stderr.log")
    return GateAnswer(tuple(one for failure in found for one in _single(failure, findings)))


def _single(failure: Failure, findings: AllFindings | None) -> Iterator[Failure]:
    """A failure that stands for several findings of a tool, as so many."""
    own = (
        [each for run in findings.runs if run.atom == failure.atom for each in run.findings]
        if findings
        else []
    )
    meant = [each for each in own if _kind(each) == failure.kind]
    if failure.count < 2 or len(meant) != failure.count:
        yield failure
        return
    for each in meant:
        said = f"{each.message} [{each.rule}]"
        yield msgspec.structs.replace(failure, message=said, path=each.path, line=each.line, count=1)


def _kind(finding: Finding) -> Kind:
    if finding.lane == "format":
        return "format"
    return "type" if finding.lane == "type" else "lint-fixable" if finding.fixable else "lint"
