"""The tests in quarantine beside what became of them, in a run and in those before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from atomci.artifacts.handed.failures import QuarantineRow
from atomci.artifacts.handed.testing import TestResult
from atomci.artifacts.handed.trends import PastRun
from atomci.testing.flaky.quarantine import Quarantine, Quarantined

__all__ = ["LONG", "quarantine_rows"]

LONG = 20
"""After so many green runs an entry is no longer needed."""


def quarantine_rows(
    quarantine: Quarantine, found: Sequence[TestResult], history: Sequence[PastRun]
) -> Iterator[QuarantineRow]:
    """Each entry that holds, with its tests in a run, and for how many runs none of them failed."""
    for row in quarantine.in_force:
        own = [result for result in found if row.covers(result.nodeid)]
        shown = row.today
        yield QuarantineRow(
            test=row.test,
            owner=shown.owner,
            until=shown.until,
            days_left=shown.days_left,
            reason=shown.reason,
            ran=len({result.nodeid for result in own}),
            failed=len({result.nodeid for result in own if result.outcome in ("quarantined", "error")}),
            green_for=_green_for(row, history),
        )


def _green_for(row: Quarantined, history: Sequence[PastRun]) -> int:
    """Runs since it last failed; those in which it didn't run, or was skipped, say nothing."""
    count = 0
    for run in reversed(history):
        ended = {outcome for nodeid, outcome in run.quarantined.items() if row.covers(nodeid)}
        if ended - {"passed", "skipped"}:
            break
        count += "passed" in ended
    return count
