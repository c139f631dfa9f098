"""What a run took of the unit suite, and whether the portions of all shards are the whole of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from atomci.artifacts.handed.testing import Durations, PlannedShard, Portion, Shards, TestResult, TestSummary
from atomci.artifacts.store import read
from atomci.decoding import decoded
from atomci.testing import results
from atomci.testing.sharding.division import (
    DURATIONS_VARIABLE,
    REPORT_VARIABLE,
    SHARD_VARIABLE,
    WITHOUT_VARIABLE,
    cost_of,
    costs_of,
    divide,
    problems,
)

__all__ = ["Collected", "Left", "environment", "incomplete", "objections", "plan", "read_left"]

_MICROSECONDS = 1_000_000


class Collected(msgspec.Struct, frozen=True):
    """What the plugin saw: `ids` are the tests it chose from `suite`, `left_out` what isn't in the suite;
    `slow` are all tests with that marker, `markers` those that are registered.
    """

    suite: tuple[str, ...]
    ids: tuple[str, ...]
    left_out: tuple[str, ...]
    slow: tuple[str, ...]
    markers: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Collected | None:
        """What the plugin wrote, None when pytest ended before it could."""
        return decoded(path.read_bytes(), cls) if path.is_file() else None


def environment(report: Path, *, shard: str = "", durations: str = "", without: str = "") -> dict[str, str]:
    """What the plugin is told, all of it, so that nothing of a run around this one is taken over."""
    return {
        REPORT_VARIABLE: report.as_posix(),
        SHARD_VARIABLE: shard,
        DURATIONS_VARIABLE: durations,
        WITHOUT_VARIABLE: without,
        "ATOMCI_SHARD": "",
    }


def plan(collected: Collected, known: Durations | None, count: int) -> Shards:
    """How the suite is divided over all shards."""
    seconds = known.tests if known else {}
    timed = any(test in seconds for test in collected.suite)
    costs = costs_of(collected.suite, seconds)
    shards = divide(costs, count)
    loads = [cost_of(tests, costs) for tests in shards]
    total = sum(loads)
    return Shards(
        count=count,
        balanced_by="seconds" if timed else "tests",
        imbalance=round(max(loads) * count / total, 3) if total else 1.0,
        slow=len(collected.slow),
        shards=tuple(
            PlannedShard(shard=number, seconds=load / _MICROSECONDS if timed else None, ids=tests)
            for number, (tests, load) in enumerate(zip(shards, loads, strict=True), start=1)
        ),
    )


def incomplete(taken: Portion, event: str) -> str:
    """Why the tests of a portion aren't the whole suite; empty when they are."""
    said = ["only impacted tests ran"] if taken.selection != "full" else []
    if taken.left_out:
        count = len(taken.left_out)
        on = f" on {event}" if event else ""
        said.append(f"{count} slow test{'s were' if count > 1 else ' was'} left out{on}")
    if taken.count > 1:
        said.append(f"only shard {taken.shard} of {taken.count} ran")
    return "; ".join(said)


class Left(msgspec.Struct, frozen=True):
    """What one shard left in a folder: `data` is None without coverage."""

    folder: str
    summary: TestSummary
    results: tuple[TestResult, ...]
    data: Path | None

    @property
    def taken(self) -> Portion:
        """Its portion; `objections` has seen that there is one."""
        assert self.summary.portion is not None
        return self.summary.portion


def read_left(folder: Path, files: Mapping[str, str]) -> tuple[Left, ...]:
    """The artifacts of each shard below a folder, in the order of the shards; `files` names the summary, the
    log and the coverage in artifacts/. Raises ArtifactError.
    """
    found = []
    for path in sorted(folder.glob(f"*/{files['summary']}")):
        own = path.parents[len(Path(files["summary"]).parts) - 1]
        log, data = own / files["log"], own / files["data"]
        found.append(
            Left(
                folder=own.name,
                summary=read(path, TestSummary),
                results=results.read_results(log) if log.is_file() else (),
                data=data if data.is_file() else None,
            )
        )
    return tuple(sorted(found, key=lambda left: left.summary.portion.shard if left.summary.portion else 0))


def objections(left: Sequence[Left], count: int, commit: str) -> list[str]:
    """Why what was left isn't that of all shards, each once, of one suite and of this commit; empty when it
    is.
    """
    if strangers := [one for one in left if one.summary.portion is None]:
        folder, why = strangers[0].folder, strangers[0].summary.broken
        return [f"{folder} has no shard's results{f': {why}' if why else ''}"]
    if odd := [one for one in left if one.taken.count != count]:
        return [f"{odd[0].folder} is one of {odd[0].taken.count} shards, not of {count}"]
    if old := [one for one in left if one.taken.commit != commit]:
        ran, here = old[0].taken.commit[:12] or "no commit", commit[:12] or "none"
        return [f"{old[0].folder} ran on {ran}, and this is {here}"]
    numbers = [one.taken.shard for one in left]
    said = [f"shard {n} of {count} left nothing" for n in range(1, count + 1) if n not in numbers]
    said += [
        f"shard {n} of {count} is there twice" for n in sorted({n for n in numbers if numbers.count(n) > 1})
    ]
    if said:
        return said
    first = left[0].taken
    for one in left[1:]:
        if (one.taken.suite, one.taken.left_out) != (first.suite, first.left_out):
            return [
                f"shards 1 and {one.taken.shard} collected different suites: {_difference(first, one.taken)}"
            ]
    said = problems([one.taken.ids for one in left], first.suite)
    return said or [objection for one in left if (objection := _unfinished(one))]


def _difference(first: Portion, other: Portion) -> str:
    odd = sorted({*first.suite, *first.left_out} ^ {*other.suite, *other.left_out})
    return f"{odd[0]} is in one only" if odd else "slow tests were left out of one only"


def _unfinished(left: Left) -> str:
    """A shard that is green must have a result for each test, and their coverage."""
    if not left.taken.ids or results.findings(left.results):
        return ""
    if left.summary.broken:
        return f"{left.folder}: {left.summary.broken}"
    missing = sorted(set(left.taken.ids) - {result.nodeid for result in left.results})
    if missing:
        return f"{left.folder} has no result of {missing[0]}"
    ran = any(result.outcome != "skipped" for result in left.results)
    return f"{left.folder} has no coverage" if ran and not left.data else ""
