"""`atomci new`: render, bootstrap, gate. Whatever goes wrong on the way leaves nothing half-made."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.options import data_file_option, data_option, not_empty, template_option
from atomci.errors import UsageError
from atomci.visible import visible

if TYPE_CHECKING:
    from atomci.bootstrap.managers.protocol import Manager
    from atomci.project import Project
    from atomci.template.workshop import Workshop

__all__ = ["new_command"]


@click.command("new")
@click.argument("dest", type=click.Path(path_type=Path))
@template_option
@click.option("--ref", metavar="TAG", callback=not_empty, help="A tag, branch or commit of the template.")
@data_option
@data_file_option
@click.option("--defaults", is_flag=True, help="Don't ask; take the defaults.")
@click.option("--profile", metavar="NAME", help="minimal, standard or everything: -d profile=NAME.")
@click.option("--empty", is_flag=True, help="Without sample code and tests: -d sample=false.")
@click.option("--no-bootstrap", is_flag=True, help="Only render: no environment, git, hooks or gate.")
@click.option("--inside", is_flag=True, help="Make it a part of the repository that DEST lies in.")
@click.option("--trust", "trusting", is_flag=True, help="This template may run code here, from now on.")
def new_command(
    dest: Path,
    template: str | None,
    ref: str | None,
    pairs: tuple[str, ...],
    data_file: Path | None,
    defaults: bool,
    profile: str | None,
    empty: bool,
    no_bootstrap: bool,
    inside: bool,
    trusting: bool,
) -> int:
    """Make a new repository in DEST: rendered, locked, installed, under git with hooks, its gate run.

    Installing runs code of the template. Another template than atomci's own is only rendered until you say
    --trust, once, or yes when you are asked.

    \b
    atomci new myproj
    atomci new myproj --profile minimal
    atomci new myproj --defaults -d licence=Apache-2.0
    atomci new myproj --template gh:org/atomci --ref v1.2.0
    """
    from atomci.atoms.asked.first_run import bootstrap, own_gate
    from atomci.bootstrap.destination import all_or_nothing
    from atomci.bootstrap.nested import around, part_of
    from atomci.bootstrap.repository import need_git
    from atomci.cli.answers import dialogue, given_answers
    from atomci.cli.view.runs import listener_for
    from atomci.template.first_lock import write_first_lock
    from atomci.template.origin import shared
    from atomci.template.render import render
    from atomci.template.repository import refuse_credentials
    from atomci.template.sources import named_source, own_source
    from atomci.template.workshop import Workshop

    answers = given_answers((*pairs, *_by_flags(profile, empty=empty)), data_file)
    if not defaults and not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask questions on", "add --defaults, and -d KEY=VALUE for others"
        )
    need_git()
    source = named_source(template, ref) if template else own_source(ref)
    refuse_credentials(source.location)
    runs = not no_bootstrap and (template is None or _may_run(source.location, trusting, ask=not defaults))
    top = around(dest.resolve())
    if inside and no_bootstrap:
        raise UsageError("--inside is about git, which --no-bootstrap leaves to you", "leave one of them out")
    if inside and top is None:
        raise UsageError(f"--inside: {dest} lies in no repository", "leave it out")
    again = _again(
        {"--template": template, "--ref": ref},
        {"--defaults": defaults, "--no-bootstrap": no_bootstrap, "--inside": inside, "--trust": trusting},
    )
    with Workshop() as shop, _answers_kept(shop, dest, again), all_or_nothing(dest) as root:
        source, why_alone = shared(source, shop.folder()) if template is None else (source, "")
        click.echo(visible(f"rendering {source.location}" + (f" at {source.ref}" if source.ref else "")))
        rendered = render(shop, source, root, answers, None if defaults else dialogue())
        # With --no-bootstrap it is what plain copier writes, which knows no lock.
        lock_notes = () if no_bootstrap else write_first_lock(rendered)
        for note in (*rendered.notes, *lock_notes):
            click.echo(visible(f"note: {note}"))
        project = rendered.project
        if top is not None:
            _say_where_it_lies(dest, top, inside=inside, begins=runs and not inside)
        if runs:
            if slow := _manager(project).SLOW:
                click.echo(f"note: {slow}")
            with part_of(top, root) if top is not None and inside else nullcontext():
                bootstrap(project, partial(listener_for, as_json=False, project=project, kept=False))
    if no_bootstrap:
        click.echo(f"rendered {root}; next (its README.md says how without task):")
        click.echo(f"  cd {shlex.quote(str(dest))} && task setup")
        return 0
    if not runs:
        _say_what_is_left(dest, source.location)
        return 0
    click.echo("running the gate")
    sys.stdout.flush()
    code = own_gate(project)
    _say_goodbye(dest, project, code)
    _say_who_can_use_it(project, why_alone)
    return code


def _by_flags(profile: str | None, *, empty: bool) -> list[str]:
    """The answers that have a flag of their own."""
    return [*([f"profile={profile}"] if profile else []), *(["sample=false"] if empty else [])]


def _again(values: Mapping[str, str | None], flags: Mapping[str, bool]) -> tuple[str, ...]:
    """The options of a call but for its answers."""
    given = [word for name, value in values.items() if value for word in (name, value)]
    return (*given, *(name for name, on in flags.items() if on))


@contextmanager
def _answers_kept(shop: Workshop, dest: Path, options: tuple[str, ...]) -> Iterator[None]:
    """Whatever goes wrong inside, answers that somebody gave need not be typed again."""
    from atomci.cli.answers import keep_answers

    try:
        yield
    except BaseException:
        if answered := shop.replay.answered:
            file = str(keep_answers(dest, answered))
            again = shlex.join(["new", str(dest), *options, "--data-file", file])
            click.echo(f"your answers are kept: atomci {again}", err=True)
        raise


def _may_run(location: str, trusting: bool, *, ask: bool) -> bool:
    """Whether the user said, now or before, that a template may run code here."""
    from atomci.template.consent import is_trusted, trust

    if is_trusted(location):
        return True
    if not trusting and ask:
        trusting = click.confirm(f"Installing runs code of {location}. Do you trust it, now and later?")
    if trusting:
        click.echo(f"remembered in {trust(location)}")
    return trusting


def _say_where_it_lies(dest: Path, top: Path, *, inside: bool, begins: bool) -> None:
    click.echo(visible(f"note: {dest} lies in the repository {top}"))
    if begins:
        click.echo("  it gets a repository of its own, which that one doesn't track")
        click.echo("  atomci new --inside makes it a part of that one")
    if inside:
        click.echo("  it is a part of that one now: commit it there")
        click.echo("  GitHub reads .github/ at the top only: move its workflows and rulesets there")


def _say_what_is_left(dest: Path, location: str) -> None:
    click.echo(
        f"rendered {dest}; nothing of it was run, since you haven't said that {location} may run code here"
    )
    click.echo("  look at it; then its README.md says how to set it up")
    click.echo("  next time: atomci new --trust, which is remembered for this template")


def _say_who_can_use_it(project: Project, why: str) -> None:
    """Nothing where others can install it; else what keeps them from it, and the way out."""
    from atomci.bootstrap.managers.elsewhere import only_here

    if (unmet := only_here(project, _manager(project))) is None:
        return
    click.echo("  this works on this machine only: no colleague and no CI can install it yet, since")
    from_template = project.answers.get("runtime_source") != "index"
    click.echo(visible(f"    {(why if from_template else '') or unmet.why}"))
    click.echo(visible(f"  when it is where they reach it: {unmet.remedy}"))


def _manager(project: Project) -> Manager:
    from atomci.bootstrap.managers.choice import choice
    from atomci.bootstrap.managers.table import MANAGERS

    return MANAGERS[choice(project.answers, (), project.table("tool")).manager]


def _say_goodbye(dest: Path, project: Project, code: int) -> None:
    from atomci.bootstrap.managers.choice import prefix
    from atomci.cli.view.style import paint

    typed = prefix(project)
    click.echo(
        paint(f"{dest} is ready" if code == 0 else f"{dest} is there, but its gate isn't green", "cyan")
    )
    _say_where_uv_is(project)
    if dest.resolve() != Path.cwd():
        click.echo(f"  cd {shlex.quote(str(dest))}")
    click.echo(f"  {typed}atomci run local_ci    the whole gate (also: task ci)")
    click.echo(f"  {typed}atomci check           which atoms hold here, with evidence")


def _say_where_uv_is(project: Project) -> None:
    """What puts uv on PATH, where the commands and hooks of this project wouldn't find it there."""
    from atomci.tools.uv import off_path

    if _manager(project).NAME != "uv" or (folder := off_path()) is None:
        return
    click.echo("  uv isn't on your PATH, and the hooks need it there; type this, also in new terminals:")
    click.echo(visible(f"  {_onto_path(str(folder), windows=os.name == 'nt')}"))


def _onto_path(folder: str, *, windows: bool) -> str:
    """The line for a shell that puts a folder first on PATH: PowerShell on Windows."""
    if windows:
        quoted = folder.replace("'", "''")
        return f"$env:PATH = '{quoted};' + $env:PATH"
    return f'export PATH={shlex.quote(folder)}:"$PATH"'
