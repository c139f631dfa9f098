"""Running a portion of the unit suite, and judging what all its shards left: parts of atoms 037 and 110."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from atomci.artifacts import handles
from atomci.artifacts.handed.testing import Durations, Portion, TestResult, TestSummary
from atomci.artifacts.store import ArtifactError
from atomci.atoms.parts.layers.coverage_runs import coverage_settings
from atomci.atoms.parts.layers.layer_runs import run_tests
from atomci.atoms.parts.options import ShardOptions
from atomci.engine.context import Context, Outcome
from atomci.testing import pytest_runs, results
from atomci.testing.flaky.flakiness import Flakiness, flakiness_of
from atomci.testing.judging import asserts_nothing, narrowed
from atomci.testing.layers import UNIT, Layer
from atomci.testing.measurement import coverage
from atomci.testing.sharding import portions
from atomci.testing.sharding.division import SLOW
from atomci.testing.sharding.settings import read_shards, read_slow
from atomci.tools.process import Command, Completed

__all__ = [
    "collect_command",
    "collected",
    "combine_commands",
    "combined",
    "durations_of",
    "known_durations",
    "nothing_selected",
    "portion_environment",
    "run_portion",
]

_REPORT = "artifacts/tests/portion.json"
_PLUGIN = "atomci.testing.sharding.plugin"


def known_durations(ctx: Context) -> Durations | None:
    """How long tests took the last time, by the file that pyproject.toml names."""
    return ctx.read_if_there(ctx.project.setting(read_shards).durations, Durations)


def durations_of(found: Sequence[TestResult]) -> Durations:
    """What each test took, attempts added up."""
    tests: dict[str, float] = {}
    for result in found:
        tests[result.nodeid] = tests.get(result.nodeid, 0.0) + result.seconds
    return Durations(
        seconds=sum(tests.values()), tests={test: round(tests[test], 6) for test in sorted(tests)}
    )


def portion_environment(ctx: Context) -> dict[str, str] | None:
    """What makes the unit run take a portion only; None where it takes the whole suite.

    Raises ArtifactError when the durations can't be read.
    """
    shard, off = ctx.option(ShardOptions).one, ctx.options.event in ctx.project.setting(read_slow).skip_on
    if shard is None and not off:
        return None
    known_durations(ctx)  # a broken file is told here, and not by the tests' process
    return portions.environment(
        ctx.root / _REPORT,
        shard=f"{shard.index}/{shard.count}" if shard else "",
        durations=(ctx.root / ctx.project.setting(read_shards).durations).as_posix(),
        without=SLOW if off else "",
    )


def nothing_selected(ctx: Context, reason: str) -> TestSummary:
    """The summary of a run that selected no test; a shard says that it is one all the same."""
    taken = (
        _portion(ctx, "none", portions.Collected((), (), (), (), ()))
        if ctx.option(ShardOptions).one
        else None
    )
    return TestSummary(counts={}, complete=False, why_incomplete=reason, portion=taken)


def run_portion(ctx: Context, layer: Layer, commands: Sequence[Command], mode: str) -> Outcome:
    """Run the unit tests; the summary says what was taken and what was left out.

    A shard in which nothing runs is skipped, not vacuous, when the suite has tests: whoever judges all
    shards sees whether any ran.
    """
    report = ctx.root / _REPORT
    report.unlink(missing_ok=True)
    outcome = run_tests(ctx, layer, commands, left_out="" if mode == "full" else "only impacted tests ran")
    seen = portions.Collected.read(report)
    report.unlink(missing_ok=True)
    if seen is None or not (ctx.option(ShardOptions).one or seen.left_out):
        return outcome
    taken = _portion(ctx, mode, seen)
    why = portions.incomplete(taken, ctx.options.event)
    _explain(ctx, taken, why)
    if outcome.status == "vacuous" and not seen.ids and (seen.suite or seen.left_out):
        return Outcome("skipped", f"no test is left to run: {why}", 0, "tests")
    if outcome.status == "vacuous" and seen.ids and taken.count > 1:
        return Outcome("skipped", f"{outcome.reason}: {why}", 0, "tests")
    if outcome.status != "pass":
        return outcome
    return replace(outcome, reason="; ".join(filter(None, (why, outcome.reason))))


def _explain(ctx: Context, taken: Portion, why: str) -> None:
    summary = ctx.read_if_there(UNIT.summary)
    if summary is not None:
        stopped = "failed" in summary.counts or "error" in summary.counts or summary.broken
        said = summary.why_incomplete if stopped else why
        complete = summary.complete and not why
        ctx.write(
            UNIT.summary, structs.replace(summary, complete=complete, why_incomplete=said, portion=taken)
        )


def _portion(ctx: Context, mode: str, seen: portions.Collected) -> Portion:
    shard = ctx.option(ShardOptions).one
    return Portion(
        shard=shard.index if shard else 1,
        count=shard.count if shard else 1,
        commit=_commit(ctx) if shard else "",
        selection=mode,  # type: ignore[arg-type]
        ids=seen.ids,
        suite=seen.suite,
        left_out=seen.left_out,
    )


def _commit(ctx: Context) -> str:
    return ctx.project.git.resolve("HEAD") or ""


def combine_commands(ctx: Context) -> Sequence[Command]:
    """coverage's combine of what the shards left; nothing of theirs is removed."""
    files = [str(left.data) for left in _left(ctx) if left.data]
    if not files:
        return ()
    words = coverage.combine_arguments(handles.UNIT_DATA.path, files, coverage_settings(ctx, UNIT))
    return (Command((ctx.project.python, "-m", "coverage", *words)),)


def combined(ctx: Context, commands: Sequence[Command]) -> Outcome:
    """The results and the coverage of all shards as those of one run. It is whole when every shard is there,
    the shards are the suite, each test once, and each green shard has its results and its coverage.
    """
    left = _left(ctx)
    found = tuple(result for one in left for result in one.results)
    wrong = portions.objections(left, ctx.project.setting(read_shards).count, _commit(ctx))
    bad = results.findings(found)
    for result in found:
        ctx.emit(result)
    results.write_results(ctx.root / UNIT.log, found)
    wrong += filter(None, map(coverage.left_behind, map(ctx.run, commands)))
    if wrong and bad:
        ctx.write(UNIT.summary, _summary(left, found, wrong[0]))
        return Outcome("fail", "; ".join(wrong), len(found), "tests", bad)
    if wrong:  # no summary: what the suite says isn't known
        return Outcome("error", "; ".join(wrong), len(found), "tests")
    return _whole(ctx, left, found)


def _whole(ctx: Context, left: Sequence[portions.Left], found: tuple[TestResult, ...]) -> Outcome:
    selections = {one.taken.selection for one in left}
    first = left[0].taken
    why = portions.incomplete(
        Portion(
            selection="full" if selections == {"full"} else "impacted",
            ids=first.suite,
            suite=first.suite,
            left_out=first.left_out,
        ),
        "",
    )
    summary, flaky = _summary(left, found, why), _flakiness(left, found)
    ctx.write(UNIT.summary, summary)
    said = "; ".join(filter(None, (f"all {len(left)} shards together", why, *summary.narrowed, flaky.said)))
    if bad := results.findings(found):
        reasons = (f"{len(bad)} failed", *flaky.objections, flaky.said)
        return Outcome("fail", "; ".join(filter(None, reasons)), len(found), "tests", bad)
    if flaky.objections:
        return Outcome("fail", "; ".join((*flaky.objections, said)), len(found), "tests")
    if not first.suite and (first.left_out or selections != {"full"}):
        return Outcome("skipped", said, 0, "tests")
    if vacuous := asserts_nothing(found):
        return Outcome("vacuous", vacuous, 0, "tests")
    if not why:
        ctx.write(handles.DURATIONS, durations_of(found))
    return Outcome("pass", said, len(found), "tests")


def _summary(left: Sequence[portions.Left], found: Sequence[TestResult], left_out: str) -> TestSummary:
    """Of all shards: each of them collects the whole suite, so one of them knows what it leaves out."""
    broken = "; ".join(one.summary.broken for one in left if one.summary.broken)
    stopped = "; ".join(one.summary.why_incomplete for one in left if _stopped(one))
    why, flaky = left_out or broken or stopped, _flakiness(left, found)
    return TestSummary(
        counts=results.counts(found),
        complete=not why,
        why_incomplete=why,
        broken=broken,
        narrowed=narrowed(left[0].summary.session, found),
        flaky=flaky.tests,
        quarantined=flaky.quarantined,
        objections=flaky.objections,
    )


def _flakiness(left: Sequence[portions.Left], found: Sequence[TestResult]) -> Flakiness:
    """What shards object to, and the bounds of all of them together."""
    together = flakiness_of(found, lambda _: False)
    each = (objection for one in left for objection in one.summary.objections)
    return replace(together, objections=tuple(dict.fromkeys((*each, *together.objections))))


def _stopped(one: portions.Left) -> bool:
    session = one.summary.session
    return session is not None and session.stopped and bool(session.missing)


def _left(ctx: Context) -> tuple[portions.Left, ...]:
    folder = ctx.option(ShardOptions).left_in
    assert folder is not None
    files = {"summary": handles.UNIT_TESTS, "log": handles.UNIT_RESULTS, "data": handles.UNIT_DATA}
    # Uploads of artifacts/ begin below it.
    below = {name: artifact.path.removeprefix("artifacts/") for name, artifact in files.items()}
    found = portions.read_left(folder, below)
    if not found:
        raise ArtifactError(
            f"{folder} holds no */{below['summary']}",
            "download what the shards uploaded, each into a folder of its own below it",
        )
    return found


def collect_command(ctx: Context, folder: Path) -> Command:
    """pytest's collection of the unit suite, its files in a folder of their own."""
    words = ("-m", "pytest", UNIT.folder, "--collect-only", "-qq", "-p", _PLUGIN)
    # The project's own options may ask for coverage, which isn't to replace that of a run.
    env = {**portions.environment(folder / "collected.json"), "COVERAGE_FILE": str(folder / "coverage")}
    return Command((ctx.project.python, *words), env)


def collected(ctx: Context) -> tuple[portions.Collected | None, Completed]:
    """What the unit suite holds now; None when it can't be collected."""
    with tempfile.TemporaryDirectory(prefix="atomci-collect-") as folder:
        done = ctx.run(collect_command(ctx, Path(folder)))
        seen = portions.Collected.read(Path(folder, "collected.json"))
    return (seen if done.code in (0, pytest_runs.NOTHING_COLLECTED) else None), done
