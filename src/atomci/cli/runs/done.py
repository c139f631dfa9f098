"""`atomci done`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.options import project_at, project_option

if TYPE_CHECKING:
    from atomci.artifacts.printed.done import DoneReport, Word
    from atomci.project import Project

__all__ = ["done_command"]

_COLOURS: dict[Word, str] = {"yes": "green", "no": "red", "not applicable": "yellow"}


@click.command("done")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
def done_command(as_json: bool, project: Path | None) -> int:
    """Answer whether the commit that is checked out is done: seven answers, each with evidence.

    Yes needs evidence from this very commit, with nothing uncommitted. The hooks are run and GitHub is asked;
    of the gate, the coverage and the other tests the last result counts, if it is about exactly these files.
    Exits 1 when an answer is no, 3 when it is so only because somebody couldn't be asked, such as GitHub.

    \b
    atomci done
    atomci done --json
    """
    from atomci.artifacts.json_text import json_of
    from atomci.atoms.asked.finishing import ask_whether_done
    from atomci.atoms.loading.load import Loader
    from atomci.cli.runs.run import alone
    from atomci.engine.guest import make_room

    here = project_at(project)
    loader = Loader(here)
    make_room(here)
    with alone(here.root):
        report, result = ask_whether_done(loader)
    if as_json:
        click.echo(json_of(report).decode())
    else:
        _show(report, here)
    if result.broken:
        click.echo(f"error: {result.broken}\n  {result.mend}", err=True)
    return result.exit_code


def _show(report: DoneReport, project: Project) -> None:
    from atomci.bootstrap.managers.choice import typed
    from atomci.catalog import ATOMS
    from atomci.cli.view.style import paint
    from atomci.cli.view.width import folded
    from atomci.visible import visible

    numbers = {row.name: f"{row.number:03d} " for row in ATOMS}
    for answer in report.answers:
        word = paint(f"{answer.answer:14}", _COLOURS[answer.answer])
        click.echo(f"{word}  {numbers.get(answer.atom, '')}{answer.atom}")
        for line in answer.evidence:
            click.echo(folded(f"                {visible(line)}", 16))
        if answer.next:
            click.echo(f"                next: {visible(typed(project, answer.next))}")
    counts = Counter(answer.answer for answer in report.answers)
    said = ", ".join(f"{counts[word]} {word}" for word in _COLOURS if counts[word])
    where = f"{(report.commit or 'no commit')[:10]}{f' on {report.branch}' if report.branch else ''}"
    click.echo(f"{where} is {'done' if report.done else 'not done'}: {visible(said)}")
