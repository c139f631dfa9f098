"""Rounds of unit tests: when the next one comes, and why there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from atomci.artifacts.handed.testing import TestResult as Attempt
from atomci.testing.flaky.rounds import Played, play

ALL = ("a", "b", "c", "d")


class Script:
    """Tests that fail as they are told, a set of names for each round; text is a suite that broke."""

    def __init__(self, *rounds: str) -> None:
        self.rounds = list(rounds)
        self.asked: list[tuple[str, ...]] = []
        self.edited = False

    def run(self, tests: Sequence[str]) -> Sequence[Attempt] | str:
        self.asked.append(tuple(name[-1] for name in tests))
        failing = self.rounds.pop(0)
        if failing.startswith("!"):
            return failing
        names = [name[-1] for name in tests] or ALL
        return [
            Attempt(nodeid=f"t.py::{name}", outcome="failed" if name in failing else "passed")
            for name in names
        ]


def never() -> bool:
    return False


def played(script: Script, bound: int = 5, edited: Callable[[], bool] = never) -> Played:
    found = play(script, bound, edited)
    assert not script.rounds or found.ended == "bound", "a round was left out"
    return found


@pytest.mark.parametrize(
    ("rounds", "ended", "asked"),
    [
        (("",), "green", [()]),
        (("a", ""), "passed on retry", [(), ("a",)]),
        (("ab", "b", "b"), "no progress", [(), ("a", "b"), ("b",)]),
        (("a", "a"), "no progress", [(), ("a",)]),
        (("ab", "a", ""), "passed on retry", [(), ("a", "b"), ("a",)]),
        (("abc", "ab", "a"), "no progress", [(), ("a", "b", "c"), ("a", "b")]),
        (("!no tests",), "broken", [()]),
    ],
)
def test_without_an_edit(rounds: tuple[str, ...], ended: str, asked: list[tuple[str, ...]]) -> None:
    script = Script(*rounds)
    found = played(script)
    assert (found.ended, script.asked) == (ended, asked)
    assert found.broken == ("!no tests" if ended == "broken" else "")


def test_what_passed_on_retry_is_told_with_each_attempt() -> None:
    found = played(Script("ab", "a", ""))
    assert found.flaky == ("t.py::a", "t.py::b")
    outcomes = [(row.nodeid[-1], row.outcome) for row in found.attempts]
    assert outcomes == [
        *(("b", "rerun"), ("a", "rerun")),
        *(("a", "passed"), ("b", "passed"), ("c", "passed"), ("d", "passed")),
    ]


def test_what_passes_after_an_edit_is_run_with_all_others() -> None:
    script = Script("ab", "ab", "", "")
    found = played(script, edited=lambda: True)
    assert (found.ended, found.flaky) == ("green", ())
    assert script.asked == [(), ("a", "b"), ("a", "b"), ()]
    assert [row.edited for row in found.rounds] == [False, False, True, False]


def test_an_edit_that_breaks_others_goes_on() -> None:
    edits = iter([True, True, False])
    script = Script("a", "a", "", "b", "b", "b", "b")
    found = played(script, bound=9, edited=lambda: next(edits))
    assert (found.ended, found.rounds[-1].failing) == ("no progress", ("t.py::b",))
    assert script.asked == [(), ("a",), ("a",), (), ("b",), ("b",), ("b",)]


def test_the_bound_ends_it() -> None:
    found = played(Script("a", "a", "a", "a"), bound=3, edited=lambda: True)
    assert (found.ended, len(found.rounds)) == ("bound", 3)
    untested = played(Script("a", "a", ""), bound=3, edited=lambda: True)
    assert (untested.ended, untested.rounds[-1].failing) == ("bound", ())


def test_many_failures_are_not_run_again() -> None:
    class Many(Script):
        def run(self, tests: Sequence[str]) -> Sequence[Attempt] | str:
            self.asked.append(tuple(tests))
            return [Attempt(nodeid=f"t.py::{number}", outcome="failed") for number in range(6)]

    script = Many()
    assert (play(script, 5, never).ended, len(script.asked)) == ("no progress", 1)


def test_a_test_that_an_edit_took_away_makes_all_run() -> None:
    script = Script("a", "a", "!not found: a", "")
    found = played(script, edited=lambda: True)
    assert (found.ended, script.asked) == ("green", [(), ("a",), ("a",), ()])


def test_a_file_that_could_not_be_collected_is_flaky_too() -> None:
    class Files(Script):
        def run(self, tests: Sequence[str]) -> Sequence[Attempt] | str:
            if not tests:
                return [Attempt(nodeid="t.py", outcome="error")]
            return [Attempt(nodeid="t.py::a", outcome="passed")]

    found = play(Files(), 5, never)
    assert (found.ended, found.flaky) == ("passed on retry", ("t.py",))
    assert [(row.nodeid, row.outcome) for row in found.attempts] == [("t.py::a", "passed")]


def test_an_edit_while_tests_run_makes_nothing_flaky() -> None:
    class Edited(Script):
        def run(self, tests: Sequence[str]) -> Sequence[Attempt] | str:
            self.edited = bool(tests)
            return super().run(tests)

    script = Edited("a", "", "")
    found = played(script)
    assert (found.ended, found.flaky, script.asked) == ("green", (), [(), ("a",), ()])
