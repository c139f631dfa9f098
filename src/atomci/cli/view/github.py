"""How a run is shown on GitHub Actions: groups, annotations, and a summary of the job."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from atomci.artifacts.runs import AtomFinished, Event, RunFinished
from atomci.cli.view.annotations import annotated
from atomci.engine.events import Listener
from atomci.tools.git.client import Git

__all__ = ["below_the_top", "github_lines"]

_SUMMARY_FINDINGS = 50
_OVERRIDDEN = "⚠️"
_MARKS = {"pass": "✅", "fail": "❌", "vacuous": "❌", "error": "💥", "skipped": "⚪"}


@contextmanager
def github_lines(
    lines: Callable[[Event], Sequence[str]], head: Callable[[AtomFinished], str], root: Path
) -> Iterator[Listener]:
    """Each atom's log in a group; at the end the findings as annotations on the lines they are about."""
    finished: list[AtomFinished] = []

    def show(event: Event) -> None:
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
                summary.write(_summary(finished, event))

    yield show


def below_the_top(root: Path) -> str:
    """What leads to a project in a folder of its repository, such as `sub/`: GitHub counts from the top."""
    return Git(root).prefix() or ""


def _inert(log: str) -> str:
    """A tool's output must not be taken for workflow commands, which may be indented or amid a line."""
    token = secrets.token_hex(16)
    return f"::stop-commands::{token}\n{log.rstrip()}\n::{token}::"


def _summary(finished: Sequence[AtomFinished], run: RunFinished) -> str:
    """Markdown for the job's page: the verdict, a row per atom, and what was found."""
    lines = [
        f"### {run.verdict} in {run.seconds:.1f} s",
        "",
        "| | atom | examined | seconds | |",
        "|-|-|-:|-:|-|",
    ]
    for row in finished:
        said = "; ".join(filter(None, (row.reason, row.override)))
        cells = [f"`{row.atom}`", f"{row.examined} {row.unit}", f"{row.seconds:.1f}", _cell(said)]
        mark = _OVERRIDDEN if row.atom in run.overridden else _MARKS[row.status]
        lines.append(f"| {mark} | {' | '.join(cells)} |")
    findings = [finding for row in finished for finding in row.findings]
    if findings:
        lines += ["", *(f"- `{_code(str(finding))}`" for finding in findings[:_SUMMARY_FINDINGS])]
    if (more := len(findings) - _SUMMARY_FINDINGS) > 0:
        lines.append(f"- and {more} more in the logs")
    return "\n".join(lines) + "\n\n"


def _code(text: str) -> str:
    """Text that can't end a code span."""
    return " ".join(text.split()).replace("`", "'")


def _cell(text: str) -> str:
    """Text that can't end a cell, and brings no markup or mention of its own."""
    return _code(text).replace("|", "\\|").replace("<", "&lt;").replace("@", "@\u200b")
