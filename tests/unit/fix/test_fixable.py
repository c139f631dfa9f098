"""A fix isn't taken back for what its failure had kept from being told."""

from atomci.artifacts.handed.failures import Failure, Kind
from atomci.fix.fixable import is_better


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
