"""`atomci report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.options import project_at, project_option
from atomci.errors import InfrastructureError, UsageError

if TYPE_CHECKING:
    from atomci.artifacts.printed.reported import RunReport
    from atomci.project import Project

__all__ = ["report_command"]


@click.command("report")
@click.argument("run", required=False, metavar="[RUN]")
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print what the page holds as one JSON object.")
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, path_type=Path, resolve_path=True),
    metavar="FILE",
    help="The events.jsonl of a run elsewhere, or a folder that holds one.",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the Markdown of a job's summary.")
@click.option(
    "--comment",
    metavar="NUMBER",
    type=click.IntRange(1),
    help="Write that Markdown as a comment on the pull request, or edit the one that is there.",
)
@project_option
def report_command(
    run: str | None,
    open_it: bool,
    as_json: bool,
    source: Path | None,
    as_markdown: bool,
    comment: int | None,
    project: Path | None,
) -> int:
    """Make the page of a run again from its events: what is red, tests, coverage, and which atom ran when.

    RUN is an id, as in artifacts/runs; without one it is the last run. Its page is artifacts/index.html, that
    of an earlier run or of --from lies beside the events. With --json and --markdown nothing is written.

    \b
    atomci report --open
    atomci report 20261124T050442-89e07a --json
    atomci report --from ~/Downloads/atomci-unit --open      an unpacked artifact of CI
    atomci report --comment 12                               through gh, which holds the login
    """
    from atomci.artifacts.handles import PAGE
    from atomci.artifacts.json_text import json_of
    from atomci.report.markdown import markdown
    from atomci.report.pages import events_of, write_page
    from atomci.report.reading import report_of

    if run and source:
        raise UsageError("RUN and --from: give one of them")
    here = project_at(project)
    log = _events_in(source) if source else events_of(here.root, run or "last")
    if as_json or as_markdown or comment:
        report = report_of(log, None if source else here.root)
        if as_json:
            click.echo(json_of(report).decode())
        if as_markdown:
            click.echo(markdown(report), nl=False)
        if comment:
            click.echo(_commented(here, comment, report))
        return 0
    newest = not source and log == events_of(here.root, "last")
    target = here.root / PAGE.path if newest else log.parent / "index.html"
    try:
        report = write_page(here, log, target, own=source is None)
    except OSError as error:
        raise InfrastructureError(
            f"{target} can't be written: {error.strerror}", "free the disk, or name another place's events"
        ) from None
    click.echo(_said(report, target, here))
    if open_it:
        _open(target)
    return 0


def _events_in(source: Path) -> Path:
    """The events that were named; of several in a folder, the newest run's. Raises UsageError for none."""
    from atomci.report.pages import EVENTS, newest_first

    if source.is_file():
        return source
    found = newest_first(source.rglob(EVENTS))
    if not found:
        raise UsageError(f"{source} holds no {EVENTS}", "name the unpacked artifact of a CI job, or the file")
    return found[0]


def _commented(here: Project, number: int, report: RunReport) -> str:
    """Comment on the pull request, and give the comment's address. Raises InfrastructureError."""
    import os

    from atomci.forge.api import api_of_origin
    from atomci.forge.comments import commented
    from atomci.report.markdown import COMMENT_LIMIT, markdown

    api = api_of_origin(here.root, right="Pull requests")
    # Each job of CI has a comment of its own, since none knows how the others end.
    name = os.environ.get("GITHUB_JOB") or " ".join(report.targets)
    return commented(api, number, name, markdown(report, COMMENT_LIMIT))


def _said(report: RunReport, target: Path, here: Project) -> str:
    place = target.relative_to(here.root) if target.is_relative_to(here.root) else target
    red = f", {len(report.problems)} problems" if report.problems else ""
    return f"{report.verdict}{red}: {place.as_posix()}"


def _open(target: Path) -> None:
    import webbrowser

    if not webbrowser.open(target.as_uri()):
        raise InfrastructureError("no browser can be started here", f"open {target} yourself")
