"""Tests that pass on retry are always shown; new ones, and too many retries, are red."""

from __future__ import annotations

import pytest

from atomci.artifacts.handed import testing
from atomci.testing.flaky.flakiness import flakiness_of
from atomci.testing.flaky.plan import reruns_of_a_suite


def attempts(name: str, *outcomes: str) -> list[testing.TestResult]:
    return [
        testing.TestResult(nodeid=f"tests/unit/{name}", outcome=outcome, attempt=number)  # type: ignore[arg-type]
        for number, outcome in enumerate(outcomes, 1)
    ]


def old(path: str) -> bool:
    return False


def test_what_passed_on_retry_is_named_and_what_failed_again_is_not() -> None:
    found = [*attempts("test_a.py::a", "rerun", "passed"), *attempts("test_a.py::b", "rerun", "failed")]
    flaky = flakiness_of([*found, *attempts("test_a.py::c", "passed")], old)
    assert flaky.tests == ("tests/unit/test_a.py::a",)
    assert flaky.said == "1 passed on retry: tests/unit/test_a.py::a"
    assert flaky.objections == ()
    assert flakiness_of(attempts("test_a.py::c", "passed"), old).said == ""


def test_a_new_test_that_is_flaky_is_red() -> None:
    found = [*attempts("test_new.py::a", "rerun", "passed"), *attempts("test_a.py::b", "rerun", "passed")]
    flaky = flakiness_of(found, lambda path: path == "tests/unit/test_new.py")
    assert flaky.objections == ("new and flaky, which no retry excuses: tests/unit/test_new.py::a",)


def test_a_test_that_nobody_knew_to_be_flaky_is_red_and_one_that_is_known_or_met_the_network_isn_t() -> None:
    first, known, late = (f"tests/unit/test_a.py::{name}" for name in "abc")
    found = [*attempts("test_a.py::a", "rerun", "passed"), *attempts("test_a.py::b", "rerun", "passed")]
    met = testing.TestResult(nodeid=late, outcome="rerun", rerun_for="network")
    flaky = flakiness_of([*found, met, *attempts("test_a.py::c", "passed")], old, {known})
    assert flaky.tests == (first, known, late)
    (objection,) = flaky.objections
    assert objection.startswith(f"flaky for the first time: {first}; ")
    assert "retries.new" in objection


def test_a_test_runs_again_twice_at_most() -> None:
    assert flakiness_of(attempts("test_a.py::a", "rerun", "rerun", "passed"), old).objections == ()
    often = flakiness_of(attempts("test_a.py::a", "rerun", "rerun", "rerun", "passed"), old)
    assert often.objections == ("ran again more than 2 times: tests/unit/test_a.py::a",)


@pytest.mark.parametrize(("tests", "bound"), [(1, 5), (599, 5), (600, 6), (10_000, 100)])
def test_a_suite_has_one_re_run_in_a_hundred_tests_and_five_in_any_case(tests: int, bound: int) -> None:
    assert reruns_of_a_suite(tests) == bound


def test_a_suite_that_runs_too_much_again_is_red() -> None:
    found = [row for n in range(5) for row in attempts(f"test_a.py::t{n}", "rerun", "passed")]
    assert flakiness_of(found, old).objections == ()
    more = flakiness_of([*found, *attempts("test_a.py::t5", "rerun", "failed")], old)
    assert more.objections == ("6 re-runs of 6 tests, at most 5 are allowed",)
