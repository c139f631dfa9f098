"""Failures that the selection would have missed, found by runs of all tests that had an earlier record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs

from atomci.artifacts.handed.impact import Escape, Escapes, ImpactRecord
from atomci.testing.results import BAD
from atomci.testing.selection.reach import Everything, Tree, reached

__all__ = ["ENOUGH", "Judged", "counted", "judged", "together", "why_all"]

ENOUGH = 20
"""So many runs with new failures that all are caught it takes, until the selection is trusted again."""
_KEPT = 50
_PATHS = 20


@dataclass(frozen=True)
class Judged:
    """Tests of one run that passed in the record and failed, those of them that would not have run, and what
    had changed.
    """

    failures: int
    missed: tuple[str, ...]
    changed: tuple[str, ...]


def judged(record: ImpactRecord, tree: Tree, outcomes: Mapping[str, str]) -> Judged | None:
    """None where that tells nothing: nothing new failed, nothing changed, or all tests would have run."""
    failed = [
        nodeid
        for nodeid, outcome in outcomes.items()
        if outcome in BAD and nodeid in record.tests and record.tests[nodeid].outcome not in BAD
    ]
    if not failed:
        return None
    try:
        found = reached(record, tree)
    except Everything:
        return None
    if not found.changed:
        return None
    missed = (
        nodeid
        for nodeid in failed
        if nodeid not in found.tests and nodeid.partition("::")[0] not in found.files
    )
    return Judged(len(failed), tuple(missed), found.changed)


def counted(before: Escapes, run: Judged, commit: str) -> Escapes:
    """With one more run. After enough of them without an escape the earlier ones are no longer kept."""
    new = tuple(Escape(test=test, commit=commit, changed=run.changed[:_PATHS]) for test in run.missed)
    clean = 0 if new else before.clean + 1
    return structs.replace(
        before,
        runs=before.runs + 1,
        failures=before.failures + run.failures,
        escaped=before.escaped + len(new),
        clean=clean,
        escapes=() if clean >= ENOUGH else (*before.escapes, *new)[-_KEPT:],
    )


def together(known: Sequence[Escapes]) -> Escapes:
    """What was counted of several layers of tests."""
    return Escapes(
        runs=sum(one.runs for one in known),
        failures=sum(one.failures for one in known),
        escaped=sum(one.escaped for one in known),
        escapes=tuple(escape for one in known for escape in one.escapes),
    )


def why_all(known: Escapes) -> str:
    """Why the selection isn't trusted now; empty where it is."""
    if not known.escapes:
        return ""
    last, left = known.escapes[-1], ENOUGH - known.clean
    at = f" at {last.commit[:9]}" if last.commit else ""
    return (
        f"{last.test} failed{at}, and the selection would have left it out; all of them run until it catches "
        f"the failures of {left} more {'runs' if left > 1 else 'run'}, or after one with --all --no-cache"
    )
