"""A fix isn't taken back for what its failure had kept from being told."""

import pytest

from atomci.artifacts.handed.failures import Failure, Kind
from atomci.cli.view.fixing import FixLines
from atomci.fix.fixable import is_better
from atomci.fix.loop import Attempt


def _failure(atom: str, kind: Kind) -> Failure:
    return Failure(atom=atom, layer="unit", kind=kind, reason="seen", message=f"{atom} is red")


RED_TEST = _failure("run_pytest_unit_with_coverage", "test-assert")


def test_an_atom_behind_the_red_one_may_be_red_too() -> None:
    for behind in ("enforce_coverage_budget", "stage2_unit_tests"):
        assert is_better([RED_TEST], [_failure(behind, "nothing-examined")])


def test_the_red_atom_itself_and_atoms_beside_it_may_not() -> None:
    for other in ("run_pytest_unit_with_coverage", "run_ruff_lint", "an_own_atom"):
        assert not is_better([RED_TEST], [_failure(other, "nothing-examined")])
    assert not is_better([RED_TEST], [RED_TEST, _failure("enforce_coverage_budget", "nothing-examined")])


def test_an_attempt_that_is_taken_back_says_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    FixLines().tried(Attempt("fixer", (RED_TEST,), (_failure("run_ruff_lint", "lint"),)))
    assert capsys.readouterr().err == (
        "  fixer: taken back (1 went away, 1 came)\n    came: lint: run_ruff_lint: run_ruff_lint is red\n"
    )
