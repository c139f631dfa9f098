"""Phase 19: performance and cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from atomci.atoms import checks_19_performance as checks
from atomci.atoms.recorded import outcome_of, recorded
from atomci.atoms.shard_runs import collect_command, collected, known_durations
from atomci.engine.config import load_shards
from atomci.engine.context import Context, Outcome, runs
from atomci.testing.sharding import whole
from atomci.tools.process import Command


def cache_dependencies_effectively(ctx: Context) -> Outcome:
    return recorded(ctx, checks.cache_dependencies_effectively(ctx))


def _collecting(ctx: Context) -> Sequence[Command]:
    return (collect_command(ctx, Path("FOLDER")),)


@runs(_collecting)
def shard_and_parallelize_tests_where_safe(ctx: Context) -> Outcome:
    seen, done = collected(ctx)
    if seen is None:
        last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:]
        return Outcome("error", f"the unit tests can't be collected: {''.join(last)}", 0, "tests")
    if not seen.suite:
        return Outcome("vacuous", "no unit test was collected", 0, "tests")
    plan = whole.plan(seen, known_durations(ctx), load_shards(ctx.project).count)
    ctx.write(checks.SHARDS, plan)
    outcome = outcome_of(ctx, checks.divided(ctx, plan, seen))
    if outcome.status != "pass":
        return outcome
    return Outcome("pass", checks.balance(plan), len(seen.suite), "tests")
