"""Phase 11: reports and observability."""

from __future__ import annotations

from atomci.artifacts import handles
from atomci.engine.context import Context, Outcome, Verdict
from atomci.report.pages import newest, page_of, write_page
from atomci.report.reading import report_of


def publish_local_reports_index(ctx: Context) -> Outcome:
    log = newest(ctx.root)
    if log is None:
        return Outcome("vacuous", "no run has left events yet: atomci run local_ci", 0, "runs")
    report = write_page(ctx.project, log, ctx.root / handles.PAGE)
    return Outcome("pass", f"run {report.run}: {report.verdict}", len(report.atoms), "atoms")


def publish_local_reports_index_holds(ctx: Context) -> Verdict:
    """The page is what the newest run's events make of it."""
    command = "atomci report"
    page, log = ctx.root / handles.PAGE, newest(ctx.root)
    if log is None:
        return Verdict(None, ("no run has left events yet",), "atomci run local_ci", not_run=True)
    if not page.is_file():
        return Verdict(False, (f"{handles.PAGE} is missing",), command)
    report = report_of(log, ctx.root)
    if page.read_text(encoding="utf-8", errors="replace") != page_of(ctx.project, report, log, page):
        return Verdict(False, (f"{handles.PAGE} isn't that of the newest run, {report.run}",), command)
    return Verdict(True, (f"{handles.PAGE} is that of run {report.run}, {report.verdict}",))
