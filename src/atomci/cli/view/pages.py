"""The page of a run that ends, which takes the place of the page of the run before, and its summary."""

from __future__ import annotations

import click

from atomci.artifacts.handed.runs import Event, RunFinished, RunStarted
from atomci.artifacts.handed.trends import HISTORY
from atomci.artifacts.handles import PAGE, SUMMARY
from atomci.engine.events import Listener
from atomci.project import Project
from atomci.visible import visible

__all__ = ["page_listener"]

_SUMMARY_OF = "summarize_test_outcomes_for_pr"


def page_listener(project: Project) -> Listener:
    """Remove the earlier page when a run begins, and write its own when it is over; also the summary, where
    an atom of the run has written one before the end.

    A run that only tells of other runs leaves both to its atoms.
    """
    from atomci.report.history import appended, past_run
    from atomci.report.pages import EVENTS, only_reports, write_page, write_summary

    mine = False

    def show(event: Event) -> None:
        nonlocal mine
        page = project.root / PAGE.path
        if isinstance(event, RunStarted) and not only_reports(event.atoms):
            mine = True
            try:
                page.unlink(missing_ok=True)
            except OSError:  # which writing it will tell
                return
        elif isinstance(event, RunFinished) and mine:
            try:
                log = project.root / "artifacts" / "runs" / event.run / EVENTS
                report = write_page(project, log, page)
                if event.atoms.get(_SUMMARY_OF) == "pass":
                    write_summary(report, project.root / SUMMARY.path)
                appended(project.root / HISTORY, past_run(report))
            except Exception as error:  # a page that can't be made changes no verdict
                if event.exit_code != 3:  # where the run itself tells what went wrong
                    click.echo(f"note: {PAGE} can't be written: {visible(error)}", err=True)

    return show
