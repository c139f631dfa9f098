"""`atomci parity`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.options import project_at, project_option

if TYPE_CHECKING:
    from atomci.artifacts.handed.manifests import Parity, RunDifference
    from atomci.project import Project

__all__ = ["parity_command"]

_HEADS = {
    "verdict": "ended differently",
    "commit": "the commit",
    "lock": "the lock",
    "package": "installed packages",
    "python": "Python",
    "system": "the system",
    "file": "files of the project",
    "variable": "environment variables",
    "atom": "atoms",
    "run": "the run",
}
_SHOWN = 12


@click.command("parity")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B", default="last")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
def parity_command(first: str, second: str, as_json: bool, project: Path | None) -> int:
    """Show how run A differs from run B: that may explain why one is red and the other green.

    Name a run by its folder, by the unpacked artifact of a CI job, or by its id; `last` is the last one here.
    Exits 1 when something differs that a verdict may depend on.

    \b
    atomci parity ~/Downloads/atomci-gate       that job of CI against the last run here
    atomci parity 20261124T050442-89e07a last --json
    """
    import msgspec

    from atomci.report.parity import compare, manifest_at

    here = project_at(project)
    found = compare(manifest_at(here.root, first), manifest_at(here.root, second))
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found), indent=1))
    else:
        _show(found, here)
    return 0 if found.same else 1


def _show(found: Parity, here: Project) -> None:
    from atomci.bootstrap.managers.choice import typed

    click.echo(f"A is {found.first}, B is {found.second}")
    for kind, head in _HEADS.items():
        rows = [row for row in found.differences if row.kind == kind]
        if rows:
            click.echo(f"{head}:")
        for row in rows[:_SHOWN]:
            click.echo(f"  {_line(row)}")
        if len(rows) > _SHOWN:
            click.echo(f"  and {len(rows) - _SHOWN} more: --json lists them")
    for remedy in dict.fromkeys(row.remedy for row in found.differences if row.counts and row.remedy):
        click.echo(f"to make B like A: {typed(here, remedy)}")
    if found.same:
        click.echo("nothing differs that a verdict depends on")


def _line(row: RunDifference) -> str:
    return f"{row.what}: A {row.first}, B {row.second}"
