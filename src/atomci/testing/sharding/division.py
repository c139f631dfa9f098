"""Divides a suite into shards that take about equally long, and proves that a division is whole.

The same ids, seconds and count give the same shards on every machine: costs are whole numbers, ties go
by name, and nothing is hashed. Kept to the standard library, since it runs inside the tests' process.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median_low

__all__ = [
    "DURATIONS_VARIABLE",
    "REPORT_VARIABLE",
    "SHARD_VARIABLE",
    "SLOW",
    "WITHOUT_VARIABLE",
    "cost_of",
    "costs_of",
    "divide",
    "problems",
]

SLOW = "slow"
"""The marker of tests that pull requests leave out."""
# What the plugin is told; here, since importing it imports pytest.
REPORT_VARIABLE = "ATOMCI_TEST_PORTION"
"""The file to write."""
SHARD_VARIABLE = "ATOMCI_TEST_SHARD"
"""Such as 2/4; empty for the whole suite."""
DURATIONS_VARIABLE = "ATOMCI_TEST_DURATIONS"
"""The file that says how long tests took the last time; it may be absent."""
WITHOUT_VARIABLE = "ATOMCI_TEST_WITHOUT"
"""A marker whose tests are left out, or empty."""

_MICROSECONDS = 1_000_000


def costs_of(suite: Iterable[str], seconds: Mapping[str, float]) -> dict[str, int]:
    """Each test's microseconds by the last time; one that wasn't there takes the median of those that were.

    When none was there every test costs 1.
    """
    tests = sorted(set(suite))
    known = {test: max(1, round(seconds[test] * _MICROSECONDS)) for test in tests if test in seconds}
    otherwise = median_low(known.values()) if known else 1
    return {test: known.get(test, otherwise) for test in tests}


def cost_of(tests: Iterable[str], costs: Mapping[str, int]) -> int:
    """What tests cost together."""
    return sum(costs[test] for test in tests)


def divide(costs: Mapping[str, int], count: int) -> tuple[tuple[str, ...], ...]:
    """The tests of each shard, sorted.

    The longest unit goes first, each to the shard that has least (LPT): no shard takes longer than a fair
    share and the longest unit together.

    A unit is a test file, so that what its fixtures set up is set up once. A file that alone is longer
    than a fair share is taken apart into its classes and functions, with all the parameters of each.
    """
    units = _units(costs, -(-sum(costs.values()) // count))
    loads, shards = [0] * count, [list[str]() for _ in range(count)]
    for tests in sorted(units, key=lambda tests: (-cost_of(tests, costs), tests[0])):
        least = loads.index(min(loads))
        loads[least] += cost_of(tests, costs)
        shards[least] += tests
    return tuple(tuple(sorted(tests)) for tests in shards)


def problems(shards: Sequence[Iterable[str]], suite: Iterable[str]) -> list[str]:
    """Why shards aren't the whole suite, each test once; empty when they are."""
    held = Counter(test for shard in shards for test in shard)
    tests = set(suite)
    return [
        *_said(tests - held.keys(), "in no shard"),
        *_said({test for test, times in held.items() if times > 1}, "in more than one shard"),
        *_said(held.keys() - tests, "in a shard, but not in the suite"),
    ]


def _units(costs: Mapping[str, int], fair: int) -> list[list[str]]:
    """Tests that stay together, each list sorted."""
    units = []
    for tests in _grouped(costs, _file):
        whole = cost_of(tests, costs) <= fair
        units += [tests] if whole else _grouped(tests, _class_or_function)
    return units


def _grouped(tests: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for test in sorted(tests):
        groups[key(test)].append(test)
    return list(groups.values())


def _file(test: str) -> str:
    return test.partition("::")[0]


def _class_or_function(test: str) -> str:
    # A parameter may hold colons itself.
    return test.partition("::")[2].partition("[")[0].partition("::")[0]


def _said(tests: set[str], where: str) -> list[str]:
    if not tests:
        return []
    more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
    return [f"{min(tests)}{more}: {where}"]
