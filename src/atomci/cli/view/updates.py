"""How an update is shown, wherever it goes: what is being done, and its rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from atomci.cli.view.advice import typed_here
from atomci.errors import InfrastructureError
from atomci.visible import visible

if TYPE_CHECKING:
    from atomci.artifacts.printed.sync import FileChange, Update

__all__ = ["progress", "show_update"]

_COLOURS = {"conflicted": "red", "replaced": "yellow", "kept-deleted": "yellow", "corrected-upstream": "cyan"}


@contextmanager
def progress(as_json: bool) -> Iterator[Callable[[str], None]]:
    """What goes on, on a line that disappears; nothing where nobody watches."""
    if as_json or not sys.stderr.isatty():
        yield lambda _: None
        return

    def tell(text: str) -> None:
        click.echo(f"\r\x1b[K{visible(text)} ...", nl=False, err=True)

    try:
        yield tell
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)


def show_update(update: Update, as_json: bool, following: str = "") -> None:
    """An update's rows, or its JSON; `following` takes the place of what is to be done next.

    What is done is done where nobody listens any more, as with `| head`. Raises InfrastructureError where the
    report can't be written.
    """
    try:
        _show(update, as_json, following)
    except BrokenPipeError:
        return
    except OSError as error:
        done = f"the update itself is done ({update.state}); to see it: git status"
        raise InfrastructureError(f"the report can't be written: {error}", done) from None


def _show(update: Update, as_json: bool, following: str) -> None:
    if as_json:
        from atomci.artifacts.json_text import json_of

        click.echo(json_of(update).decode())
        return
    from atomci.cli.view.style import paint

    if update.state == "up-to-date":
        notes = "".join(f" ({note})" for note in update.notes)
        click.echo(visible(f"up to date: {update.before}{notes}"))
        return
    click.echo(paint(visible(f"{update.template}  {update.before} -> {update.after}"), "cyan", bold=True))
    for file in update.files:
        click.echo(_row(file))
    for answer in update.answers:
        click.echo(visible(f"  answer              {answer.name}: {answer.before!r} -> {answer.after!r}"))
    for pin in update.pins:
        sides = f"(you {pin.ours}, template {pin.theirs})"
        click.echo(visible(f"  pin                 {pin.path}: {pin.pin} {pin.taken} {sides}"))
    for step in update.migrations:
        done = "skipped" if step.skipped else step.effect
        click.echo(visible(f"  migration           {step.id} ({step.version}): {done}; {step.reason}"))
    for note in update.notes:
        click.echo(visible(f"  note                {note}"))
    click.echo(following or typed_here(_next(update)))


def _row(file: FileChange) -> str:
    from atomci.cli.view.style import paint

    origin = f" (was {file.renamed_from})" if file.renamed_from else ""
    detail = f"  {file.detail}" if file.detail else ""
    word = f"{file.change:18}"
    colour = _COLOURS.get(file.change)
    return f"  {paint(word, colour) if colour else word}  {visible(f'{file.path}{origin}{detail}')}"


def _next(update: Update) -> str:
    conflicts = sum(file.change == "conflicted" for file in update.files)
    again = "the same without --plan" if update.answers else "atomci update"
    files = f"{conflicts} file{'s' if conflicts != 1 else ''} in conflict"
    return {
        "planned": f"planned, nothing changed{f'; {files}' if conflicts else ''}; next: {again}",
        "staged": "staged; look at it with git diff --staged, then git commit, or atomci update --abort",
        "committed": "committed",
        "conflicts": f"{files}: resolve, git add, then atomci update --continue, or atomci update --abort",
        "aborted": "aborted; everything is as it was before",
    }[update.state]
