"""A record the other way round."""

import pytest
from msgspec import structs

from atomci.artifacts.handed import impact
from atomci.testing.selection.uses import uses_of

RECORD = impact.ImpactRecord(
    python="3",
    hashes={},
    files={},
    blocks=("a.py::one", "a.py::two"),
    paths=("data.txt",),
    tests={
        "test_a.py::test_1": impact.TestRecord(outcome="passed", ran="0-1", read="0"),
        "test_a.py::test_2": impact.TestRecord(outcome="passed", ran="1"),
    },
    modules={},
    importers={},
    outside=impact.PlaceRecord(),
)


def test_it_is_worked_out_once_while_the_record_stays_and_anew_for_another() -> None:
    uses = uses_of(RECORD)
    both = frozenset({"test_a.py::test_1", "test_a.py::test_2"})
    assert uses.runs == {"a.py::one": frozenset({"test_a.py::test_1"}), "a.py::two": both}
    assert uses.reads == {"data.txt": frozenset({"test_a.py::test_1"})}
    assert uses_of(RECORD).runs is uses.runs
    fewer = structs.replace(RECORD, tests={"test_a.py::test_2": RECORD.tests["test_a.py::test_2"]})
    assert uses_of(fewer).runs == {"a.py::two": frozenset({"test_a.py::test_2"})}
    assert uses_of(RECORD).runs == uses.runs


def test_a_number_that_no_block_has_is_an_error_each_time() -> None:
    wrong = structs.replace(RECORD, blocks=("a.py::one",))
    for _ in range(2):
        with pytest.raises(ValueError, match="range of numbers"):
            _ = uses_of(wrong).runs
