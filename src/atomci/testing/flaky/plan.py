"""What the tests' process is told of tests that fail and then pass, and how often these may run again.

Kept to the standard library, since it runs inside that process.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "PLAN_VARIABLE",
    "RERUNS_OF_A_TEST",
    "claims_of",
    "reruns_of_a_suite",
    "without_parameters",
]


PLAN_VARIABLE = "ATOMCI_FLAKY"
"""Names the file of the plan."""
RERUNS_OF_A_TEST = 2
"""So often may one test run again."""


def reruns_of_a_suite(tests: int) -> int:
    """So many re-runs may a suite have: 1 % of its tests, and five in any case."""
    return max(5, tests // 100)


def claims_of(plan: Path) -> Path:
    """The file that counts the re-runs of all processes, a byte for each."""
    return plan.with_suffix(".claims")


def without_parameters(nodeid: str) -> str:
    """The node id of all tests that are one function: `a.py::test_b` for `a.py::test_b[c::d]`."""
    path, mark, name = nodeid.partition("::")
    return f"{path}{mark}{name.partition('[')[0]}"
