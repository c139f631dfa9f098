"""Phase 19: performance and cost."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from atomci.artifacts import handles
from atomci.artifacts.handed.impact import Escapes
from atomci.artifacts.handed.testing import Shards
from atomci.artifacts.handed.trends import HISTORY
from atomci.artifacts.store import ArtifactError
from atomci.atoms.parts.ci_files import ci_facts, ci_verdict, verdict_of
from atomci.atoms.parts.layers.shard_runs import collect_command, collected, known_durations
from atomci.atoms.parts.verdicts.evidence import last_result, never_ran
from atomci.atoms.parts.verdicts.recorded import outcome_of
from atomci.configuration.ci import caching, shards_job
from atomci.configuration.documents import toml_document
from atomci.configuration.facts import Fact, expect, problem, seen
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.report.history import past_runs
from atomci.report.page.trends import trends_page
from atomci.report.trends import ENOUGH, trends_of
from atomci.testing.layers import E2E, INTEGRATION, UNIT
from atomci.testing.selection.escapes import together
from atomci.testing.sharding import division, portions
from atomci.testing.sharding.division import SLOW
from atomci.testing.sharding.portions import Collected
from atomci.testing.sharding.settings import read_shards
from atomci.tools.atomic import replace_file
from atomci.tools.process import Command


def cache_dependencies_effectively_holds(ctx: Context) -> Verdict:
    locks = ctx.files(*caching.lock_globs())
    return ci_verdict(ctx, lambda workflow: caching.facts(workflow, locks))


def watch_ci_duration_and_flakiness(ctx: Context) -> Outcome:
    trends = trends_of(past_runs(ctx.root / HISTORY), _escapes(ctx))
    if not trends.kept:
        return Outcome("vacuous", "no run is kept yet: atomci run local_ci", 0, "runs")
    ctx.write(handles.TRENDS, trends)
    replace_file(ctx.root / handles.TRENDS_PAGE, trends_page(trends).encode("utf-8", "backslashreplace"))
    alerts = [f"{trend.what}: {trend.alert}" for trend in trends.trends if trend.alert]
    if alerts:
        return Outcome("fail", "; ".join(alerts), trends.runs, "runs")
    flaky = f"{len(trends.flaky)} tests passed on retry" if trends.flaky else ""
    if all(trend.usual is None for trend in trends.trends):
        few = f"{trends.runs} runs are like the newest, and a verdict takes {ENOUGH}"
        return Outcome("skipped", "; ".join(filter(None, (few, flaky))), trends.runs, "runs")
    return Outcome("pass", flaky, trends.runs, "runs")


def _escapes(ctx: Context) -> Escapes:
    """What the selection of tests missed, in all layers; a file that can't be read is the business of the
    atom that writes it.
    """
    found = []
    for layer in (UNIT, INTEGRATION, E2E):
        with contextlib.suppress(ArtifactError):
            found += [ctx.read_if_there(layer.escapes) or Escapes()]
    return together(found)


def watch_ci_duration_and_flakiness_holds(ctx: Context) -> Verdict:
    """The trends are those of the runs that are kept now, and no duration has grown beyond noise."""
    last = ctx.read_if_there(handles.TRENDS)
    again = f"atomci run {ctx.atom.name}"
    if last is None:
        return never_ran(ctx) or Verdict(False, (f"{handles.TRENDS} is missing",), again)
    now = trends_of(past_runs(ctx.root / HISTORY))
    alerts = [f"{trend.what}: {trend.alert}" for trend in now.trends if trend.alert]
    seen = f"{now.runs} runs are compared, of {now.kept}"
    return Verdict.of(alerts, (seen,), again)


def _collecting(ctx: Context) -> Sequence[Command]:
    return (collect_command(ctx, Path("FOLDER")),)


@runs(_collecting)
def shard_and_parallelize_tests_where_safe(ctx: Context) -> Outcome:
    seen, done = collected(ctx)
    if seen is None:
        return Outcome("error", f"the unit tests can't be collected: {done.last_printed}", 0, "tests")
    if not seen.suite:
        return Outcome("vacuous", "no unit test was collected", 0, "tests")
    plan = portions.plan(seen, known_durations(ctx), ctx.project.setting(read_shards).count)
    ctx.write(handles.SHARDS, plan)
    outcome = outcome_of(ctx, divided(ctx, plan, seen))
    if outcome.status != "pass":
        return outcome
    return Outcome("pass", balance(plan), len(seen.suite), "tests")


def shard_and_parallelize_tests_where_safe_holds(ctx: Context) -> Verdict:
    """The last division, held against the tests that are collected now."""
    again = f"atomci run {ctx.atom.name}"
    plan = ctx.read_if_there(handles.SHARDS)
    if plan is None:
        return never_ran(ctx) or Verdict(False, (f"{handles.SHARDS} is missing",), again)
    now, done = collected(ctx)
    if now is None:
        return Verdict(False, (f"the unit tests can't be collected: pytest ended with {done.code}",), again)
    verdict = divided(ctx, plan, now)
    if verdict.holds:
        return verdict
    is_older = {test for shard in plan.shards for test in shard.ids} != set(now.suite)
    is_older |= plan.count != ctx.project.setting(read_shards).count
    if is_older and last_result(ctx).holds is not False:
        return Verdict(None, verdict.evidence, again, out_of_date=True)
    return Verdict(False, verdict.evidence, again)


def divided(ctx: Context, plan: Shards, now: Collected) -> Verdict:
    """Whether a plan holds every test of the suite once, and CI runs all its shards."""
    return verdict_of(_facts(ctx, plan, now))


def balance(plan: Shards) -> str:
    """The plan in a line."""
    tests = sum(len(shard.ids) for shard in plan.shards)
    if plan.count == 1:
        return f"one shard of {tests} tests, {plan.slow} of them slow"
    by = "the last run's durations" if plan.balanced_by == "seconds" else "their number, no duration is known"
    longest = f"the longest has {plan.imbalance:g} of a fair share"
    return f"{plan.count} shards of {tests} tests by {by}; {longest}"


def _facts(ctx: Context, plan: Shards, now: Collected) -> Iterator[Fact]:
    document = toml_document(ctx.root, "pyproject.toml")
    config = ctx.project.setting(read_shards)
    yield expect(
        SLOW in now.markers,
        document.at("tool", "pytest", "ini_options", "markers"),
        f"the marker {SLOW} is registered",
        f"the marker {SLOW} isn't registered, so no test can be kept off pull requests",
    )
    if plan.count != config.count:
        place = document.at("tool", "atomci", "shards", "count")
        yield problem(place, f"{config.count} shards, and {handles.SHARDS} has {plan.count}")
        return
    wrong = division.problems([shard.ids for shard in plan.shards], now.suite)
    yield from (problem(handles.SHARDS.path, text) for text in wrong)
    if not wrong:
        yield seen(handles.SHARDS.path, f"{balance(plan)}; together they are the suite, each test once")
    if config.count > 1:
        yield from _several(ctx, plan)


def _several(ctx: Context, plan: Shards) -> Iterator[Fact]:
    document = toml_document(ctx.root, "pyproject.toml")
    keys = ("tool", "atomci", "shards")
    if empty := [shard.shard for shard in plan.shards if not shard.ids]:
        yield problem(
            document.at(*keys, "count"), f"shard {empty[0]} of {plan.count} has no test: lower the count"
        )
    named = document.get(*keys, "durations")
    if named is not None and not (ctx.root / named).is_file():
        yield problem(document.at(*keys, "durations"), f"{named} isn't there")
    yield from ci_facts(ctx, lambda workflow: shards_job.facts(workflow, plan.count))
