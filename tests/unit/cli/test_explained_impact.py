"""What `atomci explain impact` says of tests in quarantine."""

from datetime import timedelta

from atomci.artifacts.handed import impact
from atomci.artifacts.handed.testing import SelectedTest, Selection
from atomci.cli.runs.impact import explained, impact_lines
from atomci.deadlines import today
from atomci.testing.flaky.quarantine import Quarantined

PASSED = impact.TestRecord(outcome="passed")
RECORD = impact.ImpactRecord(
    python="3",
    hashes={},
    files={},
    blocks=(),
    paths=(),
    tests={f"tests/unit/test_a.py::{name}": PASSED for name in ("test_b[1]", "test_c", "test_d")},
    modules={},
    importers={},
    outside=impact.PlaceRecord(),
)


def test_a_test_in_quarantine_is_said_to_be_whether_it_runs_or_rests() -> None:
    last = today() + timedelta(days=9)
    held = [
        Quarantined(test=f"tests/unit/test_a.py::{name}", reason="the clock", owner="ada", until=last)
        for name in ("test_b", "test_c")
    ]
    row = SelectedTest(
        path="tests/unit/test_a.py", reasons=(), ids={"tests/unit/test_a.py::test_b[1]": ("why",)}
    )
    left = ("tests/unit/test_a.py::test_c", "tests/unit/test_a.py::test_d")
    selection = Selection(mode="impacted", reason="", changed=(), tests=(row,), total=1, left_out=left)
    told = explained({"unit": (selection, RECORD)}, (), held)
    assert [bool(one.quarantine) for one in (*told.running, *told.resting)] == [True, True, False]
    said = f"         in quarantine: ada, until {last}, 9 days left: the clock"
    lines = list(impact_lines(told))
    assert [number for number, line in enumerate(lines) if line == said] == [3, 6]
    assert said not in list(impact_lines(explained({"unit": (selection, RECORD)}, ())))
