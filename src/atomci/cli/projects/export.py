"""`atomci export`: the template for people who use another tool."""

from __future__ import annotations

from pathlib import Path

import click

from atomci.cli.options import not_empty, template_option
from atomci.visible import visible

__all__ = ["export_command"]


@click.group("export")
def export_command() -> None:
    """Write the template for another tool.

    \b
    atomci export cookiecutter DEST
    """


@export_command.command("cookiecutter")
@click.argument("dest", type=click.Path(path_type=Path))
@template_option
@click.option(
    "--ref", metavar="TAG", callback=not_empty, help="A tag, branch or commit.  [default: the newest release]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def cookiecutter_command(dest: Path, template: str | None, ref: str | None, as_json: bool) -> int:
    """Write a cookiecutter template into DEST, of the same version, that renders the same bytes.

    Works for every copier template that needs no trust and uses nothing that cookiecutter lacks.

    \b
    atomci export cookiecutter ../mytemplate
    atomci export cookiecutter ../mytemplate --template gh:org/template --ref v1.2.0
    cookiecutter ../mytemplate                     then, with cookiecutter 2.2 or newer

    Exit codes: 0 written, 2 usage, 3 the template can't be reached, 4 refused: cookiecutter can't do it.
    """
    from atomci.artifacts.json_text import json_of
    from atomci.export.convert import export_cookiecutter
    from atomci.template.sources import named_source, own_source
    from atomci.template.workshop import Workshop

    source = named_source(template, ref) if template else own_source(ref)
    with Workshop() as shop:
        exported = export_cookiecutter(shop, source.location, source.ref, dest)
    if as_json:
        click.echo(json_of(exported).decode())
        return 0
    click.echo(visible(f"wrote {exported.files} files to {dest}: {exported.template} at {exported.version}"))
    click.echo(f"  next: cookiecutter {dest}")
    return 0
