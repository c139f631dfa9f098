"""`atomci status`, `diff` and `restore`: the project against its render."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from atomci.artifacts.sync import SyncStatus
    from atomci.sync.answers import Recorded

__all__ = ["diff_command", "restore_command", "status_command"]

_answers_file = click.option(
    "--answers-file", metavar="FILE", help="Which template, where several were rendered here."
)
_project = click.option(
    "--project", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Another folder."
)


@click.command("status")
@click.option("--offline", is_flag=True, help="Drift only, by .atomci/lock.json; the template isn't asked.")
@click.option("--prerelease", is_flag=True, help="Pre-releases count as releases.")
@_answers_file
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@_project
def status_command(
    offline: bool, prerelease: bool, answers_file: str | None, as_json: bool, project: Path | None
) -> int:
    """Say whether a newer version of the template is out, and which managed files aren't as rendered.

    A missing or stale .atomci/lock.json, as after plain copier, is written anew.

    \b
    atomci status               version and drift
    atomci status --offline     drift alone, in milliseconds

    Exit codes: 0 current and as rendered, 1 behind or drifted, 2 usage, 3 the template can't be reached.
    """
    from atomci.sync.drift import status, status_offline

    recorded = _recorded(project, answers_file)
    if offline:
        found = status_offline(recorded)
    else:
        from atomci.sync.workshop import Workshop

        with Workshop() as shop:
            found = status(shop, recorded, prereleases=prerelease)
    _show(found, as_json)
    return 0 if found.clean and not found.behind else 1


@click.command("diff")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@_answers_file
@_project
def diff_command(paths: tuple[str, ...], answers_file: str | None, project: Path | None) -> int:
    """Show how files differ from what the recorded version of the template renders.

    Without PATH: those that are the template's, alone or with you. Exits 1 when something differs.

    \b
    atomci diff
    atomci diff pyproject.toml .github
    """
    from atomci.sync.drift import difference
    from atomci.sync.workshop import Workshop

    recorded = _recorded(project, answers_file)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    with Workshop() as shop:
        shown = difference(shop, recorded, _within(recorded, paths, project), colour=colour)
    click.echo(shown, nl=False)
    return 1 if shown else 0


@click.command("restore")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_answers_file
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@_project
def restore_command(
    paths: tuple[str, ...], answers_file: str | None, as_json: bool, project: Path | None
) -> int:
    """Put files back as the recorded version of the template renders them, staged.

    What no commit holds is refused, so nothing is lost.

    \b
    atomci restore .github/workflows/ci.yml
    atomci restore scripts
    """
    from atomci.sync.drift import restore
    from atomci.sync.workshop import Workshop

    recorded = _recorded(project, answers_file)
    with Workshop() as shop:
        changed = restore(shop, recorded, _within(recorded, paths, project))
    if as_json:
        import json

        click.echo(json.dumps({"restored": changed}))
    elif changed:
        click.echo(
            "".join(f"  restored  {path}\n" for path in changed) + "staged; look at: git diff --staged"
        )
    else:
        click.echo("as rendered already")
    return 0


def _recorded(project: Path | None, answers_file: str | None) -> Recorded:
    from atomci.sync.answers import recorded_answers, rendered_root

    root = project.resolve() if project else rendered_root(Path.cwd().resolve())
    return recorded_answers(root, answers_file)


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


def _show(found: SyncStatus, as_json: bool) -> None:
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(found).decode())
        return
    from atomci.cli.style import paint

    click.echo(f"{found.template}  {found.version}")
    if found.latest is not None:
        news = f"{found.latest} is out: atomci update --plan" if found.behind else "the newest"
        click.echo(f"  version   {paint(news, 'yellow') if found.behind else news}")
    elif found.behind is None:
        click.echo("  version   not asked, or the template has no release")
    for row in found.drift:
        word = f"{row.state:9}"
        note = "yours too" if row.allowed else f"drift: atomci diff {row.path}, atomci restore {row.path}"
        click.echo(f"  {word if row.allowed else paint(word, 'red')} {row.path}  {note}")
    drifted = sum(not row.allowed for row in found.drift)
    click.echo(f"  {found.examined} files looked at, {drifted} drifted")
    if found.lock == "written":
        click.echo("  .atomci/lock.json was missing or stale and is written anew: commit it")
