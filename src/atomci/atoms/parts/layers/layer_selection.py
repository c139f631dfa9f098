"""Which tests of a layer a run takes: all, or those that a change reaches."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from msgspec import structs

from atomci.artifacts.handed.impact import ImpactRecord
from atomci.artifacts.handed.testing import Selection
from atomci.atoms.parts.layers.impact_record import (
    by_record,
    differs,
    known_record,
    since_in_ci,
    why_never_by_itself,
    why_not_trusted,
    why_of_no_use,
)
from atomci.atoms.parts.layers.known_reads import what_tests_read
from atomci.atoms.parts.layers.last_selection import last_selection
from atomci.atoms.parts.layers.layer_runs import why_unmeasured
from atomci.atoms.parts.layers.reused_coverage import known_lines, widen_for_lines
from atomci.atoms.parts.layers.shard_runs import portion_environment
from atomci.atoms.parts.options import ShardOptions
from atomci.engine.context import Context
from atomci.testing.layers import E2E, UNIT, Layer
from atomci.testing.provision.settings import read_services
from atomci.testing.pytest_config import TestFiles, read_pytest_config
from atomci.testing.selection import impact
from atomci.testing.selection.ci_events import Since
from atomci.testing.selection.reach import Everything, by_tests, has_failed
from atomci.testing.selection.settings import read_selection
from atomci.tools.git.branching import HistoryMissing, departure

__all__ = [
    "collecting",
    "every_test",
    "impacted",
    "impacted_by_imports",
    "impacted_by_record",
    "is_unit",
    "knows_by_itself",
    "reached_by_change",
    "selection_for",
    "test_files",
    "why_all",
]

_UNKNOWN_LINES = "coverage is measured, and it isn't known which lines each test covers"

_SAME = "nothing differs from the last run that was recorded"
_SERVICES = "nobody sees what the services run"


def is_unit(layer: Layer) -> bool:
    """Whether it is that of the unit tests, whose coverage can be told also where only some of them ran."""
    return layer.name == UNIT.name


def selection_for(ctx: Context, layer: Layer) -> Selection:
    """What this run takes of a layer. Raises HistoryMissing where nobody can tell what changed."""
    if ctx.options.everything:
        return every_test(ctx, layer, "--all")
    if since := ctx.options.since:
        left = departure(ctx.project.git, since)
        return impacted(ctx, layer, ctx.changed(since), left.commit if left else "HEAD")
    if in_ci := since_in_ci(ctx):
        return _selected_in_ci(ctx, layer, in_ci)
    if why := why_all(ctx, layer):
        if why == _SAME and (last := last_selection(ctx)) and _still_stands(ctx, layer, last):
            return last
        chosen = why == why_never_by_itself(ctx, layer)
        return every_test(ctx, layer, f"{why}{_how_to_select(ctx)}" if chosen else why)
    return _selected_from(ctx, layer, ctx.project.setting(read_selection).base)


def _still_stands(ctx: Context, layer: Layer, last: Selection) -> bool:
    """Whether no test that it leaves out has failed since, in a run that somebody told what to take."""
    record, left_out = known_record(ctx, layer), frozenset(last.left_out)
    rows = record.tests.items() if record else ()
    failed = any(has_failed(test) for nodeid, test in rows if nodeid in left_out)
    return not failed and not why_not_trusted(ctx, layer)


def _selected_in_ci(ctx: Context, layer: Layer, event: Since) -> Selection:
    """Raises HistoryMissing, also before there is a record: so a checkout without history is red at once."""
    left = departure(ctx.project.git, event.branch) if event.branch else None
    why = why_all(ctx, layer) or ("" if left else "there is no commit from which changes could count")
    if why or left is None:
        return every_test(ctx, layer, why)
    return impacted(ctx, layer, ctx.changed(left.commit), left.commit)


def _selected_from(ctx: Context, layer: Layer, base: str) -> Selection:
    """Where git can't tell from where changes count, all."""
    try:
        left = departure(ctx.project.git, base or None)
    except HistoryMissing as missing:
        return every_test(ctx, layer, f"{missing} ({missing.hint})")
    if left is None:
        return every_test(ctx, layer, "there is no commit from which changes could count")
    return _exact(ctx, layer, impacted(ctx, layer, ctx.changed(left.commit), left.commit))


def _exact(ctx: Context, layer: Layer, found: Selection) -> Selection:
    """All tests where a part of them can't tell the total coverage, and nobody asked for such a part."""
    if found.mode == "full" or found.exact or ctx.project.setting(read_selection).local == "always":
        return found
    return every_test(ctx, layer, _UNKNOWN_LINES) if _is_measured(ctx, layer) else found


def why_all(ctx: Context, layer: Layer) -> str:
    """Why a run without --since takes all tests; empty where it selects: on a laptop or for an event that
    may, by a record that tells, where something changed.

    Where nothing did, the last selection stands, or they all run.
    """
    if (in_ci := since_in_ci(ctx)) and in_ci.why_all:
        return in_ci.why_all
    if ctx.option(ShardOptions).one:
        return "a shard is a part of all of them"
    if never := why_never_by_itself(ctx, layer):
        return never
    record = known_record(ctx, layer)
    if unusable := why_of_no_use(ctx, record):
        return unusable
    nothing = record is not None and not differs(ctx, record)
    return _SAME if nothing else ""


def knows_by_itself(ctx: Context) -> bool:
    """Whether nobody said which tests a run takes."""
    asked = ctx.options.everything or ctx.options.since is not None or ctx.options.preview
    return not (asked or since_in_ci(ctx) or ctx.option(ShardOptions).one)


def _how_to_select(ctx: Context) -> str:
    try:
        left = departure(ctx.project.git, ctx.project.setting(read_selection).base or None)
    except HistoryMissing:
        left = None
    since = f"--since {left.branch}, or " if left else ""
    return f'; to run fewer: {since}selection.local = "always"'


def reached_by_change(ctx: Context, layer: Layer) -> Selection:
    """What a change reaches, also where a run would take all tests all the same: `atomci explain impact`."""
    try:
        left = departure(ctx.project.git, ctx.project.setting(read_selection).base or None)
    except HistoryMissing as missing:
        return every_test(ctx, layer, f"{missing} ({missing.hint})")
    return impacted(ctx, layer, ctx.changed(left.commit if left else None), left.commit if left else "HEAD")


def every_test(ctx: Context, layer: Layer, why: str) -> Selection:
    """The whole layer, and why."""
    return impact.everything(why, test_files(ctx, layer))


def impacted(ctx: Context, layer: Layer, changed: Sequence[str] | None, base: str = "HEAD") -> Selection:
    """The tests that changed paths reach; None where nobody can tell what changed since the base."""
    record = known_record(ctx, layer)
    unusable = why_of_no_use(ctx, record)
    if record is not None and not unusable:
        whole = is_unit(layer) and portion_environment(ctx) is None
        return impacted_by_record(ctx, layer, record, changed, base, covering=whole)
    if not (is_unit(layer) and layer.folder):
        return impact.everything(unusable, test_files(ctx, layer), changed or ())
    return impacted_by_imports(ctx, layer, changed)


def impacted_by_record(
    ctx: Context,
    layer: Layer,
    record: ImpactRecord,
    changed: Sequence[str] | None,
    base: str = "HEAD",
    standing: Collection[str] = (),
    *,
    covering: bool = False,
) -> Selection:
    """Those that they reach by a record that is of use; see `by_record`. `covering`: also those without which
    the total coverage isn't known, where it is known what the others cover.
    """
    if why := why_not_trusted(ctx, layer) or _unseen(ctx, layer, changed):
        return impact.everything(why, test_files(ctx, layer), changed or ())
    how = collecting(ctx, layer)
    try:
        reach = by_record(ctx, record, how, changed, base, standing)
        lines = known_lines(ctx, record) if covering and _is_measured(ctx, layer) else None
        if lines:
            widen_for_lines(ctx, lines, reach, record, how)
        found = by_tests(record, reach, test_files(ctx, layer))
        return structs.replace(found, exact=lines is not None and found.mode == "impacted")
    except Everything as widened:
        return impact.everything(str(widened), test_files(ctx, layer), changed or ())


def _unseen(ctx: Context, layer: Layer, changed: Sequence[str] | None) -> str:
    """Why nobody can tell what the tests of a layer run; empty where it is seen, or doesn't matter."""
    if layer.name != E2E.name or not ctx.project.setting(read_services):
        return ""
    return "" if changed is not None and all(map(impact.is_prose, changed)) else _SERVICES


def impacted_by_imports(ctx: Context, layer: Layer, changed: Sequence[str] | None) -> Selection:
    """Those that they reach by what files import, and by what tests were seen to read."""
    files = ctx.files("**/*")
    return impact.select(
        ctx.root, files, changed, collecting(ctx, layer), what_tests_read(ctx, layer, changed)
    )


def _is_measured(ctx: Context, layer: Layer) -> bool:
    return bool(layer.data) and not why_unmeasured(ctx, read_pytest_config(ctx.root, layer.folder))


def test_files(ctx: Context, layer: Layer) -> list[str]:
    """The files in which pytest looks for a layer's tests."""
    files = _collected(ctx, layer)
    return [path for path in ctx.files("**/*") if files.holds(path)]


def _collected(ctx: Context, layer: Layer) -> TestFiles:
    return read_pytest_config(ctx.root, layer.folder).files(
        ctx.root, *(layer.folders(ctx.root) or [layer.folder])
    )


def collecting(ctx: Context, layer: Layer) -> impact.Collecting:
    """How pytest collects a layer's tests, by the settings that it reads itself."""
    config = read_pytest_config(ctx.root, layer.folder)
    own = ctx.project.table("project", "entry-points", "pytest11").values()
    named = os.environ.get("PYTEST_PLUGINS", "").split(",")
    plugins = (*config.plugins, *(str(name).partition(":")[0] for name in own), *filter(None, named))
    unknown = ""
    if doctests := [word for word in config.words if word.startswith("--doctest")]:
        unknown = f"{doctests[0]} ({config.where}): other files than those of tests hold some too"
    for file in ctx.files("**/*"):
        if file.endswith("conftest.py") and impact.collects_files(ctx.root / file):
            unknown = f"{file} collects files by a hook of its own, which may be any"
    return impact.Collecting(_collected(ctx, layer), config.searched, plugins, unknown)
