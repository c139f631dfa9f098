"""`atomci baseline`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.options import not_empty, project_at, project_option
from atomci.errors import InfrastructureError, UsageError

if TYPE_CHECKING:
    from atomci.analysis.baseline.renewal import Renewal
    from atomci.artifacts.handed.baseline import BaselineRenewal
    from atomci.artifacts.handed.schemas import AllFindings
    from atomci.project import Project

__all__ = ["baseline_command"]

_SHOWN = 10
_INTERRUPTED = 130


@click.command("baseline")
@click.option(
    "--grow", metavar="REASON", callback=not_empty, help="Add what is new; the reason stands in the file."
)
@click.option("--dry-run", "-n", is_flag=True, help="Show what would change; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
def baseline_command(grow: str | None, dry_run: bool, as_json: bool, project: Path | None) -> int:
    """Hold today's findings of the static tools, so that only new ones are red.

    The first time it makes .atomci/baseline.jsonl: commit it. Later it removes what is fixed and follows
    renamed files, and never adds anything, unless you say so with a reason. Exits 1 when findings are left
    that the file doesn't hold, 3 when a tool gave no answer; its entries then stay.

    \b
    atomci baseline                      make it, or remove what is fixed
    atomci baseline --grow "ruff 0.18"   also add what is new
    """
    from atomci.analysis.baseline.entries import FILE, write_entries
    from atomci.analysis.baseline.renewal import held_before, renewed
    from atomci.artifacts.json_text import json_of
    from atomci.bootstrap.managers.choice import typed

    if grow is not None and not grow.strip():
        raise UsageError("--grow: a reason of blanks is none", "say why the findings may stay")
    here = project_at(project)
    before = held_before(here.root, here.git)
    if before is not None and not dry_run:
        write_entries(here.root, before)  # without the markers that a merge may have left
    found = _found(here)
    result = renewed(here.root, before, found.runs, grow)
    owing = {name: why for name, why in found.missing.items() if name not in found.left_out}
    silent = owing.keys() - set(found.disabled)
    untouched = _why_untouched(result, before is None, bool(silent), dry_run)
    if not untouched:
        write_entries(here.root, result.entries)
    if as_json:
        click.echo(json_of(_as_json(result, owing)).decode())
    else:
        for line in _lines(result, owing, untouched):
            click.echo(typed(here, line))
        if not untouched and here.git.ignored([FILE]):
            click.echo(f"git ignores {FILE}, so CI won't have it: git add -f {FILE}")
    if silent:
        return InfrastructureError.exit_code
    return 1 if result.new or result.unread else 0


def _found(here: Project) -> AllFindings:
    """What the static tools find now."""
    from atomci.artifacts import handles, store
    from atomci.atoms.loading.load import Loader
    from atomci.cli.runs.run import alone
    from atomci.cli.view.pages import page_listener
    from atomci.engine.context import Options
    from atomci.engine.guest import make_room
    from atomci.engine.plan import make_plan
    from atomci.engine.runner import run_plan

    loader = Loader(here)
    plan = make_plan(("aggregate_static_findings",), loader.catalog)
    make_room(here)
    workspace = loader.workspace(Options(keep_going=True, jobs=os.cpu_count() or 1))
    with alone(here.root):
        result = run_plan(workspace, plan, loader.implementation, [page_listener(here)])
        if result.broken:
            raise InfrastructureError(result.broken, result.mend)
        aggregated = result.outcomes["aggregate_static_findings"]
        if result.exit_code == _INTERRUPTED:
            raise KeyboardInterrupt
        # What another run found is no answer.
        if aggregated.status == "error" or (aggregated.status == "skipped" and not aggregated.left_out):
            raise InfrastructureError(
                f"aggregate_static_findings: {aggregated.reason}", "atomci run triage -k shows more"
            )
        return store.read(here.root / handles.FINDINGS, handles.FINDINGS.kind)


def _as_json(result: Renewal, owing: dict[str, str]) -> BaselineRenewal:
    from atomci.artifacts.handed.baseline import BaselineRenewal

    return BaselineRenewal(
        held=result.held,
        added=result.added,
        fixed=result.fixed,
        renamed=result.moved,
        edited=result.altered,
        new=result.new,
        unread=result.unread,
        missing=owing,
    )


def _why_untouched(result: Renewal, first: bool, silent: bool, dry_run: bool) -> str:
    """Why nothing is written; empty where something is. A first baseline without what one tool would have
    found would leave that for a second, and growing needs a reason.
    """
    if first and (silent or result.unread):
        return "no file was made, since a tool gave no whole answer"
    if first and not result.entries:
        return "no file was made, since there is nothing to hold"
    return "nothing was written" if dry_run else ""


def _lines(result: Renewal, owing: dict[str, str], untouched: str) -> Sequence[str]:
    from atomci.analysis.baseline.entries import FILE

    counts = {"added": result.added, "fixed": result.fixed, "renamed": result.moved}
    said = [f"{result.held} held", *(f"{count} {what}" for what, count in counts.items() if count)]
    lines = [f"{FILE}: {', '.join(said)}{untouched and f' ({untouched})'}"]
    per_rule = Counter(entry.rule for entry in result.entries for _ in entry.lines)
    lines += [f"  {count:6} {rule}" for rule, count in per_rule.most_common(_SHOWN)]
    if result.unread:
        lines.append(
            f"{len(result.unread)} can't be held, since the tool read no further: fix or exclude them"
        )
        lines += [f"  {one}" for one in result.unread[:_SHOWN]]
    if result.new:
        lines.append(f"{len(result.new)} new, not added: fix them, or atomci baseline --grow REASON")
        lines += [f"  {one}" for one in result.new[:_SHOWN]]
    if result.altered:
        lines.append(f"{result.altered} on lines that were edited: git diff {FILE} shows which")
    lines += [f"{name} {why}: its entries stay" for name, why in owing.items()]
    return lines
