"""Which failures of a run of all tests the selection would have missed, and how long that is remembered."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from atomci.artifacts.handed.impact import Escapes, FileRecord, ImpactRecord, PlaceRecord
from atomci.artifacts.handed.impact import TestRecord as Known
from atomci.testing.selection.escapes import ENOUGH, Judged, counted, judged, why_all
from atomci.testing.selection.impact import Collecting
from atomci.testing.selection.reach import Tree

SOURCES = {
    "shop/prices.py": "def gross():\n    return 1\n",
    "tests/test_prices.py": "from shop.prices import gross\n",
    "tests/test_other.py": "",
    "shop/rates.txt": "1",
}
GROSS, OTHER, BROKEN = (
    "tests/test_prices.py::test_it",
    "tests/test_other.py::test_it",
    "tests/test_other.py::test_bad",
)
NEW = "tests/test_other.py::test_new"


def record() -> ImpactRecord:
    """One test runs gross(); two run nothing, of which one failed."""
    return ImpactRecord(
        python="3",
        hashes=SOURCES,
        files={path: FileRecord(blocks={}) for path in SOURCES if path.endswith(".py")},
        blocks=("shop/prices.py::gross",),
        paths=("shop/rates.txt",),
        tests={
            GROSS: Known(outcome="passed", ran="0", read="0"),
            OTHER: Known(outcome="passed"),
            BROKEN: Known(outcome="failed"),
        },
        modules={},
        importers={},
        outside=PlaceRecord(),
    )


def judge(tmp_path: Path, changed: Mapping[str, str], *failed: str) -> Judged | None:
    for path, text in {**SOURCES, **changed}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    outcomes = {nodeid: "failed" if nodeid in failed else "passed" for nodeid in (GROSS, OTHER, BROKEN, NEW)}
    return judged(record(), Tree(tmp_path, {**SOURCES, **changed}, (), Collecting()), outcomes)


RATES = {"shop/rates.txt": "2"}


def test_a_failure_that_no_change_reaches_escapes(tmp_path: Path) -> None:
    assert judge(tmp_path, RATES, OTHER, GROSS) == Judged(2, (OTHER,), ("shop/rates.txt",))


def test_a_failure_that_the_change_reaches_is_caught(tmp_path: Path) -> None:
    assert judge(tmp_path, RATES, GROSS) == Judged(1, (), ("shop/rates.txt",))
    assert judge(tmp_path, {"tests/test_other.py": "X = 1\n"}, OTHER) == Judged(
        1, (), ("tests/test_other.py",)
    )


@pytest.mark.parametrize(
    ("changed", "failed"),
    [
        (RATES, ()),
        (RATES, (BROKEN,)),  # failed before, so it would run
        (RATES, (NEW,)),  # so would this
        ({}, (OTHER,)),  # nothing changed: all run, and the failure is of no change
        ({"pyproject.toml": "x"}, (OTHER,)),  # all would run
    ],
)
def test_what_the_selection_would_run_anyway_tells_nothing(tmp_path: Path, changed, failed) -> None:
    assert judge(tmp_path, changed, *failed) is None


def test_an_escape_is_remembered_until_enough_runs_had_none() -> None:
    clean, missed = Judged(2, (), ("x",)), Judged(3, (OTHER,), ("x",))
    known = counted(counted(Escapes(), clean, "a" * 40), missed, "b" * 40)
    assert (known.runs, known.failures, known.escaped, known.clean) == (2, 5, 1, 0)
    assert f"{OTHER} failed at bbbbbbbbb, and" in why_all(known)
    for left in range(ENOUGH - 1, 0, -1):
        known = counted(known, clean, "")
        assert f"of {left} more run" in why_all(known)
    again = counted(known, missed, "")
    assert f"of {ENOUGH} more runs" in why_all(again)
    assert why_all(counted(known, clean, "")) == ""
    assert counted(known, clean, "").escaped == 1
