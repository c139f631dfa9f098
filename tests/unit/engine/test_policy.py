"""What a red or skipped atom means for the others."""

from datetime import date, timedelta

import pytest

from atomci.catalog import Atom
from atomci.engine.context import Outcome
from atomci.engine.overrides import Override, Overrides
from atomci.engine.policy import blocked_by_need, exit_code_of, stopped_by

LINT, TEST = Atom(1, "lint", 4, ""), Atom(2, "test", 5, "", needs=("lint",))


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


@pytest.mark.parametrize("status", ["fail", "vacuous", "error"])
def test_an_atom_does_not_run_on_a_red_need(status: str) -> None:
    why = blocked_by_need(TEST, {"lint": Outcome(status)}, lambda name: False)
    assert why == "needs lint, which is red"


def test_a_skipped_need_will_do_when_its_artifacts_are_there() -> None:
    skipped = {"lint": Outcome("skipped", "disabled")}
    assert blocked_by_need(TEST, skipped, lambda name: False) is None
    assert blocked_by_need(TEST, skipped, lambda name: True) == "needs lint, which was skipped (disabled)"
    assert blocked_by_need(TEST, {}, lambda name: True) is None


@pytest.mark.parametrize("status", ["fail", "vacuous"])
def test_an_overridden_red_counts_for_nothing(status: str) -> None:
    overridden = Outcome(status, overridden="overridden until 2026-12-31: why")
    assert exit_code_of([overridden, Outcome("pass")]) == 0
    assert exit_code_of([overridden, Outcome("error")]) == 3
    assert exit_code_of([overridden, Outcome("fail")]) == 1
    assert blocked_by_need(TEST, {"lint": overridden}, lambda name: False) is None


def test_what_an_overridden_need_did_not_leave_is_missed() -> None:
    overridden = Outcome("vacuous", "no file", overridden="overridden until 2026-12-31: why")
    why = blocked_by_need(TEST, {"lint": overridden}, lambda name: True)
    assert why == "needs lint, which is vacuous (no file)"


def test_an_override_that_is_over_is_red_whatever_the_atom_is() -> None:
    assert exit_code_of([Outcome("pass", lapsed="its override expired on 2026-01-01: why")]) == 1


def test_an_override_holds_on_its_last_day_and_excuses_no_error() -> None:
    day = date(2026, 6, 30)
    rows = [Override(atom="lint", reason="why", until=day, owner="o")]
    last, after = Overrides.on(day, rows), Overrides.on(day + timedelta(days=1), rows)
    assert last.excuse("lint", "fail") == last.excuse("lint", "vacuous") == "overridden until 2026-06-30: why"
    assert last.excuse("lint", "error") == last.excuse("lint", "pass") == last.excuse("test", "fail") == ""
    assert after.excuse("lint", "fail") == ""
    assert after.lapsed["lint"].lapse == "its override expired on 2026-06-30: why"
