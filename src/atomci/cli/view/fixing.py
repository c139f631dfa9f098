"""`atomci fix` on a terminal or in a log, and as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import click

from atomci.artifacts.handed.autofix import FixBounds, FixReport, FixStep
from atomci.artifacts.handed.failures import Failure
from atomci.artifacts.handles import FIX_PAGE, FIX_PATCH, FIX_WORK
from atomci.artifacts.json_text import json_of
from atomci.cli.view.style import paint
from atomci.fix.loop import Attempt
from atomci.fix.telling import failure_line, verdict_line
from atomci.visible import visible

__all__ = ["FixEvents", "FixLines", "bounds_lines", "fix_lines"]

_SHOWN = 10


def bounds_lines(bounds: FixBounds) -> Iterator[str]:
    """Within which bounds something is fixed here."""
    yield "[tool.atomci.fix] in pyproject.toml, as it counts:"
    yield f"  fixer      {visible(bounds.command) or 'none: only the tools fix'}"
    yield f"  attempts   at most {bounds.attempts}"
    yield f"  time       {_bound(bounds.seconds, 's')}, with the runs of the gate"
    yield f"  tokens     {_bound(bounds.tokens, 'tokens')}"
    yield f"  cost       {_bound(bounds.usd, 'US dollars')}"
    yield f"  change     at most {bounds.files} files and {bounds.lines} lines"
    yield f"  paths      {', '.join(map(visible, bounds.paths))}"
    yield f"  but not    {', '.join(map(visible, bounds.protected))}"
    yield "what keeps the gate and the fixer within bounds: atomci explain guard"


def _bound(value: float | None, unit: str) -> str:
    return "no bound" if value is None else f"at most {value:,g} {unit}"


class FixLines:
    """Each step as a line on standard error."""

    def begins(self, what: str) -> None:
        """A step."""
        click.echo(f"fix: {visible(what)}", err=True)

    def red(self, failures: tuple[Failure, ...]) -> None:
        """What is red at the start."""
        for line in _failures(failures):
            click.echo(line, err=True)

    def tried(self, attempt: Attempt) -> None:
        """How an attempt ended."""
        for line in _tried(attempt):
            click.echo(line, err=True)


class FixEvents:
    """The same as JSON Lines on standard output."""

    def begins(self, what: str) -> None:
        """A step."""
        _say(what)

    def red(self, failures: tuple[Failure, ...]) -> None:
        """What is red at the start."""
        _say(f"{len(failures)} red")

    def tried(self, attempt: Attempt) -> None:
        """How an attempt ended."""
        _say(next(_tried(attempt)).strip())


def _say(what: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    click.echo(json_of(FixStep(time=now, what=what)).decode())


def _failures(failures: tuple[Failure, ...]) -> Iterator[str]:
    yield from (f"  {failure_line(each)}" for each in failures[:_SHOWN])
    if len(failures) > _SHOWN:
        yield f"  and {len(failures) - _SHOWN} more"


def _tried(attempt: Attempt) -> Iterator[str]:
    how = "kept" if attempt.kept else "refused" if attempt.refused else "taken back"
    counts = f"{len(attempt.gone)} went away, {len(attempt.came)} came" if not attempt.refused else ""
    yield f"  {attempt.lane}: {how}" + (f" ({counts})" if counts else "")
    yield from (f"    came: {line.strip()}" for line in _failures(attempt.came) if not attempt.refused)
    for each in attempt.refused:
        place = f"{each.path}:{each.line}: " if each.line else f"{each.path}: " if each.path else ""
        yield f"    {each.rule}: {visible(place)}{visible(each.message)}"


def fix_lines(report: FixReport) -> Iterator[str]:
    """How it ended, and what to type next."""
    good = report.stop in ("green", "fixed")
    yield paint(visible(verdict_line(report)), "green" if good else "red")
    for note in report.notes:
        yield f"  note: {visible(note)}"
    for row in report.files:
        yield f"  {visible(row.path)}  +{row.added} -{row.removed}"
    if report.applied:
        yield f"brought here, not staged; to undo it: atomci undo {report.applied}"
    elif report.files:
        yield f"  the patch:       {FIX_PATCH}"
        yield f"  bring it here:   {report.apply}"
        yield f"  or drop it:      atomci guard drop {report.run}"
    if report.left:
        yield f"still red: {len(report.left)}"
        yield from _failures(report.left)
        yield f"  work list:       {FIX_WORK}"
    if report.stop == "no_fixer":
        yield '  to have it done: command = "claude -p {task}" in [tool.atomci.fix] of pyproject.toml'
    if report.attempts or report.left:
        yield f"  report:          {FIX_PAGE}"
