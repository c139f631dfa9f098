"""Which atoms ran beside which, and what the run waited for."""

import pytest

from atomci.report.timeline import AtomSpan, beside, critical_path

LINT, TYPES, TESTS = AtomSpan("lint", 0.0, 1.0), AtomSpan("types", 0.0, 3.0), AtomSpan("tests", 1.0, 5.0)
JUDGE = AtomSpan("judge", 5.0, 5.1)


def names(spans: list[AtomSpan], before: dict[str, set[str]] | None = None) -> list[str]:
    return [span.name for span in critical_path(spans, before or {})]


def test_the_path_ends_with_the_last_and_goes_back_over_what_each_waited_for() -> None:
    needs = {"judge": {"tests", "types"}, "tests": {"lint"}}
    assert names([JUDGE, LINT, TESTS, TYPES], needs) == ["lint", "tests", "judge"]


def test_an_atom_that_got_its_place_late_waited_for_the_one_that_left_it() -> None:
    late = AtomSpan("late", 3.0, 9.0)
    assert names([LINT, TYPES, late], {"late": {"lint"}}) == ["types", "late"]


def test_of_two_that_ended_at_about_the_same_time_it_waited_for_the_one_that_it_needs() -> None:
    need, other = AtomSpan("need", 0.0, 2.98), AtomSpan("other", 0.0, 3.0)
    assert names([need, other, AtomSpan("end", 3.01, 4.0)], {"end": {"need"}}) == ["need", "end"]


@pytest.mark.parametrize(
    "spans", [[], [AtomSpan("a", 0.0, 0.0), AtomSpan("b", 0.0, 0.0)], [AtomSpan("a", 1.0, 1.0)] * 3]
)
def test_it_ends_also_where_nothing_took_any_time(spans: list[AtomSpan]) -> None:
    assert len(names(spans)) == bool(spans)


def test_beside_are_those_that_overlap() -> None:
    assert beside(TYPES, [LINT, TYPES, TESTS, JUDGE]) == ("lint", "tests")
    assert beside(LINT, [LINT, TESTS, JUDGE]) == ()
