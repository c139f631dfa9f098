"""Phase 5: targeted unit tests with coverage."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from atomci.artifacts.schemas import Durations, ParallelPlan, Selection, Status, TestResult, TestSummary
from atomci.artifacts.store import replace_file
from atomci.engine.context import Context, Outcome, runs
from atomci.testing import coverage, impact, pytest_runs, results
from atomci.tools.git import changed_paths
from atomci.tools.process import Command, Completed, ToolMissing

_SELECTION = "artifacts/tests/selection.json"
_PARALLEL = "artifacts/tests/parallel.json"
_SUMMARY = "artifacts/tests/unit.json"
_DURATIONS = "artifacts/tests/durations.json"
_BUDGET = "artifacts/tests/coverage.json"
_JUNIT = "artifacts/reports/junit.xml"
_XML = "artifacts/reports/coverage.xml"
_NO_XDIST = "pytest-xdist isn't installed"
_PICKS_SHOWN = 3


def select_impacted_unit_tests(ctx: Context) -> Outcome:
    selection = _select(ctx)
    ctx.write(_SELECTION, selection)
    for test in selection.tests:
        ctx.log(f"{test.path}: {'; '.join(test.reasons)}\n")
    shown = [f"{test.path} {test.reasons[0]}" for test in selection.tests[:_PICKS_SHOWN]]
    more = len(selection.tests) - len(shown)
    said = "; ".join([selection.reason, *shown, *([f"{more} more in {_SELECTION}"] if more else [])])
    return Outcome("pass", f"{selection.mode}: {said}", selection.total, "test files")


def _select(ctx: Context) -> Selection:
    files = ctx.files("**/*")
    patterns = ctx.project.table("tool", "pytest", "ini_options").get("python_files", impact.PYTHON_FILES)
    patterns = tuple(patterns.split()) if isinstance(patterns, str) else tuple(patterns)
    if ctx.options.everything or ctx.options.since is None:
        asked = "--all" if ctx.options.everything else "no --since"
        return impact.everything(f"{asked}: the whole suite", impact.unit_tests(files, patterns))
    return impact.select(ctx.root, files, changed_paths(ctx.root, ctx.options.since), patterns)


def parallelize_unit_suite_optional(ctx: Context) -> Outcome:
    plan, tests = _plan(ctx)
    ctx.write(_PARALLEL, plan)
    if plan.reason == _NO_XDIST:
        return Outcome("skipped", _NO_XDIST, tests, "tests")
    return Outcome("pass", f"{plan.workers or 'no'} workers: {plan.reason}", tests, "tests")


def _plan(ctx: Context) -> tuple[ParallelPlan, int]:
    own = ctx.project.table("tool", "pytest", "ini_options").get("addopts")
    tests = sum(_count_tests(ctx.root / file) for file in ctx.files("tests/unit/**/*.py"))
    if pytest_runs.looks_parallel(own):
        workers, reason = 0, "pytest's own addopts choose the workers"
    elif ctx.project.version_of("pytest-xdist") is None:
        workers, reason = 0, _NO_XDIST
    else:
        known = ctx.read_if_there(_DURATIONS, Durations)
        seconds = known.seconds if known else None
        workers, reason = pytest_runs.workers_for(seconds, tests, os.cpu_count() or 1)
    return ParallelPlan(workers=workers, reason=reason), tests


def _pytest(ctx: Context) -> Sequence[Command]:
    if ctx.options.preview:
        selection: Selection | None = _select(ctx)
        plan: ParallelPlan | None = _plan(ctx)[0]
    else:
        selection = ctx.read_if_there(_SELECTION, Selection)
        plan = ctx.read_if_there(_PARALLEL, ParallelPlan)
    mode = selection.mode if selection else "full"
    if mode == "none":
        return ()
    tests = [test.path for test in selection.tests] if selection and mode == "impacted" else ["tests/unit"]
    words = pytest_runs.arguments(
        tests, workers=plan.workers if plan else 0, keep_going=ctx.options.keep_going
    )
    env = pytest_runs.environment(ctx.root.as_posix())
    return (Command((ctx.project.python, "-m", "pytest", *words), env),)


@runs(_pytest)
def run_pytest_unit_with_coverage(ctx: Context) -> Outcome:
    selection = ctx.read(_SELECTION, Selection)
    if selection.mode == "none":
        ctx.write(_SUMMARY, TestSummary(counts={}, complete=False, why_incomplete=selection.reason))
        return Outcome("skipped", selection.reason, 0, "tests")
    if not (ctx.root / "tests/unit").is_dir():
        ctx.write(_SUMMARY, TestSummary(counts={}, complete=True))
        return Outcome("vacuous", "there is no tests/unit", 0, "tests")
    return _ran(ctx, selection, ctx.run(*_pytest(ctx)))


def _ran(ctx: Context, selection: Selection, done: Completed) -> Outcome:
    found = _results(ctx, done)
    for result in found:
        ctx.emit(result)
    bad = results.findings(found)
    if not bad and done.code not in (0, pytest_runs.NOTHING_COLLECTED):
        # No summary: what the suite says isn't known.
        return Outcome("error", f"pytest ended with exit code {done.code}", len(found), "tests")
    ctx.write(_SUMMARY, _summary(selection, found))
    if bad:
        return Outcome("fail", f"{len(bad)} failed", len(found), "tests", bad)
    if all(result.outcome == "skipped" for result in found):
        why = "every test was skipped" if found else "no test was collected"
        return Outcome("vacuous", why, 0, "tests")
    if selection.mode == "full":
        ctx.write(_DURATIONS, Durations(seconds=sum(result.seconds for result in found)))
    return Outcome("pass", selection.reason if selection.mode == "impacted" else "", len(found), "tests")


def _results(ctx: Context, done: Completed) -> tuple[TestResult, ...]:
    """What the recorder wrote. A conftest's crash, which no test's result shows, is a result of its own."""
    log = ctx.root / pytest_runs.LOG
    found = results.read_results(log) if log.is_file() else ()
    if done.code not in pytest_runs.COMPLETE and not results.findings(found):
        crash = results.crash(done.stdout + done.stderr, ctx.root)
        if crash is not None:
            found = (*found, crash)
            results.write_results(log, found)
    if not found and not log.is_file():
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise ToolMissing(f"pytest left no results (exit {done.code}): {''.join(last)}", _pytest_hint(ctx))
    return found


def enforce_coverage_budget(ctx: Context) -> Outcome:
    summary = ctx.read(_SUMMARY, TestSummary)
    if not summary.complete:
        return Outcome("skipped", f"the total isn't known: {summary.why_incomplete}", 0, "statements")
    budget = ctx.project.table("tool", "coverage", "report").get("fail_under")
    if not isinstance(budget, int | float) or budget <= 0:
        return Outcome("vacuous", "pyproject.toml sets no tool.coverage.report.fail_under", 0, "statements")
    measured = coverage.budget_of(ctx.root / _XML, ctx.root, float(budget))
    ctx.write(_BUDGET, measured)
    if measured.percent is None:
        return Outcome("vacuous", "no statement under src/ was measured", 0, "statements")
    text = f"{measured.percent:.2f} % covered, budget {budget:g} %"
    if measured.met:
        return Outcome("pass", text, measured.statements, "statements")
    return Outcome("fail", text, measured.statements, "statements", coverage.findings(measured))


def _coverage_reports(ctx: Context) -> Sequence[Command]:
    if ctx.options.preview and _select(ctx).mode == "none":
        return ()
    return (
        _coverage(ctx, "xml", _XML),
        _coverage(ctx, "html", "artifacts/reports/htmlcov"),
    )


@runs(_coverage_reports)
def export_junit_and_coverage_artifacts(ctx: Context) -> Outcome:
    if not (ctx.root / pytest_runs.LOG).is_file():
        return Outcome("skipped", "the unit tests left no results", 0, "tests")
    found = results.read_results(ctx.root / pytest_runs.LOG)
    replace_file(ctx.root / _JUNIT, results.junit(found, "unit"))
    if not (ctx.root / pytest_runs.DATA).is_file():
        return _junit_only(ctx, found, "no coverage was measured")
    with ThreadPoolExecutor() as pool:  # each takes seconds, and neither needs the other
        reports = list(pool.map(ctx.run, _coverage_reports(ctx)))
    for done in reports:
        if done.code != 0:
            return _junit_only(ctx, found, done.stdout.strip()[:200])
    return Outcome("pass", "", len(found), "tests")


def _junit_only(ctx: Context, found: Sequence[TestResult], why: str) -> Outcome:
    """Tests that went wrong or were stopped may leave no coverage; a whole suite owes it."""
    summary = ctx.read_if_there(_SUMMARY, TestSummary)
    status: Status = "vacuous" if summary and summary.complete else "skipped"
    return Outcome(status, f"junit.xml only: {why}", len(found), "tests")


def _coverage(ctx: Context, kind: str, destination: str) -> Command:
    words = coverage.report_arguments(kind, destination, pytest_runs.DATA)
    return Command((ctx.project.python, "-m", "coverage", *words))


def _summary(selection: Selection, found: Sequence[TestResult]) -> TestSummary:
    why = ""
    if selection.mode != "full":
        why = "only impacted tests ran"
    elif results.findings(found):
        why = "the suite stopped on a failure"
    return TestSummary(counts=results.counts(found), complete=not why, why_incomplete=why)


def _count_tests(path: Path) -> int:
    return path.read_text(encoding="utf-8", errors="replace").count("def test_")


def _pytest_hint(ctx: Context) -> str:
    if ctx.project.version_of("atomci") is None:
        return "atomci isn't installed in the project's environment: add it to the dev group and sync"
    return "see the atom's log"
