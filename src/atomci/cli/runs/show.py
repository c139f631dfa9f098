"""`atomci list`, `explain` and `graph`: the catalog, read by people and programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from atomci.atoms.loading.builtin import catalog_of
from atomci.atoms.loading.plugins import load_plugins
from atomci.catalog import PHASES, Atom, Pipeline
from atomci.cli import completion
from atomci.cli.view.atoms import INSIDE
from atomci.cli.view.width import folded
from atomci.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atomci.artifacts.printed.listings import BoundsRow
    from atomci.atoms.loading.load import Loader
    from atomci.engine.plan import Catalog, Plan
    from atomci.project import Project

__all__ = ["explain_command", "graph_command", "list_command"]


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_command(as_json: bool) -> None:
    """List atoms by phase, then pipelines.

    \b
    atomci list
    atomci list --json | jq '.atoms[] | select(.planned | not) | .name'
    """
    catalog = catalog_of(load_plugins())
    rows, pipelines = list(catalog.atoms.values()), list(catalog.pipelines.values())
    if as_json:
        atoms = [_row(row, catalog) for row in rows]
        groups = [row._asdict() for row in pipelines]
        listing = {"schema": "atomci/list/1", "atoms": atoms, "pipelines": groups}
        click.echo(json.dumps(listing, indent=1))
        return
    width = max(len(row.name) for row in rows)
    lines = []
    for phase in PHASES:
        lines.append(click.style(f"{phase.name}  {phase.title}", bold=True))
        for row in (row for row in rows if row.phase == phase.number):
            mark = "planned " if catalog.planned(row.name) else "optional" if row.optional else ""
            lines.append(f"  {row.number:03d} {row.name:{width}}  {mark:8}  {row.summary}")
    lines.append(click.style("pipelines", bold=True))
    lines += [
        f"  {pipeline.name:{width + 4}}  {_built(pipeline, catalog):8}  {pipeline.summary}"
        for pipeline in pipelines
    ]
    click.echo("\n".join(map(folded, lines)))


def _built(pipeline: Pipeline, catalog: Catalog) -> str:
    """How much of a pipeline runs today."""
    planned = {catalog.planned(name) for name in pipeline.atoms}
    return "" if planned == {False} else "planned" if planned == {True} else "in part"


def _row(row: Atom, catalog: Catalog) -> dict[str, Any]:
    return {"id": row.id, **row._asdict(), "planned": catalog.planned(row.name)}


_IMPACT = "impact"
_FIX = "fix"
_GUARD = "guard"
"""Not an atom: what `explain` says of the tests."""


def _explain_impact(loader: Loader, paths: Sequence[str], as_json: bool) -> None:
    from atomci.artifacts.json_text import json_of
    from atomci.atoms.parts.layers.impact_record import known_record
    from atomci.atoms.parts.layers.layer_runs import not_begun
    from atomci.atoms.parts.layers.layer_selection import reached_by_change
    from atomci.cli.runs.impact import explained, impact_lines
    from atomci.engine.context import Context, Options
    from atomci.testing.flaky.quarantine import quarantine_today
    from atomci.testing.layers import E2E, INTEGRATION, unit_tests_of

    atom = loader.catalog.atoms["select_impacted_unit_tests"]
    ctx = Context(loader.workspace(Options(preview=True)), atom)
    unit = unit_tests_of(ctx.project)
    later = [layer for layer in (INTEGRATION, E2E) if unit.folder and not not_begun(ctx, layer)]
    told = explained(
        {layer.name: (reached_by_change(ctx, layer), known_record(ctx, layer)) for layer in (unit, *later)},
        paths,
        quarantine_today(ctx.project).in_force,
    )
    click.echo(json_of(told).decode() if as_json else "\n".join(map(folded, impact_lines(told))))


def _fix_bounds(project: Project, as_json: bool) -> str:
    from atomci.artifacts.json_text import json_of
    from atomci.atoms.asked.fixing import bounds_of
    from atomci.cli.view.fixing import bounds_lines
    from atomci.fix.settings import read_fix

    bounds = bounds_of(project.setting(read_fix))
    return json_of(bounds).decode() if as_json else "\n".join(map(folded, bounds_lines(bounds)))


def _explained(loader: Loader, target: str) -> list[dict[str, Any]]:
    """The rows of a target's atoms, with their commands and last results."""
    import msgspec

    from atomci.atoms.parts.verdicts.evidence import last_run
    from atomci.engine.context import Context, Options
    from atomci.engine.plan import closure, resolve

    explained = []
    # An atom is explained alone: its row names what it needs.
    alone = target not in loader.catalog.pipelines and len(resolve(target, loader.catalog)) == 1
    for atom in closure([target], loader.catalog, only=alone).atoms:
        row = _row(atom, loader.catalog)
        if not row["planned"]:
            ctx = Context(loader.workspace(Options(preview=True)), atom)
            row |= _plain(loader.implementation(atom), ctx)
            if not loader.config.of(atom.name).enabled:
                row["commands"] = ["# disabled in pyproject.toml"]
            if (last := last_run(ctx)) is not None:
                row["last_run"] = msgspec.to_builtins(last)
        explained.append(row)
    return explained


@click.command("explain")
@click.argument("target", shell_complete=completion.targets)
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--whole", is_flag=True, help="Of several atoms, show what each needs, reads and writes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def explain_command(target: str, paths: tuple[str, ...], whole: bool, as_json: bool) -> None:
    """Show what a target does: its plain commands, in order. You can paste each line into a shell.

    Of a single atom, and with --whole, also what it needs, reads and writes, and what its last result
    depends on.

    \b
    atomci explain local_ci
    atomci explain local_ci --whole
    atomci explain atom_031
    atomci explain impact               which tests a change runs and why, which not and why that is safe
    atomci explain impact src/a/b.py    those that use a file
    atomci explain guard                within which bounds a guarded session runs here
    atomci explain fix                  within which bounds atomci fix works here
    """

    from atomci.atoms.loading.load import Loader
    from atomci.cli.view.atoms import atom_lines, command_lines
    from atomci.project import Project, find_root

    project = Project(find_root(Path.cwd()))
    loader = Loader(project)
    if target == _IMPACT:
        _explain_impact(loader, paths, as_json)
        return
    if paths:
        raise UsageError(f"explain {target} takes no paths", f"atomci explain {target}")
    if target == _FIX:
        click.echo(_fix_bounds(project, as_json))
        return
    explained = _explained(loader, target)
    bounds = _bounds(project) if target == _GUARD else None
    if as_json:
        click.echo(_explanation(target, explained, bounds))
    elif len(explained) > 1 and not whole:
        summary = _summary(target, loader.catalog)
        click.echo("\n".join(command_lines(target, summary, explained, project.root)))
        if bounds is not None:
            from atomci.cli.sessions.guard_bounds import bounds_lines

            click.echo("\n".join(bounds_lines(bounds)))
    else:
        click.echo(
            "\n".join(line for row in explained for line in atom_lines(row, whole=len(explained) == 1))
        )


def _explanation(target: str, explained: list[dict[str, Any]], bounds: BoundsRow | None) -> str:
    import msgspec

    told: dict[str, Any] = {"schema": "atomci/explanation/1", "target": target, "atoms": explained}
    if bounds is not None:
        told["bounds"] = msgspec.to_builtins(bounds)
    return json.dumps(told, indent=1)


def _bounds(project: Project) -> BoundsRow:
    from atomci.cli.sessions.guard_bounds import bounds_row

    return bounds_row(project)


def _summary(target: str, catalog: Catalog) -> str:
    """What a pipeline or a phase is."""
    if target in catalog.pipelines:
        return catalog.pipelines[target].summary
    return next((phase.title for phase in PHASES if phase.name == target), "")


def _plain(implementation: Any, ctx: Any) -> dict[str, Any]:
    from atomci.errors import AtomciError

    try:
        commands = [str(command) for command in implementation.commands(ctx)]
    except AtomciError as error:
        commands = [f"# {error.message}"]
    return {
        "origin": implementation.origin,
        "commands": commands or [INSIDE],
    }


@click.command("graph")
@click.argument("target", shell_complete=completion.targets)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["mermaid", "dot", "json"]),
    default="mermaid",
    show_default=True,
)
def graph_command(target: str, kind: str) -> None:
    """Print the graph of atoms that running a target walks through.

    \b
    atomci graph local_ci                    paste into a Markdown file
    atomci graph local_ci --format dot | dot -Tsvg > gate.svg
    """
    from atomci.engine.plan import closure

    catalog = catalog_of(load_plugins())
    plan = closure([target], catalog)
    if not plan.atoms:
        raise UsageError(f"{target} has no atom")
    shown = {"mermaid": _mermaid, "dot": _dot}
    click.echo(_json(plan, catalog) if kind == "json" else shown[kind](plan))


def _edges(plan: Plan) -> list[tuple[str, str]]:
    return [(before, atom.name) for atom in plan.atoms for before in sorted(plan.edges[atom.name])]


def _mermaid(plan: Plan) -> str:
    nodes = [f"  {atom.name}[{atom.number:03d} {atom.name}]" for atom in plan.atoms]
    return "\n".join(["graph TD", *nodes, *(f"  {a} --> {b}" for a, b in _edges(plan))])


def _dot(plan: Plan) -> str:
    nodes = [f'  {atom.name} [label="{atom.number:03d} {atom.name}"];' for atom in plan.atoms]
    return "\n".join(["digraph atomci {", *nodes, *(f"  {a} -> {b};" for a, b in _edges(plan)), "}"])


def _json(plan: Plan, catalog: Catalog) -> str:
    nodes = [_row(atom, catalog) for atom in plan.atoms]
    return json.dumps({"nodes": nodes, "edges": [list(edge) for edge in _edges(plan)]}, indent=1)
