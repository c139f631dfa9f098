"""`atomci undo`: the working tree as it was before a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli import completion
from atomci.visible import visible

if TYPE_CHECKING:
    from atomci.artifacts.handed.snapshots import Undoable, Undone
    from atomci.tools.git.repository import Repository

__all__ = ["undo_command"]


@click.command("undo")
@click.argument("run", required=False, metavar="[RUN]")
@click.argument("paths", nargs=-1, metavar="[PATH]...", shell_complete=completion.files)
@click.option("--list", "as_list", is_flag=True, help="Show the runs that can be undone, newest first.")
@click.option("--dry-run", is_flag=True, help="Show what would be put back; change nothing.")
@click.option("--overwrite", is_flag=True, help="Put back also what was changed since.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; with --list, one a line.")
@click.option(
    "--project", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Another folder."
)
def undo_command(
    run: str | None,
    paths: tuple[str, ...],
    as_list: bool,
    dry_run: bool,
    overwrite: bool,
    as_json: bool,
    project: Path | None,
) -> int:
    """Put back what RUN changed here, all of it or only PATH: files, links, permissions, empty folders.

    What was changed since, in other lines of a file, is kept; in the same lines, or where a file was made or
    removed, nothing is put back. git's index, HEAD and stash stay as they are. An undo is a run of its own,
    and can be undone.

    \b
    atomci undo --list                   which runs there are
    atomci undo 20261127T203015-1a2b3c   all that it changed
    atomci undo 20261127T203015 src      only what is in src

    Exit codes: 0 all is as it was, 1 something stays that no snapshot holds, 2 no such run, 3 git or this
    machine failed, 4 files were changed since.
    """
    from atomci.errors import UsageError
    from atomci.tools.git.repository import open_repository

    repository = open_repository(project or Path.cwd(), "an undo needs one")
    if as_list:
        return _list(repository, as_json)
    if run is None:
        raise UsageError("say which run is to be undone", "atomci undo --list names them, newest first")
    return _undo(repository, run, _within(repository, paths, project), dry_run, overwrite, as_json)


def _undo(
    repository: Repository, run: str, within: tuple[str, ...], dry: bool, overwrite: bool, as_json: bool
) -> int:
    from atomci.engine.events import new_run_id
    from atomci.guard.snapshot.undo import UndoRequest, undo

    asked = UndoRequest(run, as_run=new_run_id(), within=within, overwrite=overwrite, dry=dry)
    done = undo(repository, asked)
    if as_json:
        from atomci.artifacts.json_text import json_of

        click.echo(json_of(done).decode())
    else:
        click.echo("".join(f"{line}\n" for line in _lines(done, dry)), nl=False)
    return 1 if any(row.what == "stays" for row in done.rows) else 0


def _within(repository: Repository, paths: tuple[str, ...], project: Path | None) -> tuple[str, ...]:
    """The paths as typed, from the top. Raises UsageError for one outside."""
    from atomci.errors import UsageError

    start = (project or Path.cwd()).resolve()
    found = []
    for path in paths:
        # Not resolved: a link is a file of its own.
        whole = Path(os.path.normpath(start / path))
        if not whole.is_relative_to(repository.top):
            raise UsageError(f"{path} isn't in {repository.top}")
        found.append(whole.relative_to(repository.top).as_posix())
    return tuple(found)


def _lines(done: Undone, dry: bool) -> Iterator[str]:
    from atomci.cli.view.style import paint

    for row in done.rows:
        word = paint(f"{row.what:8}", "yellow") if row.what == "stays" else f"{row.what:8}"
        yield f"  {word} {visible(row.path)}" + (f"  {visible(row.reason)}" if row.reason else "")
    for note in done.notes:
        yield f"  note     {visible(note)}"
    if done.done:
        yield f"undone; to have it again: atomci undo {done.undo}"
    elif not done.rows:
        yield "nothing to do: what the run changed is as it was"
    elif dry:
        yield "nothing was changed (--dry-run)"


def _list(repository: Repository, as_json: bool) -> int:
    from atomci.guard.snapshot.undo import undoable

    rows = list(undoable(repository))
    if as_json:
        from atomci.artifacts.json_text import json_of

        click.echo("".join(json_of(row).decode() + "\n" for row in rows), nl=False)
    elif rows:
        click.echo("".join(f"{_row(row, repository)}\n" for row in rows), nl=False)
    else:
        click.echo("no run has a snapshot here")
    return 0


def _row(row: Undoable, repository: Repository) -> str:
    changed = f"{row.changed} path{'' if row.changed == 1 else 's'} changed"
    what = row.why or "session"
    place = "" if row.top == str(repository.top) else f", in {visible(row.top)}"
    return f"  {row.run}  {what}, {changed if row.whole else 'its end was not seen'}{place}"
