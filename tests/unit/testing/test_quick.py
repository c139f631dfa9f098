"""Python takes down which code runs, again after each beginning."""

import sys
from collections.abc import Iterator

import pytest

from atomci.testing.observation.quick import Calling, Monitoring, Quick, quickest


@pytest.fixture(params=["the best one", "called back"])
def quick(request: pytest.FixtureRequest) -> Quick:
    """That of this Python, and that of any."""
    return quickest() if request.param == "the best one" else Calling()


def inner() -> None: ...


def steps() -> Iterator[int]:
    yield 1
    yield 2


def test_what_ran_is_told_once_more_after_each_beginning(quick: Quick) -> None:
    begun = steps()
    next(begun)
    before, seen, there = sys.getprofile(), [], []
    sys.setprofile(None)
    for run in (inner, inner, begun.__next__):
        quick.begin()
        run()
        there.append(quick.is_there())
        seen.append(set(quick.end()))
    inner()
    quick.begin()
    nothing = set(quick.end())
    there.append(quick.is_there())
    sys.setprofile(before)
    assert inner.__code__ in seen[0] & seen[1]
    assert steps.__code__ in seen[2] - seen[1]
    assert inner.__code__ not in nothing
    assert there == [True, True, True, False]


@pytest.mark.skipif(sys.version_info < (3, 13), reason="not used before 3.13")
def test_a_number_that_a_test_takes_away_is_missed_and_breaks_nothing() -> None:
    way = Monitoring.free()
    assert way is not None
    way.begin()
    for tool in (3, 4):
        if sys.monitoring.get_tool(tool) == "atomci":
            sys.monitoring.free_tool_id(tool)
    assert not way.is_there()
    way.end()
    way.begin()
    assert not way.is_there()
