"""What a red or skipped atom means for the others."""

import pytest

from atomci.catalog import Atom
from atomci.engine.context import Outcome
from atomci.engine.policy import blocked_by_need, exit_code_of, stopped_by, to_stop

LINT, TEST = Atom(1, "lint", 4, ""), Atom(2, "test", 5, "", needs=("lint",))
REPORT = Atom(3, "report", 7, "", always=True)


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["pass", "pass"], 0),
        (["pass", "skipped"], 0),
        (["pass", "fail"], 1),
        (["pass", "vacuous"], 1),
        (["pass", "error"], 3),
        (["fail", "error"], 1),
        (["vacuous", "error"], 1),
        ([], 0),
    ],
)
def test_exit_codes_tell_red_from_broken(statuses: list[str], code: int) -> None:
    assert exit_code_of(Outcome(status) for status in statuses) == code


def test_a_red_atom_stops_later_phases_but_not_its_own() -> None:
    assert stopped_by(TEST, [LINT]) == "lint"
    assert stopped_by(LINT, [LINT]) is None
    assert stopped_by(LINT, [TEST]) is None


def test_running_atoms_of_later_phases_are_stopped_except_reports() -> None:
    assert to_stop([LINT, TEST, REPORT], LINT) == [TEST]


@pytest.mark.parametrize("status", ["fail", "vacuous", "error"])
def test_an_atom_does_not_run_on_a_red_need(status: str) -> None:
    why = blocked_by_need(TEST, {"lint": Outcome(status)}, lambda name: False)
    assert why == "needs lint, which is red"


def test_a_skipped_need_will_do_when_its_artifacts_are_there() -> None:
    skipped = {"lint": Outcome("skipped", "disabled")}
    assert blocked_by_need(TEST, skipped, lambda name: False) is None
    assert blocked_by_need(TEST, skipped, lambda name: True) == "needs lint, which was skipped (disabled)"
    assert blocked_by_need(TEST, {}, lambda name: True) is None
