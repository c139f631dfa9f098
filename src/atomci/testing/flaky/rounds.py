"""Unit tests round after round, until they are green or there is one reason to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import structs

from atomci.artifacts.handed.fixing import RoundsEnded, UnitRound
from atomci.artifacts.handed.testing import TestResult
from atomci.testing.flaky.plan import RERUNS_OF_A_TEST, reruns_of_a_suite
from atomci.testing.results import BAD

__all__ = ["Played", "RepeatedSuite", "play"]


class RepeatedSuite(Protocol):
    """What runs tests."""

    edited: bool
    """Whether somebody edited files since the last tests began, or while these ran."""

    def run(self, tests: Sequence[str]) -> Sequence[TestResult] | str:
        """Every attempt of these tests, of all without any; or why nobody knows how they ended."""


@dataclass(frozen=True)
class Played:
    """How it ended, round by round, and every attempt that counts.

    An attempt that failed before the test passed on the same files is a `rerun`, as if pytest itself had
    tried again. `broken` says why nobody knows more.
    """

    ended: RoundsEnded
    rounds: tuple[UnitRound, ...]
    attempts: tuple[TestResult, ...]
    flaky: tuple[str, ...] = ()
    broken: str = ""


def play(suite: RepeatedSuite, bound: int, edited: Callable[[], bool]) -> Played:
    """Run all tests, then those that failed, at most `bound` times.

    `edited` waits for somebody's edit, and says whether one came. What passes after an edit is run once more
    with all others; what passes without one is flaky, and never green by that.
    """
    game = _Game(suite)
    while True:
        game.one_round()
        if game.broken:
            return game.over("broken")
        if not game.failing and not game.owes_all:
            return game.over("passed on retry" if game.flaky else "green")
        if len(game.rounds) >= bound:
            return game.over("bound")
        if game.failing and not game.may_try_again():
            if not edited():
                return game.over("no progress")
            game.begin_anew()


class _Game:
    def __init__(self, suite: RepeatedSuite) -> None:
        self._suite = suite
        self._last: dict[str, TestResult] = {}
        self._reruns: list[TestResult] = []
        self._anew = False
        self._tries = 0
        self.rounds: list[UnitRound] = []
        self.failing: tuple[str, ...] = ()
        self.flaky: set[str] = set()
        self.owes_all = False
        self.broken = ""

    def one_round(self) -> None:
        """Of all tests first, and after an edit when the ones that failed pass."""
        asked = self.failing
        found = self._suite.run(asked)
        if isinstance(found, str) and asked:  # such as tests that an edit renamed
            asked, found = (), self._suite.run(())
        if isinstance(found, str):
            self.broken = found
            return
        if not asked:
            self.owes_all = False
        self._anew = self._anew or (bool(asked) and self._suite.edited)
        before = self._last
        self._note(found, whole=not asked)
        ran, edited = len({row.nodeid for row in found}), self._anew and bool(asked)
        self.rounds.append(UnitRound(ran=ran, failing=self.failing, edited=edited))
        if self._anew:
            self.owes_all, self._anew = bool(asked), False
        elif asked:
            self._find_flaky(asked, before)

    def _note(self, found: Sequence[TestResult], *, whole: bool) -> None:
        now = {row.nodeid: row for row in found}
        self._last = now if whole else {**self._last, **now}
        again = [row for row in found if row.outcome == "rerun"]
        self._reruns += again
        self.flaky |= {row.nodeid for row in again if now[row.nodeid].outcome not in BAD}
        self.failing = tuple(sorted(name for name, row in now.items() if row.outcome in BAD))

    def _find_flaky(self, asked: Sequence[str], before: dict[str, TestResult]) -> None:
        """Those that failed and pass now, though no file is different."""
        for name in set(asked) - set(self.failing):
            self.flaky.add(name)
            if self._last[name] is before[name]:  # a file that couldn't be collected, whose tests ran now
                del self._last[name]
            else:
                self._reruns.append(structs.replace(before[name], outcome="rerun"))

    def may_try_again(self) -> bool:
        """Whether the same tests may run on the same files: neither often, nor many, nor for nothing."""
        two = self.rounds[-2:]
        stuck = len(two) == 2 and not two[1].edited and two[0].failing == two[1].failing
        many = len(self.failing) > reruns_of_a_suite(len(self._last))
        self._tries += 1
        return not (stuck or many or self._tries > RERUNS_OF_A_TEST)

    def begin_anew(self) -> None:
        """The files are others now."""
        self._anew, self._tries = True, 0

    def over(self, ended: RoundsEnded) -> Played:
        """What came of it."""
        attempts = (*self._reruns, *self._last.values())
        return Played(ended, tuple(self.rounds), attempts, tuple(sorted(self.flaky)), self.broken)
