"""What an earlier run of all unit tests was seen to read, as far as it still tells what one now would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from atomci.artifacts.handed.runs import Observed, Result
from atomci.artifacts.handed.testing import TestSummary
from atomci.artifacts.store import ArtifactError, read_if_there
from atomci.engine.cache import ResultCache, surroundings
from atomci.engine.context import Context
from atomci.testing.layers import Layer
from atomci.testing.selection.earlier_run import EarlierRun, PathSet

__all__ = ["what_tests_read"]

_UNIT = "run_pytest_unit_with_coverage"


def what_tests_read(ctx: Context, layer: Layer, changed: Sequence[str] | None) -> EarlierRun | None:
    """By a kept pass of the whole suite from which nothing differs now but files that changed since the ref:
    what no such file reaches by imports would read the same again. None without one, and with --no-cache.
    """
    atom = ctx.catalog.atoms.get(_UNIT)
    if atom is None or changed is None or not ctx.options.use_cache:
        return None
    now = surroundings(atom, ctx.workspace, replace(ctx.options, since=None))
    for result, files in ResultCache(ctx.root).kept(atom):
        observed = result.observed
        if observed is None or not _tells_all(result, observed, files / layer.summary.path):
            continue
        other = now.changed_files(observed)
        if other is not None and {path for path in other if not path.startswith("artifacts/")} <= set(
            changed
        ):
            return EarlierRun(
                PathSet.of(ctx.root, (*observed.files, *observed.states)),
                PathSet.of(ctx.root, (*observed.texts, *observed.states)),
            )
    return None


def _tells_all(result: Result, observed: Observed, summary: Path) -> bool:
    """Whether all tests ran, and what they read could be seen."""
    if result.since is not None or observed.widened or observed.unkept or observed.on_disk:
        return False
    try:
        ran = read_if_there(summary, TestSummary)
    except ArtifactError:
        return False
    return ran is not None and ran.complete
