"""`atomci fix`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from atomci.cli.options import project_at, project_option
from atomci.errors import RefusedError

__all__ = ["fix_command"]


@click.command("fix")
@click.option("--attempts", type=click.IntRange(1, 50), help="Attempts of the fixer at most.  [default: 3]")
@click.option("--wall", metavar="TIME", help="For all of it, such as 90s, 30m or off.  [default: 30m]")
@click.option("--command", metavar="TEXT", help="The fixer, with {task} or {task_file} in it.")
@click.option("--allow-degraded", is_flag=True, help="Also where nothing here keeps it within bounds.")
@click.option("--apply", is_flag=True, help="Bring the patch here at once, as atomci guard apply does.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines: a step per line, the report last.")
@project_option
def fix_command(
    attempts: int | None,
    wall: str | None,
    command: str | None,
    allow_degraded: bool,
    apply: bool,
    as_json: bool,
    project: Path | None,
) -> int:
    """Fix what the gate finds red, in a copy of this checkout, and propose a patch.

    First ruff and black fix what they can. For the rest the fixer of [tool.atomci.fix] is run under guard: an
    AI's command line, or any program. What it changes is refused where it weakens a check, judged by the
    gate, made as small as it can be and proved in a fresh copy. Your files, git's index and HEAD stay as they
    are until you bring the patch here.

    \b
    atomci fix                     then: atomci guard apply RUN
    atomci fix --attempts 1 --wall 10m
    atomci explain fix             within which bounds

    Exit codes: 0 nothing is red any more, 1 something is, 3 the gate or the fixer couldn't work, 4 what the
    fixer did was refused, 130 interrupted.
    """

    import msgspec

    from atomci.artifacts.json_text import json_of
    from atomci.atoms.asked.fixing import EXIT_CODES, FixOptions, bring_here, fix_and_keep
    from atomci.atoms.loading.load import Loader
    from atomci.cli.view.fixing import FixEvents, FixLines, fix_lines
    from atomci.engine.guest import make_room
    from atomci.fix.loop import Stop

    if os.environ.get("CI", "").lower() in ("1", "true"):
        raise RefusedError(
            "fixes are made on a developer's machine only, and this is CI", "type atomci fix there"
        )
    loader = Loader(project_at(project))
    _ = loader.config  # a bad table is told before anything else
    make_room(loader.project)
    options = FixOptions(command, attempts, wall, allow_degraded)
    report = fix_and_keep(loader, options, FixEvents() if as_json else FixLines())
    if apply and report.files:
        report = msgspec.structs.replace(report, applied=bring_here(loader.project, report))
    text = f"{json_of(report).decode()}\n" if as_json else "".join(f"{line}\n" for line in fix_lines(report))
    click.echo(text, nl=False)
    return EXIT_CODES.get(Stop(report.stop), 1)
