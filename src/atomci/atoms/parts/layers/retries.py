"""What the tests' process is told of tests that fail and then pass, and what is made of those."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from atomci.artifacts.handed.testing import TestResult, TestSession
from atomci.artifacts.handed.trends import HISTORY
from atomci.atoms.parts.branches import base_of_the_branch
from atomci.engine.cache import make_room, notes_in
from atomci.engine.context import Context
from atomci.report.history import past_runs
from atomci.testing.flaky.flakiness import NOT_FLAKY, Flakiness, flakiness_of
from atomci.testing.flaky.plan import PLAN_VARIABLE, claims_of
from atomci.testing.flaky.quarantine import FILE, Quarantined, quarantine_today, read_quarantine
from atomci.testing.flaky.settings import read_retries
from atomci.testing.layers import E2E, INTEGRATION, UNIT, Layer
from atomci.tools.atomic import replace_file

__all__ = ["flakiness", "is_planned", "planned", "quarantine_alone", "quarantine_plan", "write_plan"]

_DAYS = 14
"""So long is a test known to be flaky after it was."""


def is_planned(ctx: Context) -> bool:
    """Whether the tests' process has anything to be told."""
    return ctx.project.setting(read_retries).times > 0 or bool(ctx.project.setting(read_quarantine))


def planned(ctx: Context) -> dict[str, str]:
    """The variable that names the plan; empty without one."""
    return {PLAN_VARIABLE: _file(ctx).as_posix()} if is_planned(ctx) else {}


def write_plan(ctx: Context, layer: Layer) -> None:
    """The plan of this run; what an earlier one has counted is gone."""
    if not is_planned(ctx):
        return
    retries, file = ctx.project.setting(read_retries), _file(ctx)
    make_room(ctx.root)
    file.parent.mkdir(parents=True, exist_ok=True)
    claims_of(file).unlink(missing_ok=True)
    again = {"times": retries.times, "causes": retries.causes, "flaky": sorted(_flaky_before(ctx))}
    replace_file(file, msgspec.json.encode(again | _held(ctx, layer)))


def quarantine_plan(ctx: Context, layer: Layer) -> bytes:
    """The same where no test runs again; empty without a quarantine. Raises UsageError."""
    if not ctx.project.setting(read_quarantine):
        return b""
    never: dict[str, Any] = {"times": 0, "causes": (), "flaky": ()}
    return msgspec.json.encode(never | _held(ctx, layer))


def _held(ctx: Context, layer: Layer) -> dict[str, Any]:
    return {
        "quarantined": {row.test: row.today for row in quarantine_today(ctx.project).in_force},
        "named": [row.test for row in ctx.project.setting(read_quarantine) if _belongs(layer, row)],
    }


def flakiness(
    ctx: Context, layer: Layer, found: Sequence[TestResult], session: TestSession | None
) -> Flakiness:
    """What passed on retry and what is quarantined, and what of it makes a layer red."""
    if ctx.project.setting(read_retries).new == "report":
        judged = flakiness_of(found, lambda _: False)
    else:
        judged = flakiness_of(found, _changed_by_the_branch(ctx), _flaky_before(ctx))
    return replace(judged, objections=(*judged.objections, *_of_the_quarantine(ctx, layer, session)))


def quarantine_alone(
    ctx: Context, layer: Layer, found: Sequence[TestResult], session: TestSession | None
) -> Flakiness:
    """What is quarantined, and what of the quarantine makes a layer red, where no test ran again."""
    if not ctx.project.setting(read_quarantine):
        return NOT_FLAKY
    judged = flakiness_of(found, lambda _: False)
    return replace(judged, objections=tuple(_of_the_quarantine(ctx, layer, session)))


def _of_the_quarantine(ctx: Context, layer: Layer, session: TestSession | None) -> Iterator[str]:
    """Entries of this layer that are over, and those that no test has."""
    for row in quarantine_today(ctx.project).lapsed:
        if _belongs(layer, row):
            yield row.lapse
    for name, close in (session.unmatched if session else {}).items():
        meant = f"did you mean {close}?" if close else "delete the entry"
        yield f"{FILE} names {name}, and no test is called so: {meant}"


def _belongs(layer: Layer, row: Quarantined) -> bool:
    """Whether a layer answers for an entry: the unit tests also for those that are of none."""
    others = (INTEGRATION, E2E) if layer.name == UNIT.name else ()
    return layer.runs(row.path) or (bool(others) and not any(other.runs(row.path) for other in others))


def _flaky_before(ctx: Context) -> frozenset[str]:
    """Tests that passed on retry in a run of the last two weeks, as far as runs are kept here."""
    since = (datetime.now(UTC) - timedelta(days=_DAYS)).isoformat()
    kept = past_runs(ctx.root / HISTORY)
    return frozenset(nodeid for row in kept if row.time >= since for nodeid in row.flaky)


def _changed_by_the_branch(ctx: Context) -> Callable[[str], bool]:
    """Whether a file is changed on this branch, or not committed; where git can't tell, it may be."""

    @cache
    def changed() -> frozenset[str] | None:
        base = base_of_the_branch(ctx)
        found = ctx.changed(base) if base else None
        return None if found is None else frozenset(found)

    return lambda path: (known := changed()) is None or path in known


def _file(ctx: Context) -> Path:
    return notes_in(ctx.root, ctx.atom).with_name(f"{ctx.atom.name}.flaky.json")
