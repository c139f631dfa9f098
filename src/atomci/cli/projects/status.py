"""`atomci status`, `diff` and `restore`: the project against its render."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli import completion
from atomci.cli.options import answers_file_option, project_option, recorded_in
from atomci.visible import visible, visible_lines

if TYPE_CHECKING:
    from atomci.artifacts.printed.sync import Drift, ExceptedDrift, SyncStatus
    from atomci.template.answers import Recorded

__all__ = ["diff_command", "restore_command", "status_command"]


@click.command("status")
@click.option(
    "--offline", is_flag=True, help="Show drift only, by .atomci/lock.json; don't look for newer templates."
)
@click.option("--prerelease", is_flag=True, help="Count pre-releases as releases.")
@answers_file_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
def status_command(
    offline: bool, prerelease: bool, answers_file: str | None, as_json: bool, project: Path | None
) -> int:
    """Say whether a newer version of the template is out, and which managed files aren't as rendered.

    A missing or stale .atomci/lock.json, as after plain copier, is written anew. With --offline drift is
    unknown then. [[tool.atomci.drift]] in pyproject.toml excepts a managed file, until a date.

    \b
    atomci status               version and drift
    atomci status --offline     drift alone, in milliseconds

    Exit codes: 0 current and as rendered, 1 behind or drifted, 2 usage, 3 the template can't be reached.
    """
    from atomci.deadlines import today
    from atomci.project import Project
    from atomci.update.drift.excepted import excepted, read_excepted
    from atomci.update.drift.status import status

    recorded = recorded_in(project, answers_file)
    if offline:
        return _offline(recorded, as_json, alone=not (prerelease or answers_file or project))
    from atomci.template.workshop import Workshop

    exceptions = read_excepted(Project(recorded.root))
    with Workshop() as shop:
        found = status(shop, recorded, prereleases=prerelease)
    found = excepted(found, exceptions, today())
    click.echo(_shown(found, as_json, recorded.root), nl=False)
    return 1 if found.red else 0


def _offline(recorded: Recorded, as_json: bool, *, alone: bool) -> int:
    """Drift by the lock; the answer is kept where `alone` says that nothing else was asked."""
    from atomci.cli.projects.glance import Note
    from atomci.deadlines import today
    from atomci.project import Project
    from atomci.update.drift.excepted import excepted, read_excepted
    from atomci.update.drift.status import looked_at, status_offline

    words = ["status", "--offline", *(["--json"] if as_json else [])] if alone else []
    with Note(recorded.root, words) as note:
        exceptions = read_excepted(Project(recorded.root))
        found = excepted(status_offline(recorded), exceptions, today())
        text, code = _shown(found, as_json, recorded.root), 1 if found.red else 0
        click.echo(text, nl=False)
        if found.lock == "current":
            note.keep(["pyproject.toml", recorded.file, *looked_at(recorded)], code, text)
    return code


@click.command("diff")
@click.argument("paths", nargs=-1, metavar="[PATH]...", shell_complete=completion.files)
@answers_file_option
@project_option
def diff_command(paths: tuple[str, ...], answers_file: str | None, project: Path | None) -> int:
    """Show how files differ from what the recorded version of the template renders.

    Without PATH: those that are the template's, alone or with you. Exits 1 when something differs.

    \b
    atomci diff
    atomci diff pyproject.toml .github
    """
    from atomci.template.workshop import Workshop
    from atomci.update.drift.difference import difference

    recorded = recorded_in(project, answers_file)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    with Workshop() as shop:
        found = difference(shop, recorded, _within(recorded, paths, project))
    shown = visible_lines(os.fsdecode(found))
    click.echo(os.fsencode(_coloured(shown) if colour else shown), nl=False)
    return 1 if shown else 0


def _coloured(diff: str) -> str:
    """As git does it; a file's own colours are told from these, as they are written out."""
    heads = {"+": "green", "-": "red", "@": "cyan"}
    rows = diff.splitlines(keepends=True)
    return "".join(click.style(row, fg=heads[row[0]]) if row[0] in heads else row for row in rows)


@click.command("restore")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=completion.files)
@answers_file_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
def restore_command(
    paths: tuple[str, ...], answers_file: str | None, as_json: bool, project: Path | None
) -> int:
    """Put files back as the recorded version of the template renders them, staged.

    What no commit holds is refused, so nothing is lost.

    \b
    atomci restore .github/workflows/ci.yml
    atomci restore scripts
    """
    from atomci.template.workshop import Workshop
    from atomci.update.drift.restore import restore

    recorded = recorded_in(project, answers_file)
    with Workshop() as shop:
        changed = restore(shop, recorded, _within(recorded, paths, project))
    if as_json:
        from atomci.artifacts.json_text import json_of
        from atomci.artifacts.printed.listings import Restored

        click.echo(json_of(Restored(restored=tuple(changed))).decode())
    elif changed:
        click.echo("".join(f"  restored  {visible(path)}\n" for path in changed), nl=False)
        click.echo("staged; to see it: git diff --staged")
    else:
        click.echo("nothing to do: already as rendered")
    return 0


def _within(recorded: Recorded, paths: tuple[str, ...], project: Path | None) -> list[str]:
    """The paths as typed, relative to the project. Raises UsageError for one outside."""
    from atomci.errors import UsageError

    start = recorded.root if project else Path.cwd()
    found = []
    for path in paths:
        # Not resolved: a link is a file of its own.
        whole = Path(os.path.normpath(start / path))
        if not whole.is_relative_to(recorded.root):
            raise UsageError(f"{path} isn't in {recorded.root}")
        found.append(whole.relative_to(recorded.root).as_posix())
    return found


def _shown(found: SyncStatus, as_json: bool, root: Path) -> str:
    if as_json:
        from atomci.artifacts.json_text import json_of

        return json_of(found).decode() + "\n"
    return "".join(f"{line}\n" for line in _lines(found, root))


def _lines(found: SyncStatus, root: Path) -> Iterator[str]:
    from atomci.bootstrap.managers.choice import typed
    from atomci.cli.view.style import paint
    from atomci.project import Project

    yield visible(f"{found.template}  {found.version}")
    plan = typed(Project(root), "atomci update --plan")
    if found.latest is not None:
        news = f"{visible(found.latest)} is out: {plan}" if found.behind else "the newest"
        yield f"  version   {paint(news, 'yellow') if found.behind else news}"
    elif found.newest_commit is not None:
        news = f"the template has no release; its newest commit is {visible(found.newest_commit)}"
        yield f"  version   {paint(f'{news}: {plan}', 'yellow') if found.behind else f'{news}, not newer'}"
    else:
        yield "  version   not looked for (--offline)"
    for note in found.notes:
        yield visible(f"  note      {note}")
    exceptions = {row.path: row for row in found.exceptions}
    for row in found.drift:
        yield from _drift_lines(row, exceptions.pop(row.path, None), root)
    for exception in exceptions.values():
        left = "is over" if exception.state == "expired" else "isn't needed"
        text = f"exception for {visible(exception.path)} until {exception.until} {left}: delete it"
        yield f"  {paint(text, 'red' if exception.state == 'expired' else 'yellow')}"
        if exception.state == "expired":
            yield from _annotations("error", text, root, "pyproject.toml")
    if found.verdict == "unknown":
        again = typed(Project(root), "atomci status")
        text = f"drift is unknown: .atomci/lock.json is {found.lock}; type {again} and commit the file"
        yield f"  {paint(text, 'yellow')}"
        yield from _annotations("warning", text, root)
        return
    drifted = sum(not row.allowed for row in found.drift)
    held = sum(row.state == "holds" for row in found.exceptions)
    yield f"  {found.examined} files looked at, {drifted} drifted" + (f", {held} excepted" if held else "")
    if found.lock == "written":
        yield "  .atomci/lock.json was missing or out of date and is now written: commit it"


def _drift_lines(row: Drift, exception: ExceptedDrift | None, root: Path) -> Iterator[str]:
    from atomci.bootstrap.managers.choice import typed
    from atomci.cli.view.style import paint
    from atomci.project import Project

    word, path = f"{row.state:9}", visible(row.path)
    if row.allowed:
        yield f"  {word} {path}  yours too"
    elif exception is not None and exception.state == "holds":
        note = f"drift, excepted until {exception.until}: {visible(exception.reason)}"
        yield f"  {paint(word, 'yellow')} {path}  {note}"
        yield from _annotations("warning", note, root, row.path)
    else:
        over = f"its exception was over on {exception.until}; " if exception is not None else ""
        named = visible(shlex.quote(_from_here(root, row.path)))
        ways = f"to see it: atomci diff {named}; to undo it: atomci restore {named}"
        note = f"drift; {over}{typed(Project(root), ways)}"
        yield f"  {paint(word, 'red')} {path}  {note}"
        yield from _annotations("error", note, root, row.path)


def _from_here(root: Path, path: str) -> str:
    """A file of the project as `diff` and `restore` take it where people stand."""
    here = Path.cwd()
    return os.path.relpath(root / path, here) if here.is_relative_to(root) else path


def _annotations(kind: str, text: str, root: Path, path: str = "") -> list[str]:
    """A mark on GitHub's page of the job, and on the file in a pull request."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return []
    from atomci.cli.view.annotations import annotation
    from atomci.cli.view.github import below_the_top

    return [annotation(kind, text, below_the_top(root) + path if path else "")]
