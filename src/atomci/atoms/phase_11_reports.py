"""Phase 11: reports and observability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from atomci.artifacts import handles
from atomci.artifacts.handles import Artifact
from atomci.artifacts.printed.reported import RunReport
from atomci.atoms.parts.layers.coverage_budget import (
    counted_layers,
    depends_on_the_change,
    judged_budget,
    judged_elsewhere,
    verdict_on_budget,
    why_uncounted,
)
from atomci.atoms.parts.layers.coverage_runs import combined_commands, combining_command
from atomci.atoms.parts.verdicts.evidence import last_result
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.report.markdown import markdown
from atomci.report.pages import newest, page_of, write_page, write_summary
from atomci.report.reading import report_of
from atomci.testing.layers import E2E, INTEGRATION, Layer, unit_tests_of
from atomci.testing.measurement.coverage import left_behind
from atomci.testing.measurement.coverage_xml import objections
from atomci.tools.process import Command

_NO_RUN = "no run has left events yet: atomci run local_ci"


_BUDGET_DATA = f"{handles.ALL_COVERAGE}budget.data"


def _layers(ctx: Context) -> list[Layer]:
    return [unit_tests_of(ctx.project), INTEGRATION, replace(E2E, data=handles.E2E_DATA)]


def _measured(ctx: Context) -> list[Layer]:
    """The layers of tests that have left coverage."""
    return [layer for layer in _layers(ctx) if layer.data and (ctx.root / layer.data).is_file()]


def _combined(ctx: Context) -> Sequence[Command]:
    layers = _measured(ctx)
    return combined_commands(ctx, layers, handles.ALL_COVERAGE.path) if layers else ()


def _uncounted(ctx: Context) -> str:
    """Why the layers of the budget can't be judged together: one of them wasn't run as a whole on what is
    here now. Empty where all were.
    """
    for layer in _layers(ctx):
        if layer.name in counted_layers(ctx) and (why := why_uncounted(ctx, layer)):
            return f"the budget isn't judged: {layer.name}: {why}"
    return ""


def _judged(ctx: Context) -> Outcome:
    """The budget over the layers that the project names, which may be others than all that are there."""
    layers = [layer for layer in _layers(ctx) if layer.name in counted_layers(ctx)]
    done = ctx.run(combining_command(ctx, layers, _BUDGET_DATA))
    if wrong := left_behind(done):
        return Outcome("error", wrong, len(layers), "layers")
    return judged_budget(ctx, _BUDGET_DATA, handles.ALL_BUDGET)


@runs(_combined, depends_on_the_change)
def generate_coverage_xml_html(ctx: Context) -> Outcome:
    layers = _measured(ctx)
    (ctx.root / handles.ALL_BUDGET).unlink(missing_ok=True)
    if not layers:
        return Outcome(
            "vacuous", "no layer of tests has left coverage: atomci run unit integration", 0, "layers"
        )
    if wrong := _why_unreported(ctx, layers):
        return wrong
    said = " and ".join(layer.name for layer in layers)
    if not judged_elsewhere(ctx):
        return Outcome("pass", said, len(layers), "layers", without=(handles.ALL_BUDGET.path,))
    if uncounted := _uncounted(ctx):
        return Outcome("skipped", f"{uncounted}; reports of {said}", len(layers), "layers")
    return _judged(ctx)


def _why_unreported(ctx: Context, layers: Sequence[Layer]) -> Outcome | None:
    """Make the reports; what is wrong with them."""
    (ctx.root / handles.ALL_COVERAGE).mkdir(parents=True, exist_ok=True)
    combine, *reports = _combined(ctx)
    if wrong := left_behind(ctx.run(combine)):
        return Outcome("error", wrong, len(layers), "layers")
    for command in reports:
        done = ctx.run(command)
        if done.code != 0:
            return Outcome("error", f"coverage can't report: {done.last_printed}", len(layers), "layers")
    if unplaced := objections(ctx.root / handles.ALL_COVERAGE / "coverage.xml", ctx.root):
        return Outcome("fail", "; ".join(unplaced[:3]), len(layers), "layers")
    return None


def generate_coverage_xml_html_holds(ctx: Context) -> Verdict:
    """Also: each file that the XML names is in the repository, the HTML has its page, and the budget is met
    where it counts over several layers.
    """
    verdict = verdict_on_budget(ctx, handles.ALL_BUDGET) if judged_elsewhere(ctx) else last_result(ctx)
    if not verdict.holds:
        return verdict
    folder = ctx.root / handles.ALL_COVERAGE
    problems = objections(folder / "coverage.xml", ctx.root)
    if not (folder / "htmlcov/index.html").is_file():
        problems.append(f"{handles.ALL_COVERAGE}htmlcov/index.html is missing")
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def publish_local_reports_index(ctx: Context) -> Outcome:
    log = newest(ctx.root)
    if log is None:
        return Outcome("vacuous", _NO_RUN, 0, "runs")
    report = write_page(ctx.project, log, ctx.root / handles.PAGE)
    return Outcome("pass", f"run {report.run}: {report.verdict}", len(report.atoms), "atoms")


def publish_local_reports_index_holds(ctx: Context) -> Verdict:
    """The page is what the newest run's events make of it."""
    page = ctx.root / handles.PAGE
    return _is_of_newest(ctx, handles.PAGE, lambda report, log: page_of(ctx.project, report, log, page))


def summarize_test_outcomes_for_pr(ctx: Context) -> Outcome:
    log = newest(ctx.root)
    if log is None:
        return Outcome("vacuous", _NO_RUN, 0, "runs")
    report = report_of(log, ctx.root)
    write_summary(report, ctx.root / handles.SUMMARY)
    return Outcome("pass", f"run {report.run}: {report.verdict}", len(report.atoms), "atoms")


def summarize_test_outcomes_for_pr_holds(ctx: Context) -> Verdict:
    """The summary is what the newest run's events make of it."""
    return _is_of_newest(ctx, handles.SUMMARY, lambda report, log: markdown(report))


def _is_of_newest(ctx: Context, artifact: Artifact[Any], made: Callable[[RunReport, Path], str]) -> Verdict:
    again, log = f"atomci run {ctx.atom.name}", newest(ctx.root)
    if log is None:
        return Verdict(None, ("no run has left events yet",), "atomci run local_ci", not_run=True)
    file = ctx.root / artifact
    if not file.is_file():
        return Verdict(None, (f"{artifact} is missing: it hasn't been made here",), again, not_run=True)
    report = report_of(log, ctx.root)
    if file.read_text(encoding="utf-8", errors="replace") != made(report, log):
        return Verdict(False, (f"{artifact} isn't that of the newest run, {report.run}",), again)
    return Verdict(True, (f"{artifact} is that of run {report.run}, {report.verdict}",))
