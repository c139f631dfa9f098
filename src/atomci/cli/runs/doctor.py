"""`atomci doctor`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.options import project_at, project_option

if TYPE_CHECKING:
    from atomci.artifacts.printed.listings import ProgramRow

__all__ = ["doctor_command"]

_COLOURS = {"ok": "green", "missing": "red", "left out": "yellow", "not needed": "white"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
def doctor_command(as_json: bool, project: Path | None) -> int:
    """Say which programs this project needs, which of them are here, and what to type for the others.

    Installs nothing. Exits 1 when something required is missing. A program that only some steps use may be
    left out: those steps are then skipped here, and say so.

    \b
    atomci doctor
    atomci doctor --json
    """
    import msgspec

    from atomci.atoms.asked.diagnosis import diagnose
    from atomci.atoms.loading.load import Loader
    from atomci.bootstrap.managers.choice import typed

    here = project_at(project)
    found = diagnose(Loader(here))
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found), indent=1))
        return 0 if found.healthy else 1
    for row in found.programs:
        for line in _lines(row, typed(here, row.remedy) if row.remedy else ""):
            click.echo(line)
    for problem in found.problems:
        click.echo(f"not looked at: {typed(here, problem)}")
    missing = [row.name for row in found.programs if row.state == "missing"]
    if missing:
        click.echo(f"missing: {', '.join(missing)}")
    elif found.healthy:
        click.echo("nothing that is required is missing")
    return 0 if found.healthy else 1


def _lines(row: ProgramRow, remedy: str) -> list[str]:
    from atomci.cli.view.style import paint
    from atomci.cli.view.width import folded

    state = paint(f"{row.state:10}", _COLOURS[row.state])
    head = f"{state}  {row.name:10}  {row.found or 'not here':9}  wanted {row.wanted:11}  for {row.use}"
    return [folded(head, 12), *(f"            {line}" for line in (row.note, remedy) if line)]
