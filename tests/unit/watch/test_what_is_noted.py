"""When the loop notes what tests run."""

import pytest

from atomci.artifacts.handed import impact
from atomci.watch.cycle import Cycle
from atomci.watch.record import is_to_learn_of
from atomci.watch.snapshot import TreeSnapshot

FILES = TreeSnapshot({"tests/unit/test_a.py": "a", "tests/unit/test_bare.py": "b"})
KNOWN = impact.TestRecord(outcome="passed")
RECORD = impact.ImpactRecord(
    python="3",
    hashes=dict(FILES.files),
    files={},
    blocks=(),
    paths=(),
    tests={"tests/unit/test_a.py::test_one": KNOWN},
    modules={},
    importers={},
    outside=impact.PlaceRecord(),
    bare=("tests/unit/test_bare.py",),
)


def cycle(*files: str, every: tuple[str, ...] = ("tests/unit/test_b.py",)) -> Cycle:
    return Cycle("impacted", ("src/a.py",), "", files, (), (), (*files, *every))


@pytest.mark.parametrize(
    ("files", "now", "noted"),
    [
        (["tests/unit/test_a.py"], FILES, False),
        (["tests/unit/test_a.py", "tests/unit/test_bare.py"], FILES, False),
        (["tests/unit/test_bare.py"], FILES.but(["tests/unit/test_bare.py"]), True),
        (["tests/unit/test_new.py"], FILES, True),
    ],
    ids=["known tests", "a file that had no test", "it changed", "a file that never ran"],
)
def test_few_tests_are_noted_only_where_something_is_not_known_of_them(files, now, noted) -> None:
    assert is_to_learn_of(RECORD, cycle(*files), now) is noted


def test_without_a_record_and_where_all_run_it_is_noted() -> None:
    assert is_to_learn_of(None, cycle("tests/unit/test_a.py"), FILES)
    assert is_to_learn_of(RECORD, cycle("tests/unit/test_a.py", every=()), FILES)


def test_where_many_run_it_is_noted() -> None:
    many = {f"tests/unit/test_a.py::test_{number}": KNOWN for number in range(31)}
    record = impact.ImpactRecord(
        python="3",
        hashes={},
        files={},
        blocks=(),
        paths=(),
        tests=many,
        modules={},
        importers={},
        outside=impact.PlaceRecord(),
    )
    assert is_to_learn_of(record, cycle("tests/unit/test_a.py"), FILES)
