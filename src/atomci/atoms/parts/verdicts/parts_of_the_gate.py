"""What a green run of a part of the gate says nothing about."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from atomci.project import Project

__all__ = ["what_was_not_run"]


class _Part(NamedTuple):
    name: str
    target: str
    atom: str
    """Where it is part of a run, so is the whole."""


_GATE = (
    _Part("lint, format and types", "lint_types", "run_ruff_lint"),
    _Part("unit tests", "unit", "run_pytest_unit_with_coverage"),
)
_LATER = (
    _Part("tests/integration", "integration", "run_pytest_integration"),
    _Part("tests/e2e", "e2e", "run_pytest_e2e"),
)


def what_was_not_run(project: Project, atoms: Collection[str], *, before_a_push: bool) -> str:
    """Parts of the gate that a run of others leaves out, with the command; empty where it has all or none.

    Before a push also the later layers that have tests, since CI runs these.
    """
    if not any(part.atom in atoms for part in _GATE):
        return ""
    later = _later_with_tests(project) if before_a_push else []
    left = [part for part in (*_GATE, *later) if part.atom not in atoms]
    if not left:
        return ""
    return f"{', '.join(part.name for part in left)}: atomci run {' '.join(part.target for part in left)}"


def _later_with_tests(project: Project) -> list[_Part]:
    from atomci.testing.first_tests import first_test

    return [part for part in _LATER if first_test(project, part.name)]
