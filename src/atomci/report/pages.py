"""Where the pages of runs are: that of the newest in artifacts/index.html, of others beside their events."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec

from atomci.artifacts.handed.runs import RunStarted
from atomci.artifacts.printed.reported import RunReport
from atomci.catalog import ATOMS
from atomci.decoding import decoded
from atomci.errors import UsageError
from atomci.project import Project
from atomci.report.page.document import page
from atomci.report.reading import log_of, report_of
from atomci.tools.atomic import replace_file

__all__ = [
    "EVENTS",
    "events_of",
    "newest",
    "newest_first",
    "only_reports",
    "page_of",
    "write_page",
    "write_summary",
]

EVENTS = "events.jsonl"
# Reports, what is told of failures, and the questions about a commit, which go by what runs have left.
_REPORTING = {row.name for row in ATOMS if row.phase in (11, 18, 20)} | {"watch_ci_duration_and_flakiness"}


def only_reports(atoms: Sequence[str]) -> bool:
    """Whether a run of these atoms only tells of other runs."""
    return set(atoms) <= _REPORTING


def events_of(root: Path, run: str) -> Path:
    """The events of the run with that id, or of the newest with `last`. Raises UsageError for none."""
    runs = root / "artifacts" / "runs"
    if run != "last":
        log = runs / run / EVENTS
        if Path(run).name == run and log.is_file():
            return log
        raise UsageError(f"{runs} has no run {run!r}", "ls artifacts/runs names them, and: last")
    if (found := newest(root)) is None:
        raise UsageError(f"{runs} has no run yet", "atomci run local_ci")
    return found


def newest(root: Path) -> Path | None:
    """The events of the newest run that looked at something else than runs."""
    logs = newest_first((root / "artifacts" / "runs").glob(f"*/{EVENTS}"))
    return next((log for log in logs if not only_reports(_atoms(log))), None)


def newest_first(logs: Iterable[Path]) -> list[Path]:
    """By the second in the id of the run, and of those that began in the same by who wrote last."""
    return sorted(logs, key=lambda log: (log.parent.name[:15], log.stat().st_mtime_ns), reverse=True)


def _atoms(log: Path) -> tuple[str, ...]:
    try:
        with log.open("rb") as file:
            return decoded(file.readline(), RunStarted).atoms
    except (OSError, msgspec.DecodeError):
        return ()


def _again(project: Project) -> str:
    """What people type here before an atom's name to run it."""
    from atomci.bootstrap.managers.choice import prefix

    return f"{prefix(project) if project.version_of('atomci') else ''}atomci run "


def page_of(project: Project, report: RunReport, log: Path, target: Path) -> str:
    """The run's page as it is at `target`; it leads to the logs that are beside the events."""
    hrefs = {}
    for atom in report.atoms:
        file = log_of(log.parent, atom.name)
        if file.is_file():
            relative = os.path.relpath(file, target.parent).replace(os.sep, "/")
            hrefs[atom.name] = quote(relative)
    return page(report, _again(project) if report.problems else "", hrefs)


def write_page(project: Project, log: Path, target: Path, *, own: bool = True) -> RunReport:
    """Write the page of the run whose events these are; `own`: it ran in this folder.

    Raises OSError, and UsageError where the file holds no run.
    """
    report = report_of(log, project.root if own else None)
    content = page_of(project, report, log, target)
    replace_file(target, content.encode("utf-8", "backslashreplace"))
    return report


def write_summary(report: RunReport, target: Path) -> None:
    """Write the run in Markdown. Raises OSError."""
    from atomci.report.markdown import markdown

    replace_file(target, markdown(report).encode("utf-8", "replace"))
