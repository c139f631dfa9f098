"""`atomci adopt`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.options import data_file_option, data_option, not_empty, project_option, template_option
from atomci.cli.view.advice import typed_here
from atomci.visible import visible

if TYPE_CHECKING:
    from atomci.artifacts.printed.sync import AdoptedFile, Adoption

__all__ = ["adopt_command"]

_COLOURS = {"added": "green", "kept": "yellow", "blocked": "red"}


@click.command("adopt")
@template_option
@click.option(
    "--ref", metavar="TAG", callback=not_empty, help="A tag, branch or commit.  [default: the newest release]"
)
@data_option
@data_file_option
@click.option(
    "--defaults", is_flag=True, help="Ask nothing; use what is found, and the defaults for the rest."
)
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be done; change nothing.")
@click.option(
    "--branch", metavar="NAME", default="atomci/adopt", show_default=True, help="The name of the new branch."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; ask nothing.")
@project_option
def adopt_command(
    template: str | None,
    ref: str | None,
    pairs: tuple[str, ...],
    data_file: Path | None,
    defaults: bool,
    only_plan: bool,
    branch: str,
    as_json: bool,
    project: Path | None,
) -> int:
    """Let this repository join a template: a new branch, one commit, in which your files stay as they are.

    Answers are found in pyproject.toml, the remote and your files, and shown with where they come from. What
    you have checked out isn't touched.

    \b
    atomci adopt --plan                            answers and files, touches nothing
    atomci adopt -d licence=Apache-2.0             another answer than the one that is found
    atomci adopt --template gh:org/template        any copier template that needs no trust

    Exit codes: 0 planned or done, 2 usage, 3 the template or the disk can't be reached, 4 refused.
    """
    from atomci.adopt.join import Wish, make_adoption, plan_adoption
    from atomci.artifacts.json_text import json_of
    from atomci.cli.answers import asking, given_answers
    from atomci.template.origin import shared
    from atomci.template.sources import named_source, own_source
    from atomci.template.workshop import Workshop

    answers = given_answers(pairs, data_file)
    dialogue = asking() if not defaults and not as_json and sys.stdin.isatty() else None
    with Workshop() as shop:
        own = None if template else shared(own_source(ref), shop.folder()).source
        source = own or named_source(template or "", ref)
        wish = Wish(source.location, source.ref, answers, branch, dialogue)
        planned = plan_adoption(shop, (project or Path.cwd()).resolve(), wish)
        adoption = planned.adoption if only_plan else make_adoption(planned)
    if as_json:
        click.echo(json_of(adoption).decode())
    else:
        _show(adoption)
    return 0


def _show(adoption: Adoption) -> None:
    from atomci.cli.view.style import paint

    click.echo(paint(visible(f"{adoption.template}  {adoption.version}"), "cyan", bold=True))
    width = max((len(answer.name) for answer in adoption.answers), default=0)
    for answer in adoption.answers:
        instead = f" (not {answer.instead_of!r})" if answer.instead_of is not None else ""
        click.echo(
            visible(f"  answer     {answer.name:{width}}  {answer.value!r}{instead}  from {answer.source}")
        )
    for file in adoption.files:
        click.echo(_row(file))
    for note in adoption.notes:
        click.echo(f"  {paint('note', 'yellow')}       {visible(note)}")
    if adoption.state == "planned":
        _show_steps(adoption, "after git switch, type these; the last one shows what is red today:")
        click.echo(typed_here("planned, nothing changed; next: atomci adopt"))
        return
    click.echo(f"{adoption.branch} has one commit more than HEAD; nothing else was changed")
    click.echo(
        f"  git switch {adoption.branch}       then: atomci status; atomci diff PATH for a file that was kept"
    )
    click.echo(f"  git branch -D {adoption.branch}    if you don't want it")
    _show_steps(adoption, "after the switch, type these; the last one shows what is red today:")


def _show_steps(adoption: Adoption, words: str) -> None:
    if adoption.next:
        click.echo(words)
    for command in adoption.next:
        click.echo(f"  {command}")


def _row(file: AdoptedFile) -> str:
    from atomci.cli.view.style import paint

    missing = len(file.lines)
    lines = f"lacks {missing} line{'s' if missing != 1 else ''} of the template's"
    said = "; ".join(text for text in (lines if missing else "", file.detail) if text)
    colour = _COLOURS.get(file.change)
    word = f"{file.change:9}"
    row = visible(f"{file.path}  {said}" if said else file.path)
    return f"  {paint(word, colour) if colour else word}  {row}"
