"""What is known between two cycles, and the verdict that follows."""

from dataclasses import replace
from typing import Any

import pytest

from atomci.artifacts.handed.testing import TestResult as Result
from atomci.artifacts.handed.testing import TestSummary as Summary
from atomci.testing.judging import Judgement
from atomci.watch.ledger import RESTLESS_AFTER, Ledger
from atomci.watch.snapshot import TreeSnapshot

BASE = TreeSnapshot({"a.py": "1", "b.py": "2"})
PASS = Judgement("pass", "", Summary(counts={}, complete=True))


def bad(nodeid: str) -> Result:
    return Result(nodeid=nodeid, outcome="failed")


def good(nodeid: str) -> Result:
    return Result(nodeid=nodeid, outcome="passed")


def test_what_differs_from_the_base_is_to_be_tested_and_of_no_base_nobody_knows() -> None:
    now = TreeSnapshot({"b.py": "3", "c.py": "4"})
    assert Ledger(BASE).changed_in(now) == ("a.py", "b.py", "c.py")
    assert Ledger(BASE.without(["b.py"])).changed_in(BASE) == ("b.py",)
    assert Ledger(None).changed_in(now) is None


def test_files_that_tests_wrote_are_taken_as_they_are_later() -> None:
    later = TreeSnapshot({"a.py": "9", "out": "1"})
    assert BASE.taking(["out", "b.py"], later) == TreeSnapshot({"a.py": "1", "out": "1"})


def test_a_test_fails_until_it_passes_or_was_asked_for_and_is_not_there() -> None:
    there = ("t.py", "u.py", "v.py")
    before = Ledger(BASE, {name: bad(name) for name in ("t.py::a", "t.py::gone", "u.py::b", "x.py::c")})
    after = before.after([good("t.py::a"), bad("v.py::d")], asked=["t.py"], there=there)
    assert set(after.failed) == {"u.py::b", "v.py::d"}
    partly = before.after([good("t.py::a")], asked=[], there=there)
    assert set(partly.failed) == {"t.py::gone", "u.py::b"}
    assert set(before.after([], asked=["u.py::b"], there=there).failed) == {"t.py::a", "t.py::gone"}


def test_where_nothing_is_to_be_tested_a_conftest_does_not_fail_any_more() -> None:
    before = Ledger(BASE, {"conftest.py": bad("conftest.py"), "t.py::a": bad("t.py::a")})
    assert set(before.settled(BASE, ["t.py"]).failed) == {"t.py::a"}


def test_of_several_attempts_the_last_one_counts() -> None:
    again = [replace_outcome(bad("t.py::a"), "rerun"), good("t.py::a")]
    assert Ledger(BASE).after(again, asked=["t.py"], there=["t.py"]).failed == {}


def replace_outcome(result: Result, outcome: Any) -> Result:
    return Result(nodeid=result.nodeid, outcome=outcome)


def test_a_dropped_cycle_adds_failures_and_takes_none_away() -> None:
    before = Ledger(BASE, {"t.py::a": bad("t.py::a")})
    assert set(before.failing([good("t.py::a"), bad("t.py::b")]).failed) == {"t.py::a", "t.py::b"}


def test_files_are_restless_when_they_alone_changed_in_so_many_cycles() -> None:
    ledger = Ledger(BASE)
    for _ in range(RESTLESS_AFTER):
        assert ledger.restless == frozenset()
        ledger = ledger.disturbed_by(["out.txt"])
    assert ledger.restless == {"out.txt"}
    assert ledger.disturbed_by(["a.py"]).restless == frozenset()
    assert ledger.undisturbed().restless == frozenset()


@pytest.mark.parametrize(
    ("judgement", "failed", "settled", "moved", "wanted"),
    [
        (PASS, (), True, (), "green"),
        (PASS, (), False, (), "partial"),
        (PASS, (), True, ("out.txt",), "changed"),
        (PASS, ("t.py::a",), True, (), "red"),
        (replace(PASS, status="fail"), (), True, (), "red"),
        (replace(PASS, status="vacuous"), (), True, (), "vacuous"),
        (replace(PASS, status="error"), ("t.py::a",), True, (), "broken"),
        (replace(PASS, summary=Summary(counts={}, complete=False, broken="x")), (), True, (), "broken"),
    ],
)
def test_green_is_said_of_a_pass_that_settles_all_and_saw_no_change(
    judgement: Judgement, failed: tuple[str, ...], settled: bool, moved: tuple[str, ...], wanted: str
) -> None:
    ledger = Ledger(BASE, {name: bad(name) for name in failed})
    assert ledger.verdict(judgement, settled=settled, moved=moved) == wanted
