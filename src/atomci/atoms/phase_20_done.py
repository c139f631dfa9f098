"""Phase 20: the definition of done. Nothing is yes without evidence from this very commit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from atomci.artifacts import handles
from atomci.atoms.parts.branches import default_branch
from atomci.atoms.parts.ci_files import ci_workflow
from atomci.atoms.parts.layers.coverage_budget import counted_layers, judged_elsewhere
from atomci.atoms.parts.layers.layer_runs import not_begun
from atomci.atoms.parts.prose import only_prose
from atomci.atoms.parts.verdicts.answers import (
    Said,
    answered,
    applies_not,
    by_last_result,
    last_answer,
    listed,
    no,
    verdict_of,
    yes,
)
from atomci.atoms.parts.verdicts.github_answers import approved, uploaded
from atomci.bootstrap.profile import left_out
from atomci.configuration import hooks
from atomci.configuration.ci.publishing import upload_names
from atomci.configuration.documents import Unreadable
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.errors import InfrastructureError
from atomci.forge.api import Api, require_gh
from atomci.forge.remote import origin
from atomci.testing.layers import E2E, INTEGRATION, UNIT, Layer
from atomci.testing.measurement import coverage
from atomci.tools.output import LOGGED
from atomci.tools.process import Command

_SECONDS = 30.0
_HOOK = re.compile(r"^(.+?)\.{3,}(\(no files to check\))?(Passed|Failed|Skipped)$", re.MULTILINE)
_GATE = "atomci run local_ci"


# --- 112 to 116: what was seen here ------------------------------------------------------------


def _hooks(ctx: Context) -> Sequence[Command]:
    if not (ctx.root / hooks.FILE).is_file():
        return ()
    words = ("pre-commit", "run", "--all-files", "--color", "never")
    # SKIP leaves hooks out without a red.
    return (Command(words, limit=LOGGED, without=("SKIP",)),)


@runs(_hooks)
def precommit_hooks_clean(ctx: Context) -> Outcome:
    return answered(ctx, _hooks_clean)


def precommit_hooks_clean_holds(ctx: Context) -> Verdict:
    return last_answer(ctx)


def _hooks_clean(ctx: Context) -> Said:
    if not (ctx.root / hooks.FILE).is_file():
        return applies_not(f"{hooks.FILE}: {left_out(ctx.project, 'hooks')}")
    (command,) = _hooks(ctx)
    done = ctx.run(replace(command, argv=(ctx.tool("pre-commit"), *command.argv[1:])))
    again = "pre-commit run --all-files"
    rows = [(name.strip(), bool(unmatched), how) for name, unmatched, how in _HOOK.findall(done.stdout)]
    if failed := [name for name, _, how in rows if how == "Failed"]:
        return no(f"failed: {listed(failed)}", again)
    if done.code != 0:
        return no(f"pre-commit ended with exit code {done.code}: {done.last_line}", again)
    if kept_out := [name for name, unmatched, how in rows if how == "Skipped" and not unmatched]:
        return no(f"skipped: {listed(kept_out)}", again)
    passed = [name for name, _, how in rows if how == "Passed"]
    if not passed:
        return no("no hook looked at a file", again)
    return yes(f"{len(passed)} hooks passed on all files: {listed(passed)}")


def local_ci_green(ctx: Context) -> Outcome:
    return answered(ctx, _local_ci)


def local_ci_green_holds(ctx: Context) -> Verdict:
    return verdict_of(ctx, _local_ci)


def _local_ci(ctx: Context) -> Said:
    said = by_last_result(ctx, "compute_local_ci_exit_code", _GATE)
    if said.word == "not applicable":
        return no(said.evidence, f"{_GATE}, when pyproject.toml no longer disables it")
    if said.word == "no":
        return said
    gate, tests = ctx.read(handles.GATE), ctx.read_if_there(handles.UNIT_TESTS)
    if gate.verdict != "green":
        return no((f"the gate is {gate.verdict}", *gate.reasons), _GATE)
    if tests is not None and tests.portion is not None and tests.portion.count > 1 and not tests.complete:
        return no(f"only shard {tests.portion.shard} of {tests.portion.count} ran here", _GATE, pending=True)
    return yes(f"the gate is green: {said.evidence[0]}", *gate.reasons, *_let_pass(ctx, UNIT))


def unit_coverage_meets_threshold(ctx: Context) -> Outcome:
    return answered(ctx, _coverage)


def unit_coverage_meets_threshold_holds(ctx: Context) -> Verdict:
    return verdict_of(ctx, _coverage)


def _coverage(ctx: Context) -> Said:
    together = bool(judged_elsewhere(ctx))
    atom = "generate_coverage_xml_html" if together else "enforce_coverage_budget"
    again = f"atomci run {' '.join(counted_layers(ctx))} reports" if together else f"{_GATE} --all"
    said = by_last_result(ctx, atom, again)
    measured = ctx.read_if_there(handles.ALL_BUDGET if together else handles.BUDGET)
    if measured is None or said.word == "not applicable" or said.pending:
        return said
    if not coverage.is_met(measured):
        return no((coverage.said(measured), *said.evidence), again)
    return yes(coverage.said(measured), *said.evidence) if said.word == "yes" else said


def integration_pass_for_affected_areas(ctx: Context) -> Outcome:
    return answered(ctx, _integration)


def integration_pass_for_affected_areas_holds(ctx: Context) -> Verdict:
    return verdict_of(ctx, _integration)


def _integration(ctx: Context) -> Said:
    if why := not_begun(ctx, INTEGRATION):
        return applies_not(why)
    said = by_last_result(ctx, "gate_on_integration_results", "atomci run integration")
    if said.word == "no" and said.pending and (why := only_prose(ctx)):
        return applies_not(why)
    stage = ctx.read_if_there(handles.INTEGRATION_STAGE)
    if said.word != "yes" or stage is None:
        return said
    if stage.overridden:
        return no((f"the integration tests are {stage.overridden}", *stage.reasons), "atomci run integration")
    return yes(*stage.reasons, *_let_pass(ctx, INTEGRATION), *said.evidence)


def e2e_pass_on_main_if_critical_path(ctx: Context) -> Outcome:
    return answered(ctx, _e2e)


def e2e_pass_on_main_if_critical_path_holds(ctx: Context) -> Verdict:
    return verdict_of(ctx, _e2e)


def _e2e(ctx: Context) -> Said:
    if why := not_begun(ctx, E2E):
        return applies_not(why)
    ran = by_last_result(ctx, "run_pytest_e2e", "atomci run e2e")
    if ran.word == "not applicable":
        return ran
    said = by_last_result(ctx, "mark_e2e_required_on_main", "atomci run e2e") if ran.word == "yes" else ran
    branch, required = ctx.project.git.branch(), default_branch(ctx)
    if said.word == "no" and said.pending and branch and branch != required:
        return applies_not(f"this is {branch}: end-to-end tests are required on {required}, not on branches")
    stage = ctx.read_if_there(handles.E2E_STAGE)
    if said.word != "yes" or stage is None:
        return said
    if stage.overridden or stage.status != "pass":
        return no(stage.reasons, "atomci run e2e")
    return yes(*stage.reasons, *_let_pass(ctx, E2E), *said.evidence)


def _let_pass(ctx: Context, layer: Layer) -> tuple[str, ...]:
    """The tests that failed there and don't count."""
    tests = ctx.read_if_there(layer.summary)
    return tests.let_pass if tests else ()


# --- 117 and 118: what GitHub knows ------------------------------------------------------------


def artifacts_uploaded_and_linked(ctx: Context) -> Outcome:
    return answered(ctx, _uploaded)


def artifacts_uploaded_and_linked_holds(ctx: Context) -> Verdict:
    return last_answer(ctx)


def pr_checks_green_and_approved(ctx: Context) -> Outcome:
    return answered(ctx, _approved)


def pr_checks_green_and_approved_holds(ctx: Context) -> Verdict:
    return last_answer(ctx)


def _uploaded(ctx: Context) -> Said:
    try:
        wanted = upload_names(ci_workflow(ctx))
    except Unreadable as error:
        return applies_not(str(error.fact))
    return _on_github(ctx, lambda api, commit: uploaded(api, commit, wanted))


def _approved(ctx: Context) -> Said:
    branch = ctx.project.git.branch()
    return _on_github(ctx, lambda api, commit: approved(api, commit, branch))


def _on_github(ctx: Context, ask: Callable[[Api, str], Said]) -> Said:
    """What GitHub answers of the commit. Raises InfrastructureError where it can't be asked."""
    try:
        repository = origin(ctx.root)
    except InfrastructureError as error:
        return no(error.message, error.hint, pending=True)
    require_gh()
    api = Api(repository, ctx.run, ctx.children.pause, ctx.timeout or _SECONDS)
    return ask(api, ctx.project.git.commit() or "")
