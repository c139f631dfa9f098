"""Failing tests with the changed lines that they run through."""

from atomci.artifacts.handed import testing
from atomci.artifacts.handed.fixing import BehaviorWork
from atomci.fix.lanes.behavior import behavior_work

SOURCES = {
    "src/demo/prices.py": b"""\
X = 1


def total(prices):
    found = 0
    for price in prices:
        found += price

    return found


def other():
    return X
""",
    "tests/unit/test_prices.py": b"def test_total():\n    assert total([1]) == 1\n",
}
CHANGED = {"src/demo/prices.py": (1, 5, 6, 8, 13), "tests/unit/test_prices.py": (2,)}
DETAILS = """\
tests/unit/test_prices.py:2: in test_total
    assert total([1]) == 1
src/demo/prices.py:7: in total
    found += price
E   TypeError: no
"""


def failed(name: str, details: str = "") -> testing.TestResult:
    return testing.TestResult(nodeid=f"tests/unit/test_prices.py::{name}", outcome="failed", details=details)


def work(*results: testing.TestResult, ran: dict[str, set[str]] | None = None) -> BehaviorWork:
    known = ran or {}
    return behavior_work(results, CHANGED, "abc", known.get, SOURCES.__getitem__)


def lines(found: BehaviorWork) -> list[tuple[str, str, list[tuple[str, int, int]]]]:
    return [
        (each.nodeid.split("::")[1], each.known_by, [(c.symbol, c.first, c.last) for c in each.changed])
        for each in found.tests
    ]


def test_without_a_record_the_functions_of_the_traceback_count() -> None:
    assert lines(work(failed("test_total", DETAILS))) == [
        ("test_total", "traceback", [("total", 5, 6), ("total", 8, 8), ("test_total", 2, 2)])
    ]


def test_a_record_knows_more_than_the_traceback() -> None:
    ran = {"tests/unit/test_prices.py::test_total": {"src/demo/prices.py::other"}}
    (found,) = lines(work(failed("test_total", "no frames"), ran=ran))
    assert found == ("test_total", "record", [("other", 13, 13)])


def test_the_test_with_the_fewest_changed_lines_comes_first_and_none_come_last() -> None:
    ran = {
        "tests/unit/test_prices.py::a": {"src/demo/prices.py::total"},
        "tests/unit/test_prices.py::b": {"src/demo/prices.py::other"},
        "tests/unit/test_prices.py::c": set(),
    }
    found = work(failed("c"), failed("a"), failed("b"), ran=ran)
    assert [name for name, _, _ in lines(found)] == ["b", "a", "c"]
