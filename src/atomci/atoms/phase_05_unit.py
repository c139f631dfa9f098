"""Phase 5: targeted unit tests with coverage."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace

from atomci.artifacts import handles
from atomci.artifacts.handed.testing import ParallelPlan, Selection
from atomci.atoms.parts.layers.coverage_budget import (
    budget_commands,
    depends_on_the_change,
    judged_budget,
    judged_elsewhere,
    verdict_on_budget,
)
from atomci.atoms.parts.layers.coverage_runs import coverage_command, reading_sources
from atomci.atoms.parts.layers.impact_record import (
    is_recorded,
    keep_escapes,
    keep_record,
    note_in_vain,
    seeds,
)
from atomci.atoms.parts.layers.last_selection import keep_selection
from atomci.atoms.parts.layers.layer_inputs import depends_on_what_was_seen
from atomci.atoms.parts.layers.layer_runs import (
    export_reports,
    miscounted,
    pytest_command,
    why_unrunnable,
)
from atomci.atoms.parts.layers.layer_selection import (
    collecting,
    every_test,
    knows_by_itself,
    selection_for,
    test_files,
    why_all,
)
from atomci.atoms.parts.layers.layer_writes import changed_by_tests, hashes_before
from atomci.atoms.parts.layers.parallel_plan import NO_XDIST, plan_of_workers
from atomci.atoms.parts.layers.reused_coverage import keep_lines
from atomci.atoms.parts.layers.shard_runs import (
    combine_commands,
    combined,
    durations_of,
    nothing_selected,
    portion_environment,
    run_portion,
)
from atomci.atoms.parts.options import ShardOptions
from atomci.atoms.parts.verdicts.evidence import last_result
from atomci.engine.cache import clear_notes, declared, notes_in
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.engine.inputs.dependencies import Dependencies
from atomci.testing import results
from atomci.testing.layers import UNIT, Layer, unit_tests_of
from atomci.tools.process import Command

_NOTED = "noted which lines each test covers, so that later runs take fewer"
_OF_THE_EVENT = ("CI", "GITHUB_EVENT_NAME")
_PICKS_SHOWN = 3
_MODES = {"full": "all tests", "impacted": "impacted", "none": "none"}


def _goes_by(ctx: Context) -> Dependencies:
    """Of its files, and where it selects of what earlier runs were seen to read, which no hash holds."""
    asked = ctx.options.since is not None or not why_all(ctx, _layer(ctx))
    earlier = "earlier runs show what tests read" if asked else ""
    base = replace(declared(ctx.atom, ctx.workspace), unkept=earlier)
    if not (ctx.root / handles.IMPACT).is_file():
        return base
    records = (handles.IMPACT.path, handles.LINES.path, handles.ESCAPES.path)
    return replace(base, files=(*base.files, *records), variables=_OF_THE_EVENT)


def _no_commands(ctx: Context) -> Sequence[Command]:
    return ()


@runs(_no_commands, _goes_by)
def select_impacted_unit_tests(ctx: Context) -> Outcome:
    selection = _select(ctx)
    ctx.write(handles.SELECTION, selection)
    if knows_by_itself(ctx):
        keep_selection(ctx, selection)
    for test in selection.tests:
        ctx.log(f"{test.path}: {'; '.join(test.reasons)}\n")
    shown = [f"{test.path} {test.reasons[0]}" for test in selection.tests[:_PICKS_SHOWN]]
    more = len(selection.tests) - len(shown)
    said = "; ".join([selection.reason, *shown, *([f"{more} more in {handles.SELECTION}"] if more else [])])
    mode = _MODES[selection.mode]
    return Outcome("pass", f"{mode}: {said}", selection.total, "test files")


def _select(ctx: Context) -> Selection:
    return selection_for(ctx, _layer(ctx))


def _layer(ctx: Context) -> Layer:
    return unit_tests_of(ctx.project)


def parallelize_unit_suite_optional(ctx: Context) -> Outcome:
    plan = plan_of_workers(ctx, _layer(ctx), ctx.read_if_there(handles.SELECTION))
    ctx.write(handles.PARALLEL, plan)
    files = len(test_files(ctx, _layer(ctx)))
    if plan.reason == NO_XDIST:
        return Outcome("skipped", NO_XDIST, files, "test files")
    return Outcome("pass", f"{plan.workers or 'no'} workers: {plan.reason}", files, "test files")


def _pytest(ctx: Context) -> Sequence[Command]:
    if ctx.option(ShardOptions).left_in:
        return combine_commands(ctx)
    if ctx.options.preview:
        selection: Selection | None = _select(ctx)
        plan: ParallelPlan | None = plan_of_workers(ctx, _layer(ctx), selection)
    else:
        selection = ctx.read_if_there(handles.SELECTION)
        plan = ctx.read_if_there(handles.PARALLEL)
    return _pytest_of(ctx, selection, plan)


def _pytest_of(ctx: Context, selection: Selection | None, plan: ParallelPlan | None) -> Sequence[Command]:
    mode = selection.mode if selection else "full"
    if mode == "none" or _left_out(ctx):
        return ()
    layer = _layer(ctx)
    tests = (
        [test.path for test in selection.tests]
        if selection and mode == "impacted"
        else list(layer.folders(ctx.root))
    )
    workers = plan.workers if plan else 0
    portion = portion_environment(ctx)
    return (
        pytest_command(
            ctx,
            layer,
            tests,
            workers=workers,
            portion=portion,
            observed=notes_in(ctx.root, ctx.atom),
            followed=is_recorded(ctx, layer),
            narrowed=bool(selection and selection.left_out),
        ),
    )


def _left_out(ctx: Context) -> str:
    """Why a project that isn't set up for atomci has no tests that can be run; empty where they can."""
    why = why_unrunnable(ctx.project)
    return f"the tests, since {why}" if why else ""


def _rests_on(ctx: Context) -> Dependencies:
    return depends_on_what_was_seen(ctx, _layer(ctx))


@runs(_pytest, _rests_on)
def run_pytest_unit_with_coverage(ctx: Context) -> Outcome:
    if ctx.option(ShardOptions).left_in:
        return combined(ctx, _pytest(ctx))
    if why := _left_out(ctx):
        return Outcome.leaving_out(why, 0, "tests")
    selection = ctx.read(handles.SELECTION)
    if selection.mode == "none":
        ctx.write(UNIT.summary, nothing_selected(ctx, selection.reason))
        return Outcome("skipped", selection.reason, 0, "tests")
    return _run(ctx, selection)


def _run(ctx: Context, selection: Selection) -> Outcome:
    layer = _layer(ctx)
    clear_notes(ctx.root, ctx.atom)
    before, first = hashes_before(ctx), seeds(ctx, layer)
    with reading_sources(ctx, layer):
        commands = _pytest_of(ctx, selection, ctx.read_if_there(handles.PARALLEL))
        outcome = run_portion(ctx, layer, commands, selection.mode)
    if portion_environment(ctx) is None:
        if selection.mode == "full":
            keep_escapes(ctx, layer, before, lambda: collecting(ctx, layer))
        if keep_record(ctx, layer, before, selection):
            how = collecting(ctx, layer)
            lost = keep_lines(ctx, layer, before, how, selection)
            if lost and outcome.status == "pass":
                again = _run(ctx, every_test(ctx, layer, lost))
                return replace(again, reason=f"all tests ran, since {lost}; {again.reason}")
    if outcome.status != "pass":
        return outcome
    if first:
        note_in_vain(ctx, before)
    if wrote := changed_by_tests(ctx, before):
        return replace(outcome, status="error", reason=wrote)
    if ctx.read(UNIT.summary).complete:
        ctx.write(handles.DURATIONS, durations_of(results.read_results(ctx.root / UNIT.log)))
    noted = _NOTED if first and (ctx.root / handles.LINES).is_file() else ""
    said = (selection.reason if selection.mode == "impacted" else noted, outcome.reason)
    return replace(outcome, reason="; ".join(filter(None, said)))


def run_pytest_unit_with_coverage_holds(ctx: Context) -> Verdict:
    """Also: the summary counts what the results hold, and something passed. What was left out is said."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    summary = ctx.read(UNIT.summary)
    left_out = (summary.why_incomplete,) if summary.why_incomplete else ()
    return Verdict.of(
        miscounted(ctx, UNIT),
        (*verdict.evidence, *summary.let_pass, *left_out),
        f"atomci run {ctx.atom.name}",
    )


def _budget_report(ctx: Context) -> Sequence[Command]:
    if judged_elsewhere(ctx) or (ctx.options.preview and _select(ctx).mode != "full"):
        return ()
    return budget_commands(ctx, handles.UNIT_DATA.path)


@runs(_budget_report, depends_on_the_change)
def enforce_coverage_budget(ctx: Context) -> Outcome:
    if elsewhere := judged_elsewhere(ctx):
        (ctx.root / handles.BUDGET).unlink(missing_ok=True)
        return Outcome("skipped", f"not judged here: {elsewhere}", 0, "statements")
    if unknown := _unknown_total(ctx):
        return unknown
    return judged_budget(ctx, handles.UNIT_DATA.path, handles.BUDGET, ctx.read(UNIT.summary).reused)


def _unknown_total(ctx: Context) -> Outcome | None:
    """How the judgement ends where the total coverage can't be told."""
    summary = ctx.read_if_there(UNIT.summary)
    if summary is None:
        return Outcome("skipped", "the unit tests left no result", 0, "statements")
    if not summary.complete and summary.reused is None:
        return Outcome("skipped", f"the total isn't known: {summary.why_incomplete}", 0, "statements")
    if (ctx.root / handles.UNIT_DATA).is_file():
        return None
    why = f"no coverage was measured{f': {summary.unmeasured}' if summary.unmeasured else ''}"
    if summary.unmeasured and not ctx.project.is_joined:
        return Outcome.leaving_out(why, 0, "statements")
    return Outcome("skipped", why, 0, "statements")


def enforce_coverage_budget_holds(ctx: Context) -> Verdict:
    """Also: the budget was met, and which it is."""
    if elsewhere := judged_elsewhere(ctx):
        return Verdict(None, (elsewhere,))
    return verdict_on_budget(ctx, handles.BUDGET)


def _coverage_reports(ctx: Context) -> Sequence[Command]:
    if ctx.options.preview and _select(ctx).mode == "none":
        return ()
    return (
        coverage_command(ctx, _layer(ctx), "xml", handles.UNIT_COVERAGE),
        coverage_command(ctx, _layer(ctx), "html", handles.UNIT_HTML),
    )


@runs(_coverage_reports)
def export_junit_and_coverage_artifacts(ctx: Context) -> Outcome:
    return export_reports(ctx, _layer(ctx), _coverage_reports(ctx))


def export_junit_and_coverage_artifacts_holds(ctx: Context) -> Verdict:
    """Also: both XML files parse, junit.xml holds a case per attempt, htmlcov has its page."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    problems = []
    cases = ET.parse(ctx.root / handles.UNIT_JUNIT).findall(".//testcase")
    attempts = len(results.read_results(ctx.root / UNIT.log))
    if len(cases) != attempts:
        problems.append(f"{handles.UNIT_JUNIT} holds {len(cases)} cases for {attempts} attempts")
    if ET.parse(ctx.root / handles.UNIT_COVERAGE).getroot().tag != "coverage":
        problems.append(f"{handles.UNIT_COVERAGE} isn't a coverage report")
    if not (ctx.root / handles.UNIT_PAGE).is_file():
        problems.append(f"{handles.UNIT_PAGE} is missing")
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")
