"""`atomci check`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli import completion
from atomci.cli.options import project_at, project_option

if TYPE_CHECKING:
    from atomci.artifacts.handed.verdicts import Answer, Standing
    from atomci.project import Project

__all__ = ["check_command"]

_ORDER: tuple[Standing, ...] = (
    "holds",
    "broken",
    "out of date",
    "not run here yet",
    "not applicable",
    "planned",
)


@click.command("check")
@click.argument("targets", nargs=-1, metavar="[TARGET]...", shell_complete=completion.targets)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
def check_command(targets: tuple[str, ...], as_json: bool, project: Path | None) -> int:
    """Say whether each atom holds here, with evidence. Changes nothing.

    Without targets: all atoms. Exits 1 when one is broken. An atom that hasn't run here yet, or only on an
    older state, counts neither way; the last line says what would find out. Nor does one that doesn't
    apply or is planned.

    \b
    atomci check
    atomci check phase_01
    atomci check run_ruff_lint --json
    """
    import msgspec

    from atomci.atoms.asked.checking import check_atoms, report_of
    from atomci.atoms.loading.load import Loader
    from atomci.bootstrap.managers.choice import typed
    from atomci.catalog import PHASES

    here = project_at(project)
    loader = Loader(here)
    answers = []
    for answer in check_atoms(loader, targets or [phase.name for phase in PHASES]):
        answers.append(answer)
        if not as_json and (targets or answer.status != "planned"):
            _show(answer, here, all_evidence=len(targets) == 1)
    counts = Counter(answer.status for answer in answers)
    report = report_of(answers, loader.catalog)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(report), indent=1))
    else:
        click.echo(", ".join(f"{counts[status]} {status}" for status in _ORDER if counts[status]))
        if report.remedy and len(answers) > 1:
            click.echo(f"to find out what isn't known: {typed(here, report.remedy)}")
    return 0 if report.holds else 1


def _show(answer: Answer, project: Project, *, all_evidence: bool) -> None:
    from atomci.bootstrap.managers.choice import typed
    from atomci.cli.view.style import paint
    from atomci.cli.view.width import folded

    colour = {"holds": "green", "broken": "red", "planned": "white"}.get(answer.status, "yellow")
    status = f"{answer.status:16}"
    head = f"{paint(status, colour)} {answer.number:03d} {answer.atom}"
    if answer.status != "broken" and not all_evidence:
        if answer.status == "not run here yet":
            click.echo(head)
            return
        if answer.status == "out of date":
            click.echo(folded(f"{head}  {answer.evidence[0]}"))
            return
        more = f"; and {len(answer.evidence) - 2} more" if len(answer.evidence) > 2 else ""
        click.echo(folded(f"{head}  {'; '.join(answer.evidence[:2])}{more}".rstrip()))
        return
    click.echo(head)
    for line in answer.evidence:
        click.echo(folded(f"        {line}", 10))
    if answer.remedy:
        verb = "fix" if answer.status == "broken" else "run"
        click.echo(f"        {verb} it: {typed(project, answer.remedy)}")
