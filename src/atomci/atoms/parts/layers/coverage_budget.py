"""The verdict on the coverage budgets, that of the total and that of the changed lines: atoms 039 and 067."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from atomci.artifacts.handed.testing import CoverageBudget
from atomci.artifacts.handles import Artifact
from atomci.atoms.parts.layers.coverage_runs import budget_command, coverage_settings
from atomci.atoms.parts.verdicts.evidence import last_result
from atomci.engine.cache import declared, notes_in
from atomci.engine.context import Context, Outcome, Verdict
from atomci.engine.inputs.dependencies import Dependencies
from atomci.engine.inputs.files import REPOSITORY
from atomci.testing.first_tests import why_none
from atomci.testing.layers import Layer, unit_tests_of
from atomci.testing.measurement import changes, coverage
from atomci.testing.measurement.coverage_config import names_source
from atomci.testing.measurement.settings import CoverageSettings, read_coverage
from atomci.testing.pytest_config import read_pytest_config
from atomci.testing.selection.settings import read_selection
from atomci.tools.atomic import replace_file
from atomci.tools.git.branching import Departure, HistoryMissing, departure
from atomci.tools.git.changed_lines import changed_lines
from atomci.tools.process import Command

__all__ = [
    "budget_commands",
    "counted_layers",
    "depends_on_the_change",
    "judged_budget",
    "judged_elsewhere",
    "verdict_on_budget",
    "why_uncounted",
]

_RUN_BY = {
    "unit": "run_pytest_unit_with_coverage",
    "integration": "run_pytest_integration",
    "e2e": "run_pytest_e2e",
}
_HINTS = {"e2e": '; [tool.coverage.run] patch = ["subprocess"] measures the programs that tests start'}


def counted_layers(ctx: Context) -> tuple[str, ...]:
    """The layers of tests over which the budget counts."""
    return _settings(ctx).layers


def judged_elsewhere(ctx: Context) -> str:
    """Why the gate, which runs the unit tests, doesn't judge the budget; empty where it does."""
    layers = counted_layers(ctx)
    if layers == ("unit",):
        return ""
    targets = " ".join(dict.fromkeys((*layers, "reports")))
    return f"the budget counts over {' and '.join(layers)}: atomci run {targets}"


def why_uncounted(ctx: Context, layer: Layer) -> str:
    """Why a layer's coverage isn't that of all its tests on the files as they are; empty where it is."""
    atom = _RUN_BY[layer.name]
    again = f"atomci run {layer.name} reports"
    summary = ctx.read_if_there(layer.summary)
    if summary is not None and not summary.counts:
        return f"it has no tests, so take it out of layers ({why_none(ctx.project, layer.folder)})"
    verdict = last_result(Context(ctx.workspace, ctx.catalog.atoms[atom]))
    if not verdict.holds:
        return f"{verdict.evidence[0]}: {again}"
    if summary is None or not summary.complete:
        return f"not all of its tests ran: {again}"
    if layer.data is None or not (ctx.root / layer.data).is_file():
        return f"it left no coverage{_HINTS.get(layer.name, '')}"
    return ""


def depends_on_the_change(ctx: Context) -> Dependencies:
    """Of its files, and where changed lines have a budget of the commits that they count from."""
    base = declared(ctx.atom, ctx.workspace)
    return replace(base, files=(*base.files, REPOSITORY)) if _settings(ctx).changed_lines else base


def budget_commands(ctx: Context, data: str) -> Sequence[Command]:
    """What asks coverage for its verdict on a file of data."""
    changed = _changed_file(ctx).as_posix() if _settings(ctx).changed_lines else ""
    return (budget_command(ctx, unit_tests_of(ctx.project), data, changed),)


def judged_budget(
    ctx: Context, data: str, where: Artifact[CoverageBudget], reused: int | None = None
) -> Outcome:
    """Ask coverage, compare, and write down what it says; `reused` lines of the data are of earlier runs."""
    layer, budget = unit_tests_of(ctx.project), _settings(ctx).changed_lines
    since = _changed_since(ctx) if budget else None
    if isinstance(since, Outcome):
        return since
    settled = _settled(ctx, layer, data)
    if wrong := _unsettled(ctx, layer, settled):
        return wrong
    found = settled.changes or changes.Changes()
    change = changes.judged(found, since.branch, budget) if since else None
    measured = coverage.budget_of(settled, ctx.root, counted_layers(ctx), change)
    measured = structs.replace(measured, reused=reused)
    ctx.write(where, measured)
    ctx.emit(coverage.event(ctx.atom.name, measured))
    return _outcome(measured)


def _changed_since(ctx: Context) -> Departure | Outcome:
    """Write down which lines changed, and say since when; or why nobody can tell."""
    git, base = ctx.project.git, ctx.options.since or ctx.project.setting(read_selection).base
    try:
        since = departure(git, base or None)
    except HistoryMissing as missing:
        return Outcome("error", f"changed_lines: {missing} ({missing.hint})", 0, "statements")
    if since is None:
        why = "changed_lines: there is no commit from which changes could count"
        return Outcome("error", why, 0, "statements")
    replace_file(_changed_file(ctx), json.dumps(changed_lines(git, since.commit)).encode())
    return since


def _outcome(measured: CoverageBudget) -> Outcome:
    if measured.percent is None:
        return Outcome("vacuous", "no statement was measured", 0, "statements")
    said = coverage.said(measured)
    if coverage.is_met(measured):
        return Outcome("pass", said, measured.statements, "statements")
    findings = coverage.findings(measured)
    # Of what changed, nothing was matched: that proves nothing, and isn't a number that is too low.
    unknown = measured.met and measured.change is not None and measured.change.unknown and not findings
    return Outcome("vacuous" if unknown else "fail", said, measured.statements, "statements", findings)


def _settled(ctx: Context, layer: Layer, data: str) -> coverage.Settled:
    """What coverage says, against the higher of two budgets where pytest-cov is given one too."""
    settled = coverage.settled_by(ctx.run(*budget_commands(ctx, data)))
    config = read_pytest_config(ctx.root, layer.folder)
    beside = config.value("--cov-fail-under")
    if beside is not None and settled.budget == float(beside):
        return structs.replace(settled, settings=config.where)
    return settled


def _unsettled(ctx: Context, layer: Layer, settled: coverage.Settled) -> Outcome | None:
    """Why what coverage says is no verdict on a budget."""
    if settled.error.startswith("No data"):
        return Outcome("vacuous", f"coverage has nothing to report: {settled.error}", 0, "statements")
    if settled.error:
        return Outcome("error", f"coverage can't report: {settled.error}", 0, "statements")
    rcfile = coverage_settings(ctx, layer)
    if settled.source and not names_source(ctx.root, rcfile):
        why = f"{settled.settings} names what to measure in a way that wasn't understood: src/ was measured"
        return Outcome("error", why, 0, "statements")
    if settled.budget <= 0:
        unread = [f"{value:g} % in {path} isn't read" for path, value in settled.shadowed.items()]
        where = Path(settled.settings).name if settled.settings else "pyproject.toml"
        why = f"{where} sets no fail_under for coverage's report"
        if not ctx.project.is_joined:
            return Outcome.leaving_out(f"the coverage budget: {why}", 0, "statements")
        return Outcome("vacuous", "; ".join([why, *unread]), 0, "statements")
    return None


def verdict_on_budget(ctx: Context, where: Artifact[CoverageBudget]) -> Verdict:
    """The last result, and whether the budget was met and which it is."""
    verdict = last_result(ctx)
    measured = ctx.read_if_there(where)
    if measured is None or verdict.not_run or verdict.out_of_date:
        return verdict
    problems = [] if verdict.holds else list(verdict.evidence)
    if not measured.met:
        problems.append(f"{where}: {measured.percent} % is under the budget")
    if measured.change and not measured.change.met:
        problems.append(f"{where}: {changes.said(measured.change)}")
    return Verdict.of(problems, [coverage.said(measured)], f"atomci run {ctx.atom.name}")


def _settings(ctx: Context) -> CoverageSettings:
    return ctx.project.setting(read_coverage)


def _changed_file(ctx: Context) -> Path:
    """Where the program finds which lines changed."""
    return notes_in(ctx.root, ctx.atom).parent / f"{ctx.atom.name}.changed.json"
