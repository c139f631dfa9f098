"""What the tests' process is told before it begins: which tests may run again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from atomci.artifacts.trends import HISTORY
from atomci.engine.cache import make_room, notes_in
from atomci.engine.context import Context
from atomci.report.history import past_runs
from atomci.testing.flaky.plan import PLAN_VARIABLE, claims_of
from atomci.testing.flaky.settings import read_retries
from atomci.tools.atomic import replace_file

__all__ = ["flaky_before", "is_planned", "planned", "write_plan"]

_DAYS = 14
"""So long is a test known to be flaky after it was."""


def is_planned(ctx: Context) -> bool:
    """Whether the tests' process has anything to be told."""
    return ctx.project.setting(read_retries).times > 0


def planned(ctx: Context) -> dict[str, str]:
    """The variable that names the plan; empty without one."""
    return {PLAN_VARIABLE: _file(ctx).as_posix()} if is_planned(ctx) else {}


def write_plan(ctx: Context) -> None:
    """The plan of this run; what an earlier one has counted is gone."""
    if not is_planned(ctx):
        return
    retries, file = ctx.project.setting(read_retries), _file(ctx)
    make_room(ctx.root)
    file.parent.mkdir(parents=True, exist_ok=True)
    claims_of(file).unlink(missing_ok=True)
    plan = {"times": retries.times, "causes": retries.causes, "flaky": sorted(flaky_before(ctx))}
    replace_file(file, msgspec.json.encode(plan))


def flaky_before(ctx: Context) -> frozenset[str]:
    """Tests that passed on retry in a run of the last two weeks, as far as runs are kept here."""
    since = (datetime.now(UTC) - timedelta(days=_DAYS)).isoformat()
    kept = past_runs(ctx.root / HISTORY)
    return frozenset(nodeid for row in kept if row.time >= since for nodeid in row.flaky)


def _file(ctx: Context) -> Path:
    return notes_in(ctx.root, ctx.atom).with_name(f"{ctx.atom.name}.flaky.json")
