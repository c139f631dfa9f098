"""Whether workers of xdist pay for the tests that a run takes."""

from __future__ import annotations

import os
from pathlib import Path

from atomci.artifacts import handles
from atomci.artifacts.handed.testing import Durations, ParallelPlan, Selection
from atomci.atoms.parts.options import ShardOptions
from atomci.engine.context import Context
from atomci.testing import pytest_runs
from atomci.testing.layers import Layer
from atomci.testing.pytest_config import read_pytest_config

__all__ = ["NO_XDIST", "plan_of_workers"]

NO_XDIST = "pytest-xdist isn't installed"


def plan_of_workers(ctx: Context, layer: Layer, selection: Selection | None) -> ParallelPlan:
    """By what the tests that will run took the last time, or by how many there are."""
    config = read_pytest_config(ctx.root, layer.folder)
    part = selection if selection and selection.mode != "full" else None
    files = {test.path for test in part.tests} if part else ctx.files("**/*.py")
    tests = sum(_count_tests(ctx.root / file) for file in files if layer.holds(file))
    if pytest_runs.looks_parallel(config):
        workers, reason = 0, "pytest's own addopts choose the workers"
    elif ctx.project.version_of("pytest-xdist") is None:
        workers, reason = 0, NO_XDIST
    else:
        known = ctx.read_if_there(handles.DURATIONS)
        one = ctx.option(ShardOptions).one
        shards = one.count if one else 1
        seconds = _seconds_of(known, part) / shards if known else None
        workers, reason = pytest_runs.workers_for(seconds, tests // shards, os.cpu_count() or 1)
    return ParallelPlan(workers=workers, reason=reason)


def _seconds_of(known: Durations, part: Selection | None) -> float:
    """Of the tests that will run, what they took the last time; new ones aren't known, and count nothing."""
    if part is None:
        return known.seconds
    files, left_out = {test.path for test in part.tests}, frozenset(part.left_out)
    rows = known.tests.items()
    return sum(took for test, took in rows if test.partition("::")[0] in files and test not in left_out)


def _count_tests(path: Path) -> int:
    return path.read_text(encoding="utf-8", errors="replace").count("def test_")
