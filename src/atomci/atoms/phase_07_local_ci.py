"""Phase 7: the local gate."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from atomci.artifacts import handles
from atomci.artifacts.handed.schemas import Reports, Status
from atomci.artifacts.handed.testing import TestSummary
from atomci.artifacts.handles import Artifact
from atomci.atoms.parts.ci_files import local_actions, verdict_of
from atomci.atoms.parts.host.machine import chosen_manager
from atomci.atoms.parts.larger_repository import unread_by_github
from atomci.atoms.parts.layers.coverage_budget import judged_elsewhere
from atomci.atoms.parts.layers.layer_runs import listed
from atomci.atoms.parts.verdicts.gate import gate_of, outcome_of
from atomci.atoms.parts.verdicts.stages import (
    Red,
    ended,
    excuse,
    judged,
    none_ran,
    reds_of_tests,
    unexplained,
    why_left_out,
)
from atomci.bootstrap.managers.locked import locked_versions
from atomci.bootstrap.managers.table import MANAGERS
from atomci.bootstrap.profile import has_scripts
from atomci.configuration import hooks, version_pins
from atomci.configuration.ci import parity, workflow
from atomci.configuration.documents import Unreadable, read_text, yaml_document
from atomci.configuration.facts import Fact, seen
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.engine.plan import Catalog, closure
from atomci.errors import UsageError
from atomci.testing.measurement import coverage
from atomci.tools.output import LOGGED
from atomci.tools.process import Command

_REPORTS: dict[str, Artifact[Any]] = {
    "sarif": handles.STATIC_SARIF,
    "junit": handles.UNIT_JUNIT,
    "coverage-xml": handles.UNIT_COVERAGE,
    "coverage-html": handles.UNIT_PAGE,
}

_BUDGET = "enforce_coverage_budget"
_UNIT_REPORTS = ("junit", "coverage-xml", "coverage-html")


def _script(ctx: Context) -> Sequence[Command]:
    shell, powershell = parity.SCRIPTS
    if os.name == "nt":
        return (Command(("pwsh", "-NoProfile", "-File", powershell), limit=LOGGED),)
    return (Command(("sh", "-c", f"exec {shell}"), limit=LOGGED),)


@runs(_script)
def run_local_ci_script(ctx: Context) -> Outcome:
    if not has_scripts(ctx.project.answers) and not any(
        (ctx.root / path).is_file() for path in parity.SCRIPTS
    ):
        return Outcome("skipped", "the answers leave the scripts out; atomci run local_ci is the gate")
    done = ctx.run(*_script(ctx))
    status: Status = "pass" if done.code == 0 else "error" if done.code == 3 else "fail"
    return Outcome(status, f"exit {done.code}", 1, "scripts")


def run_local_ci_script_holds(ctx: Context) -> Verdict:
    return verdict_of(_parity(ctx))


def stage1_lint_types(ctx: Context) -> Outcome:
    found = ctx.read_if_there(handles.FINDINGS)
    lanes = ctx.read_if_there(handles.LANES)
    if found is None or lanes is None:
        return ended(ctx, handles.LINT_TYPES_STAGE, "error", ["findings were not aggregated"])
    work = [f"{lane.findings} in lane {lane.lane}: {lane.command}" for lane in lanes.lanes]
    reds = [Red(run.atom, "fail", "") for run in found.runs if run.findings]
    reds += [Red(name, "error", f"{name} {why}") for name, why in unexplained(found)]
    if found.grown:
        reds.append(Red("aggregate_static_findings", "fail", f"the baseline grew by {len(found.grown)}"))
    unseen = [f"left out: {'; '.join(found.left_out.values())}"] if found.left_out else []
    reds += [
        Red(run.atom, "vacuous", f"{run.tool} examined no file") for run in found.runs if not run.examined
    ]
    if unseen and not found.runs and not reds:
        return ended(ctx, handles.LINT_TYPES_STAGE, "skipped", unseen, left_out=True)
    if not found.runs and not reds:
        return ended(ctx, handles.LINT_TYPES_STAGE, "vacuous", ["every tool is disabled"])
    said = [
        f"{run.tool}: {run.examined} files" + (f", {len(run.held)} held" if run.held else "")
        for run in found.runs
    ]
    return judged(ctx, handles.LINT_TYPES_STAGE, reds, [*(work if reds else said), *unseen], ("sarif",))


def stage2_unit_tests(ctx: Context) -> Outcome:
    tests = ctx.read_if_there(handles.UNIT_TESTS)
    budget = None if judged_elsewhere(ctx) else ctx.read_if_there(handles.BUDGET)
    if unseen := why_left_out(ctx, "run_pytest_unit_with_coverage"):
        return ended(ctx, handles.UNIT_STAGE, "skipped", [f"left out: {unseen}"], left_out=True)
    if tests is None:
        return ended(ctx, handles.UNIT_STAGE, "skipped", ["the unit tests left no result"])
    text = ", ".join(f"{count} {outcome}" for outcome, count in tests.counts.items())
    reds = reds_of_tests("run_pytest_unit_with_coverage", "unit", tests, none_ran=_none_ran(tests))
    if reds and (budget is None or not excuse(ctx, reds)):
        return judged(ctx, handles.UNIT_STAGE, reds, [text])
    if budget is None:
        return _without_budget(ctx, tests, text)
    measured = coverage.said(budget)
    if not coverage.is_met(budget):
        reds.append(Red(_BUDGET, "fail", measured))
    return judged(ctx, handles.UNIT_STAGE, reds, [text, measured], _UNIT_REPORTS)


def _without_budget(ctx: Context, tests: TestSummary, text: str) -> Outcome:
    """The verdict on green tests whose coverage nobody judged."""
    if not ctx.workspace.config.of(_BUDGET).enabled:
        said = [text, f"{_BUDGET} disabled"]
        return ended(ctx, handles.UNIT_STAGE, "pass", said, _UNIT_REPORTS)
    if elsewhere := judged_elsewhere(ctx):
        return ended(ctx, handles.UNIT_STAGE, "pass", [text, elsewhere], _UNIT_REPORTS)
    if unjudged := why_left_out(ctx, _BUDGET):
        return ended(ctx, handles.UNIT_STAGE, "pass", [text, f"left out: {unjudged}"])
    if not tests.complete:
        owes = _UNIT_REPORTS if tests.counts else ()
        return ended(ctx, handles.UNIT_STAGE, "pass", [text, f"coverage: {tests.why_incomplete}"], owes)
    unmeasured = not (ctx.root / handles.UNIT_DATA).is_file()
    why = "no coverage was measured" if unmeasured else "the coverage budget was not computed"
    why += f": {tests.unmeasured}" if tests.unmeasured else ""
    red = Red(_BUDGET, "vacuous" if unmeasured else "error", why)
    return judged(ctx, handles.UNIT_STAGE, [red], [text])


def _none_ran(tests: TestSummary) -> bool:
    """Of a suite that should have some; one shard of several may hold only tests that skip themselves."""
    one_of_several = tests.portion is not None and tests.portion.count > 1
    return none_ran(tests) and bool(tests.complete or tests.counts) and not one_of_several


def stage3_static_artifacts_emit(ctx: Context) -> Outcome:
    reports = []
    for name, report in _REPORTS.items():
        reports.append(listed(ctx, name, report.path))
    ctx.write(handles.REPORTS, Reports(reports=tuple(reports)))
    missing = [report.name for report in reports if report.missing]
    examined = len(reports) - len(missing)
    reason = f"not produced: {', '.join(missing)}" if missing else ""
    return Outcome("pass" if examined else "vacuous", reason, examined, "reports")


def compute_local_ci_exit_code(ctx: Context) -> Outcome:
    gate = gate_of(ctx)
    ctx.write(handles.GATE, gate)
    return outcome_of(gate, ctx)


def _parity(ctx: Context) -> Iterator[Fact]:
    catalog = ctx.catalog
    without = not has_scripts(ctx.project.answers)
    for path in parity.SCRIPTS:
        if without and not (ctx.root / path).is_file():
            yield seen(path, "not there, as the answers have it")
            continue
        try:
            yield parity.script(path, read_text(ctx.root, path))
        except Unreadable as error:
            yield error.fact
    tasks = yaml_document(ctx.root, "Taskfile.yml")
    yield parity.task(tasks)
    for path in ctx.files(*(f"scripts/{verb}.{kind}" for verb in parity.VERBS for kind in ("sh", "ps1"))):
        yield from parity.same_steps(tasks, path, read_text(ctx.root, path))
    yield parity.hook(yaml_document(ctx.root, hooks.FILE))
    yield from _versions(ctx)
    if why := unread_by_github(ctx):
        yield Fact(True, why, known=False)
        return
    jobs = yaml_document(ctx.root, workflow.CI)
    yield from parity.jobs(jobs, lambda targets: _closure(targets, catalog), local_actions(ctx))


def _versions(ctx: Context) -> Iterator[Fact]:
    manager = MANAGERS[chosen_manager(ctx).manager]
    locked = locked_versions(ctx.root, manager)
    if locked is None:  # which is another atom's question
        return
    lists = [path for path in ctx.files(*version_pins.REQUIREMENTS) if path != manager.LOCK]
    commands = {path: read_text(ctx.root, path) for path in ctx.files(*version_pins.COMMANDS)}
    requirements = {path: read_text(ctx.root, path) for path in lists}
    yield from version_pins.facts(commands, requirements, locked, manager.LOCK)


def _closure(targets: Sequence[str], catalog: Catalog) -> Collection[str]:
    """The atoms that a run of the targets has. Raises KeyError with what doesn't exist."""
    try:
        return {atom.name for atom in closure(targets, catalog).atoms}
    except UsageError as error:
        raise KeyError(error.message) from None
