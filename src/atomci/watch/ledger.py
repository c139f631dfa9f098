"""What is known of a project's tests between two cycles, and which verdict that is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from atomci.artifacts.handed.testing import TestResult
from atomci.artifacts.printed.watching import WatchVerdict
from atomci.testing.judging import Judgement
from atomci.testing.results import BAD
from atomci.watch.snapshot import TreeSnapshot

__all__ = ["RESTLESS_AFTER", "Ledger"]

RESTLESS_AFTER = 3
"""Cycles in a row during which the same files changed: then it is the tests that change them."""


@dataclass(frozen=True)
class Ledger:
    """`base` are the files of which all is known: what differs from them is still to be tested; None where
    nothing is known. `failed` are tests that failed and haven't passed since.
    """

    base: TreeSnapshot | None
    failed: Mapping[str, TestResult] = field(default_factory=dict)
    disturbed: Mapping[str, int] = field(default_factory=dict)
    """In how many cycles in a row a file changed while tests ran."""

    @property
    def restless(self) -> frozenset[str]:
        """Files that change whenever tests run; they make no cycle stale."""
        return frozenset(path for path, times in self.disturbed.items() if times >= RESTLESS_AFTER)

    def changed_in(self, now: TreeSnapshot) -> tuple[str, ...] | None:
        """What is to be tested; None where nobody can tell."""
        return None if self.base is None else self.base.changed_in(now)

    def failing(self, found: Sequence[TestResult]) -> Ledger:
        """After a cycle that was dropped: what failed in it comes first in the next."""
        bad = {result.nodeid: result for result in found if result.outcome in BAD}
        return replace(self, failed={**self.failed, **bad})

    def after(self, found: Sequence[TestResult], *, asked: Collection[str], there: Collection[str]) -> Ledger:
        """After a cycle that ended: what it was asked for, files or tests, and has no result isn't there any
        more. `there` are all files of tests.
        """
        last = {result.nodeid: result for result in found}  # of several attempts the last one counts
        kept = {
            nodeid: result
            for nodeid, result in self.failed.items()
            if nodeid not in last
            and nodeid not in asked
            and (file := nodeid.partition("::")[0]) in there
            and file not in asked
        }
        bad = {nodeid: result for nodeid, result in last.items() if result.outcome in BAD}
        return replace(self, failed={**kept, **bad})

    def settled(self, now: TreeSnapshot, there: Collection[str]) -> Ledger:
        """Where nothing is to be tested: failures outside of files of tests, as of a conftest, are over."""
        kept = {nodeid: one for nodeid, one in self.failed.items() if nodeid.partition("::")[0] in there}
        return replace(self, base=now, failed=kept)

    def undisturbed(self) -> Ledger:
        """No file changed while tests ran."""
        return replace(self, disturbed={})

    def disturbed_by(self, paths: Collection[str]) -> Ledger:
        """These files changed while tests ran."""
        return replace(self, disturbed={path: self.disturbed.get(path, 0) + 1 for path in paths})

    def verdict(self, judgement: Judgement, *, settled: bool, moved: Collection[str]) -> WatchVerdict:
        """Of a cycle that ended: `settled` where nothing is left to test, `moved` changed while it ran."""
        if judgement.status == "error":
            return "broken"
        if self.failed or judgement.status == "fail":
            return "red"
        if judgement.summary.broken:
            return "broken"
        if judgement.status == "vacuous":
            return "vacuous"
        if moved:
            return "changed"
        return "green" if settled else "partial"
