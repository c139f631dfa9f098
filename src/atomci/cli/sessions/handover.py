"""`atomci guard show`, `apply`, `branch` and `drop`: what becomes of a session's changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.visible import visible, visible_lines

if TYPE_CHECKING:
    from atomci.artifacts.handed.snapshots import Brought, ReviewedChange, SessionChange
    from atomci.guard.handover.finished import FinishedSession

__all__ = ["COMMANDS"]

_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command("show")
@click.argument("run")
@click.option("--scope", multiple=True, metavar="GLOB", help="What was asked for; all else is marked.")
@click.option("--patch", is_flag=True, help="Print the changes as a patch.")
@_json_option
def _show(run: str, scope: tuple[str, ...], patch: bool, as_json: bool) -> int:
    """Show what a session changed: files, lines, and what should be read before it is used.

    Exit codes: 0 nothing is marked, 1 something is.
    """
    from atomci.guard.handover.shown import patch_of, shown

    session = _session(run)
    if patch:
        click.echo(visible_lines(patch_of(session)), nl=False)
        return 0
    found = shown(session, scope)
    _print(found, as_json, _rows(found))
    return 1 if any(row.eyes or row.outside for row in found.changes) else 0


@click.command("apply")
@click.argument("run")
@click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")
@_json_option
def _apply(run: str, dry_run: bool, as_json: bool) -> int:
    """Bring a session's changes to this checkout, merged with what was changed here. Nothing is staged.

    Files that git ignores stay behind. Where both changed the same lines nothing is brought.

    Exit codes: 0 brought, 1 something stays that no snapshot holds, 2 no such session, 4 refused.
    """
    from atomci.engine.events import new_run_id
    from atomci.guard.handover.bring import bring

    brought = bring(_session(run), new_run_id(), dry=dry_run)
    _print(brought, as_json, _brought(brought, dry_run))
    return 1 if any(row.what == "stays" for row in brought.rows) else 0


@click.command("branch")
@click.argument("run")
@click.option("--topic", metavar="NAME", help="The branch is fix/NAME.  [default: the run]")
@click.option(
    "--message", "-m", metavar="TEXT", help="The first line of the commit, or all above the trailers."
)
@_json_option
def _branch(run: str, topic: str | None, message: str | None, as_json: bool) -> int:
    """Put a session's changes on a branch fix/NAME, as one commit on the one that the session began with.

    HEAD, index and files stay as they are, and no hook runs. Trailers tell which session it was.
    """
    from atomci.guard.handover.branch import SUBJECT, branch
    from atomci.guard.handover.shown import told

    session = _session(run)
    made = branch(session, topic or session.store.run, SUBJECT if message is None else message, told(session))
    lines = (
        f"{visible(made.branch)}: {made.commit[:9]} on {made.parent[:9]}",
        f"git diff {made.parent[:9]} {made.branch}",
    )
    _print(made, as_json, iter(lines))
    return 0


@click.command("drop")
@click.argument("run")
def _drop(run: str) -> int:
    """Remove a session's worktree and its snapshots. Its record in artifacts/cli_runs/ stays.

    What it changed can't be had again, unless it was brought to the checkout or is on a branch.
    """
    from atomci.guard.handover.drop import drop

    session = _session(run)
    drop(session.store)
    click.echo(f"dropped {session.store.run}")
    return 0


COMMANDS = {"show": _show, "apply": _apply, "branch": _branch, "drop": _drop}
"""By the word that follows `atomci guard`."""


def _session(run: str) -> FinishedSession:
    from atomci.guard.handover.finished import finished
    from atomci.tools.git.repository import open_repository

    return finished(open_repository(Path.cwd(), "sessions are kept in one"), run)


def _print(value: object, as_json: bool, lines: Iterator[str]) -> None:
    from atomci.artifacts.json_text import json_of

    text = f"{json_of(value).decode()}\n" if as_json else "".join(f"{line}\n" for line in lines)
    click.echo(text, nl=False)


def _rows(found: SessionChange) -> Iterator[str]:
    from atomci.cli.view.style import paint

    for row in found.changes:
        yield f"  {row.change.kind:9} {_named(row)}  {_lines(row)}"
        for why in row.eyes:
            yield f"            {paint('read it', 'yellow')}: {why}"
        if row.outside:
            yield f"            {paint('not asked for', 'yellow')}"
    for left in found.unknown:
        yield f"  unknown   {visible(left.path)}  {visible(left.reason)}"
    if found.ignored:
        yield f"  and {len(found.ignored)} that git ignores"
    if not (found.changes or found.unknown or found.ignored):
        yield "  nothing was changed"
    yield f"in {visible(found.place)}"


def _named(row: ReviewedChange) -> str:
    change = row.change
    return f"{visible(change.was)} -> {visible(change.path)}" if change.was else visible(change.path)


def _lines(row: ReviewedChange) -> str:
    added, removed = row.change.added, row.change.removed
    return "" if added is None else f"+{added} -{removed}"


def _brought(brought: Brought, dry: bool) -> Iterator[str]:
    for row in brought.rows:
        yield f"  {row.what:8} {visible(row.path)}" + (f"  {visible(row.reason)}" if row.reason else "")
    if brought.ignored:
        yield f"  {len(brought.ignored)} that git ignores stay behind"
    if brought.done:
        yield f"brought, not staged; to undo it: atomci undo {brought.undo}"
    elif dry:
        yield "nothing was changed (--dry-run)"
    elif not brought.rows:
        yield "nothing to do: it is here already"
