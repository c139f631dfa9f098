"""Phase 11: reports and observability."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from atomci.artifacts import handles
from atomci.artifacts.handles import Artifact
from atomci.artifacts.reported import RunReport
from atomci.engine.context import Context, Outcome, Verdict
from atomci.report.markdown import markdown
from atomci.report.pages import newest, page_of, write_page
from atomci.report.reading import report_of
from atomci.tools.atomic import replace_file

_NO_RUN = "no run has left events yet: atomci run local_ci"


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
    replace_file(ctx.root / handles.SUMMARY, markdown(report).encode("utf-8", "replace"))
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
