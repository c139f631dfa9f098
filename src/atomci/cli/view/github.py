"""How a run is shown on GitHub Actions: groups, annotations, and a summary of the job."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from atomci.artifacts.handed.runs import AtomFinished, Event, RunFinished, RunStarted
from atomci.cli.view.annotations import annotated
from atomci.engine.events import Listener
from atomci.tools.git.client import Git

__all__ = ["below_the_top", "github_lines"]


@contextmanager
def github_lines(
    lines: Callable[[Event], Sequence[str]], head: Callable[[AtomFinished], str], root: Path
) -> Iterator[Listener]:
    """Each atom's log in a group; at the end the findings as annotations on the lines they are about."""
    finished: list[AtomFinished] = []
    told: list[Event] = []

    def show(event: Event) -> None:
        told.append(event)
        if isinstance(event, AtomFinished):
            finished.append(event)
            click.echo(f"::group::{head(event)}")
            if (log := root / event.log).is_file():
                click.echo(_inert(log.read_text(encoding="utf-8", errors="replace")))
            click.echo("::endgroup::")
        for line in lines(event):
            click.echo(line.replace("##[", "## ["))
        if isinstance(event, RunFinished):
            for line in annotated(finished, below_the_top(root)):
                click.echo(line)
        if isinstance(event, RunFinished) and (file := os.environ.get("GITHUB_STEP_SUMMARY")):
            with Path(file).open("a", encoding="utf-8") as summary:
                summary.write(_summary(told, event, root, summary.tell()))

    yield show


def below_the_top(root: Path) -> str:
    """What leads to a project in a folder of its repository, such as `sub/`: GitHub counts from the top."""
    return Git(root).prefix() or ""


def _inert(log: str) -> str:
    """A tool's output must not be taken for workflow commands, which may be indented or amid a line."""
    token = secrets.token_hex(16)
    return f"::stop-commands::{token}\n{log.rstrip()}\n::{token}::"


def _summary(told: Sequence[Event], run: RunFinished, root: Path, written: int) -> str:
    """Markdown for the job's page, of which the step has written so many bytes already."""
    from atomci.report.markdown import SUMMARY_LIMIT, markdown
    from atomci.report.reading import reported

    begun = () if isinstance(told[0], RunStarted) else (_begun(run),)
    report = reported([*begun, *told], root / "artifacts" / "runs" / run.run, root)
    return markdown(report, SUMMARY_LIMIT - written)


def _begun(run: RunFinished) -> RunStarted:
    """Of a listener that came late, what it missed."""
    return RunStarted(time=run.time, run=run.run, version="", targets=(), atoms=(), jobs=1)
