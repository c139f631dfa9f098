"""`atomci new`: render, bootstrap, gate. Whatever goes wrong on the way leaves nothing half-made."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.options import data_file_option, data_option, template_option
from atomci.errors import UsageError

if TYPE_CHECKING:
    from atomci.project import Project

__all__ = ["new_command"]


@click.command("new")
@click.argument("dest", type=click.Path(path_type=Path))
@template_option
@click.option("--ref", metavar="TAG", help="A tag, branch or commit of the template.")
@data_option
@data_file_option
@click.option("--defaults", is_flag=True, help="Don't ask; take the defaults.")
@click.option("--no-bootstrap", is_flag=True, help="Only render: no environment, git, hooks or gate.")
def new_command(
    dest: Path,
    template: str | None,
    ref: str | None,
    pairs: tuple[str, ...],
    data_file: Path | None,
    defaults: bool,
    no_bootstrap: bool,
) -> int:
    """Make a new repository in DEST: rendered, locked, installed, under git with hooks, its gate run.

    \b
    atomci new myproj
    atomci new myproj --defaults -d licence=Apache-2.0
    atomci new myproj --template gh:org/atomci --ref v1.2.0
    """
    from atomci.atoms.first_run import bootstrap, own_gate
    from atomci.bootstrap.destination import all_or_nothing
    from atomci.bootstrap.repository import need_git
    from atomci.cli.answers import given_answers
    from atomci.cli.view.runs import listener_for
    from atomci.template.first_lock import write_first_lock
    from atomci.template.render import render
    from atomci.template.sources import named_source, own_source

    answers = given_answers(pairs, data_file)
    if not defaults and not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask questions on", "add --defaults, and -d KEY=VALUE for others"
        )
    need_git()
    source = named_source(template, ref) if template else own_source(ref)
    with all_or_nothing(dest) as root:
        click.echo(f"rendering {source.location}" + (f" at {source.ref}" if source.ref else ""))
        rendered = render(source, root, answers, ask=not defaults)
        # With --no-bootstrap it is what plain copier writes, which knows no lock.
        lock_notes = () if no_bootstrap else write_first_lock(rendered)
        for note in (*rendered.notes, *lock_notes):
            click.echo(f"note: {note}")
        project = rendered.project
        if not no_bootstrap:
            bootstrap(project, partial(listener_for, as_json=False, project=project))
    if no_bootstrap:
        click.echo(f"rendered {root}; next: cd {dest}, then task setup (its README.md says how without task)")
        return 0
    click.echo("running the gate")
    sys.stdout.flush()
    code = own_gate(project)
    _say_goodbye(dest, project, code)
    return code


def _say_goodbye(dest: Path, project: Project, code: int) -> None:
    from atomci.bootstrap.managers.choice import prefix
    from atomci.cli.view.style import paint

    typed = prefix(project)
    click.echo(
        paint(f"{dest} is ready" if code == 0 else f"{dest} is there, but its gate isn't green", "cyan")
    )
    click.echo(f"  cd {dest}")
    click.echo(f"  {typed}atomci run local_ci    the whole gate (also: task ci)")
    click.echo(f"  {typed}atomci check           which atoms hold here, with evidence")
