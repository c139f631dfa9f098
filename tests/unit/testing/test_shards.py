"""Dividing a suite: whole, disjoint, the same everywhere, and balanced."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from atomci.testing.sharding.division import cost_of, costs_of, divide, problems

SEEDS = range(60)


def suite_of(seed: int) -> tuple[dict[str, float], int]:
    """Tests with their seconds, by a seed: files of all sizes, classes, functions with parameters."""
    draw = random.Random(seed)  # noqa: S311
    seconds = {}
    for file in range(draw.randrange(1, 12)):
        for test in range(draw.randrange(1, 9)):
            name = draw.choice((f"test_{test}", f"TestA::test_{test}", f"test_p[{test}::x/y.py]"))
            seconds[f"tests/unit/test_{file}.py::{name}"] = draw.choice(
                (0.0, 0.001, 1.0, draw.expovariate(1))
            )
    return seconds, draw.randrange(1, 9)


def together(test: str) -> str:
    """The file and the class or function that a test belongs to."""
    file, _, rest = test.partition("::")
    return f"{file}::{rest.split('[')[0].split('::')[0]}"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_shards_are_the_suite_each_test_once(seed: int) -> None:
    seconds, count = suite_of(seed)

    shards = divide(costs_of(seconds, seconds), count)

    assert len(shards) == count
    assert sorted(test for shard in shards for test in shard) == sorted(seconds)
    assert problems(shards, seconds) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_no_shard_takes_longer_than_a_fair_share_and_the_longest_unit(seed: int) -> None:
    seconds, count = suite_of(seed)
    costs = costs_of(seconds, seconds)
    fair = sum(costs.values()) / count

    shards = divide(costs, count)

    files: dict[str, int] = {}
    parts: dict[str, int] = {}
    for test, cost in costs.items():
        file = test.partition("::")[0]
        files[file] = files.get(file, 0) + cost
        parts[together(test)] = parts.get(together(test), 0) + cost
    whole = [cost for cost in files.values() if cost <= fair]
    longest = max([*whole, *(cost for part, cost in parts.items() if files[part.partition("::")[0]] > fair)])
    assert max(cost_of(shard, costs) for shard in shards) <= fair + longest


@pytest.mark.parametrize("seed", SEEDS)
def test_what_belongs_together_stays_together(seed: int) -> None:
    seconds, count = suite_of(seed)
    costs = costs_of(seconds, seconds)
    fair = -(-sum(costs.values()) // count)

    holder = {test: n for n, shard in enumerate(divide(costs, count)) for test in shard}

    files: dict[str, set[str]] = {}
    for test in costs:
        files.setdefault(test.partition("::")[0], set()).add(test)
    for tests in files.values():
        groups = [tests] if sum(costs[test] for test in tests) <= fair else []
        groups = groups or [{t for t in tests if together(t) == part} for part in map(together, tests)]
        assert all(len({holder[test] for test in group}) == 1 for group in groups)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_in_which_tests_come_changes_nothing(seed: int) -> None:
    seconds, count = suite_of(seed)
    rows = list(seconds.items())
    random.Random(1).shuffle(rows)  # noqa: S311

    again = divide(costs_of([test for test, _ in rows], dict(rows)), count)

    assert again == divide(costs_of(seconds, seconds), count)


def test_hashes_have_no_part_in_it() -> None:
    code = "from atomci.testing.sharding.division import *; print(divide(costs_of({f'a{n}::t' for n in range(40)}, {}), 7))"

    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (0, 1, 2)
    }

    assert len(said) == 1


def test_durations_balance_what_numbers_would_not() -> None:
    slow = {"a.py::t": 9.0}
    fast = {f"b{n}.py::t": 1.0 for n in range(9)}

    shards = divide(costs_of({**slow, **fast}, {**slow, **fast}), 2)

    assert [len(shard) for shard in shards] == [1, 9]
    assert [len(shard) for shard in divide(costs_of({**slow, **fast}, {}), 2)] == [5, 5]


def test_an_unknown_test_takes_the_median_and_the_shortest_costs_something() -> None:
    costs = costs_of(
        ["a::1", "a::2", "a::3", "b::new"], {"a::1": 0.0, "a::2": 2.0, "a::3": 9.0, "gone": 99.0}
    )

    assert costs == {"a::1": 1, "a::2": 2_000_000, "a::3": 9_000_000, "b::new": 2_000_000}


def test_a_file_longer_than_a_fair_share_is_taken_apart_by_class_and_function() -> None:
    big = [f"big.py::TestA::test_{n}" for n in range(4)] + [f"big.py::test_p[{n}]" for n in range(4)]
    small = ["small.py::test_1", "small.py::test_2"]

    shards = divide(costs_of([*big, *small], {}), 3)

    assert sorted(shards) == [tuple(sorted(big[:4])), tuple(big[4:]), tuple(small)]


@pytest.mark.parametrize(
    ("shards", "said"),
    [
        ([["a"], ["b"]], ["c: in no shard"]),
        ([["a", "b"], ["b", "c"]], ["b: in more than one shard"]),
        ([["a", "b", "b", "c"]], ["b: in more than one shard"]),
        ([["a", "b", "c"], ["d", "e"]], ["d and 1 more: in a shard, but not in the suite"]),
        ([], ["a and 2 more: in no shard"]),
    ],
)
def test_a_division_that_is_not_whole_is_told(shards: list[list[str]], said: list[str]) -> None:
    assert problems(shards, ["a", "b", "c"]) == said


def test_the_module_needs_nothing_that_a_project_may_lack() -> None:
    source = Path(sys.modules[divide.__module__].__file__ or "").read_text(encoding="utf-8")
    imported = [
        line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("from ", "import "))
    ]
    assert set(imported) <= set(sys.stdlib_module_names) | {"__future__"}
