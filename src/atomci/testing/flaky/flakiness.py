"""Tests that fail and then pass: how often that may be, and which of them count as red all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from atomci.artifacts.handed.testing import TestResult
from atomci.testing.flaky.plan import RERUNS_OF_A_TEST, reruns_of_a_suite

__all__ = ["NOT_FLAKY", "Flakiness", "flakiness_of"]

_BAD = ("failed", "error")
_NAMES = 3
_REPAIR = 'repair it, name it in .atomci/quarantine.toml, or set retries.new = "report"'
_NOT_ITS_OWN = ("time-out", "network")
"""Causes that say little of the test."""


@dataclass(frozen=True)
class Flakiness:
    """The tests that passed on retry, and why they are red all the same; empty where they aren't."""

    tests: tuple[str, ...]
    objections: tuple[str, ...]
    quarantined: tuple[str, ...] = ()
    """Tests in quarantine that failed, each with whose it is and until when."""

    @property
    def said(self) -> str:
        """What is always shown of them."""
        flaky = f"{len(self.tests)} passed on retry: {_listed(self.tests)}" if self.tests else ""
        failed = f"{len(self.quarantined)} quarantined failed: {_listed(self.quarantined)}"
        return "; ".join(filter(None, (flaky, failed if self.quarantined else "")))


NOT_FLAKY = Flakiness((), ())


def flakiness_of(
    found: Sequence[TestResult],
    is_new: Callable[[str], bool],
    known: Collection[str] | None = None,
) -> Flakiness:
    """By every attempt of every test. `is_new` says if the branch changes a file; `known` are the tests that
    may be flaky, None where each may.
    """
    last = {result.nodeid: result for result in found if "::" in result.nodeid}
    again = Counter(result.nodeid for result in found if result.outcome == "rerun")
    flaky = [nodeid for nodeid in again if last[nodeid].outcome not in (*_BAD, "rerun", "quarantined")]
    excused = {result.nodeid for result in found if result.rerun_for in _NOT_ITS_OWN}
    quarantined = {result.nodeid for result in found if result.quarantine}
    objections = []
    if often := [nodeid for nodeid, count in again.items() if count > RERUNS_OF_A_TEST]:
        objections.append(f"ran again more than {RERUNS_OF_A_TEST} times: {_listed(often)}")
    if (total := again.total()) > (bound := reruns_of_a_suite(len(last))):
        objections.append(f"{total} re-runs of {len(last)} tests, at most {bound} are allowed")
    counted = [nodeid for nodeid in flaky if nodeid not in quarantined]
    if new := [nodeid for nodeid in counted if is_new(nodeid.partition("::")[0])]:
        objections.append(f"new and flaky, which no retry excuses: {_listed(new)}")
    others = (nodeid for nodeid in counted if nodeid not in new and known is not None and nodeid not in known)
    if first := [nodeid for nodeid in others if nodeid not in excused]:
        objections.append(f"flaky for the first time: {_listed(first)}; {_REPAIR}")
    failed = {
        # How many days are left is another number each day, and this may be told on later ones.
        result.nodeid: f"{result.nodeid} ({result.quarantine.owner}, until {result.quarantine.until})"
        for result in found
        if result.outcome == "quarantined" and result.quarantine
    }
    return Flakiness(tuple(flaky), tuple(objections), tuple(failed.values()))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return f"{', '.join(names[:_NAMES])}{more}"
