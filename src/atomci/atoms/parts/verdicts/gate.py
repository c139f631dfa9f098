"""The gate's verdict: the exit code of the run that it ends, with the reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from atomci.artifacts import handles
from atomci.artifacts.handed.runs import word_of
from atomci.artifacts.handed.schemas import Gate, Status
from atomci.artifacts.store import ArtifactError
from atomci.atoms.parts.verdicts.stages import stage_name
from atomci.engine.context import Context, Implementation, Outcome
from atomci.engine.plan import closure
from atomci.engine.policy import RED, exit_code_of, is_red

__all__ = ["bound_to_the_run", "gate_of", "outcome_of"]

_STAGES = {"stage1_lint_types": handles.LINT_TYPES_STAGE, "stage2_unit_tests": handles.UNIT_STAGE}


_NOTHING = (
    "nothing in this repository was checked: install the tools that it uses (ruff, black, mypy, pytest) "
    "in its .venv, or activate their environment"
)


class _Evidence(NamedTuple):
    """What counts as one outcome, and what is said of it."""

    outcome: Outcome
    text: str


def gate_of(ctx: Context) -> Gate:
    """The verdict on every atom that the run has, and on the stages that are there."""
    stages = {atom: _stage(ctx, atom) for atom in _STAGES}
    evidence = [*stages.values(), *_others(ctx, stages), *_lapsed(ctx)]
    if all(row.outcome.left_out for row in stages.values()):
        evidence.append(_Evidence(Outcome("vacuous"), _NOTHING))
    code = exit_code_of([*(row.outcome for row in evidence), *ctx.ended.values()])
    red = [row.text for row in evidence if is_red(row.outcome)]
    overridden = [row.text for row in evidence if row.outcome.overridden]
    unseen = [row.text for row in stages.values() if row.outcome.left_out]
    word = word_of(code, overridden=bool(overridden))
    return Gate(exit_code=code, verdict=word, reasons=(*red, *overridden, *unseen))


def outcome_of(gate: Gate, ctx: Context) -> Outcome:
    """How an atom ends that gave this verdict; a red that no other atom shows has its reason."""
    if gate.verdict == "overridden":
        return Outcome("fail", gate.verdict, len(_STAGES), "stages", overridden="; ".join(gate.reasons))
    status: Status = "pass" if gate.exit_code == 0 else "fail" if gate.exit_code == 1 else "error"
    shown = not gate.exit_code or any(map(is_red, ctx.ended.values()))
    reason = gate.verdict if shown else f"{gate.verdict}: {gate.reasons[0]}"
    return Outcome(status, reason, len(_STAGES), "stages")


def bound_to_the_run(own: Implementation) -> Implementation:
    """What stands in for the gate's verdict, held to what the run is: it may be stricter, never milder."""

    def run(ctx: Context) -> Outcome:
        outcome = own.run(ctx)
        try:
            said = ctx.read_if_there(handles.GATE)
        except ArtifactError as error:
            return _contradicted(ctx, error.message)
        if said is None:
            return outcome
        run = [*ctx.ended.values(), outcome]
        code = exit_code_of(run)
        word = word_of(code, overridden=any(atom.overridden for atom in run))
        if (said.exit_code, said.verdict) == (code, word) and (code == 0 or outcome.status != "pass"):
            return outcome
        wrote = f"{outcome.status}, and wrote {said.verdict} ({said.exit_code})"
        return _contradicted(ctx, f"it is {wrote}, but the run is {word} ({code})")

    return replace(own, run=run)


def _contradicted(ctx: Context, why: str) -> Outcome:
    outcome = Outcome("error", why)
    code = exit_code_of([*ctx.ended.values(), outcome])
    reasons = (f"{ctx.atom.name}: {why}",)
    ctx.write(handles.GATE, Gate(exit_code=code, verdict=word_of(code, overridden=False), reasons=reasons))
    return outcome


def _stage(ctx: Context, atom: str) -> _Evidence:
    """A stage as it was written down, and excused by an override of what is in it or of its atom."""
    where = _STAGES[atom]
    name, stage, ended = stage_name(where), ctx.read_if_there(where), ctx.ended.get(atom)
    if stage is None:
        return _Evidence(Outcome("error"), f"{name} left no result")
    # One that an earlier run wrote may be overridden by what holds no longer.
    excuse = stage.overridden if ctx.overrides.in_force else ""
    if excuse := excuse or (ended.overridden if ended else ""):
        return _Evidence(Outcome(stage.status, overridden=excuse), f"{name} is {stage.status}, {excuse}")
    if stage.left_out:
        return _Evidence(Outcome("skipped", left_out=name), f"{name}: {'; '.join(stage.reasons)}")
    if stage.status != "pass":
        status = stage.status if stage.status in RED else "error"
        return _Evidence(Outcome(status), f"{name} is {stage.status}: {'; '.join(stage.reasons)}")
    if owed := _missing_reports(ctx) & set(stage.owes):
        return _Evidence(Outcome("error"), f"{name} passed without {', '.join(sorted(owed))}")
    return _Evidence(Outcome("pass"), f"{name} is pass")


def _missing_reports(ctx: Context) -> set[str]:
    return {report.name for report in ctx.read(handles.REPORTS).reports if report.missing}


def _others(ctx: Context, stages: Mapping[str, _Evidence]) -> Iterator[_Evidence]:
    """What the run has besides the stages, and what a stage that judged it left unsaid."""
    behind = {atom: _behind(ctx, atom) for atom in stages}
    for name, outcome in ctx.ended.items():
        judges = [stage.outcome for atom, stage in stages.items() if name in behind[atom]]
        told = any(j.overridden if outcome.overridden else is_red(j) for j in judges)
        if name in stages or told or not (is_red(outcome) or outcome.overridden):
            continue
        said = f", {outcome.overridden}" if outcome.overridden else f": {outcome.reason}"
        yield _Evidence(replace(outcome, lapsed=""), f"{name} is {outcome.status}{said}")


def _lapsed(ctx: Context) -> Iterator[_Evidence]:
    """Overrides that are over, of the run's atoms and of those that the gate stands on."""
    for name in sorted((_behind(ctx, ctx.atom.name) | ctx.ended.keys()) & ctx.overrides.lapsed.keys()):
        yield _Evidence(Outcome("fail"), f"{name}: {ctx.overrides.lapsed[name].lapse}")


def _behind(ctx: Context, atom: str) -> set[str]:
    """The atom and those that it stands on."""
    return {row.name for row in closure([atom], ctx.catalog).atoms}
