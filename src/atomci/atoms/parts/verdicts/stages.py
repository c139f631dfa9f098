"""The verdict on one stage of a gate, written down and given back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from msgspec import structs

from atomci.artifacts.handed.schemas import AllFindings, Stage, Status
from atomci.artifacts.handed.testing import TestSummary
from atomci.artifacts.handles import Artifact, result_of
from atomci.engine.context import Context, Outcome

__all__ = [
    "Red",
    "ended",
    "excuse",
    "judged",
    "none_ran",
    "reds_of_tests",
    "stage_name",
    "unexplained",
    "why_left_out",
]

_WORST_FIRST: tuple[Status, ...] = ("fail", "error", "vacuous")


class Red(NamedTuple):
    """What makes a stage red: the atom it is about, how that ended, and the reason."""

    atom: str
    status: Status
    reason: str


def reds_of_tests(atom: str, kind: str, tests: TestSummary, *, none_ran: bool = False) -> list[Red]:
    """What a suite's summary makes red: that tests failed or couldn't run, or else that none ran."""
    if tests.objections:
        own = structs.replace(tests, objections=())
        return [Red(atom, "fail", "; ".join(tests.objections)), *reds_of_tests(atom, kind, own)]
    failed = tests.counts.get("failed", 0)
    errors = tests.counts.get("error", 0)
    if tests.broken:
        also = f"{failed} {kind} {_tests(failed)} failed; " if failed else ""
        return [Red(atom, "fail" if failed or errors else "error", f"{also}{tests.broken}")]
    if bad := failed + errors:
        return [Red(atom, "fail", f"{bad} {kind} {_tests(bad)} failed")]
    return [Red(atom, "vacuous", f"no {kind} test ran: write one in tests/{kind}")] if none_ran else []


def _tests(count: int) -> str:
    return "test" if count == 1 else "tests"


def none_ran(tests: TestSummary) -> bool:
    """Whether each test was skipped or expected to fail, so that none could turn red."""
    return not tests.counts.keys() - {"skipped", "xfailed", "quarantined"}


def judged(
    ctx: Context, where: Artifact[Stage], reds: Sequence[Red], said: Sequence[str], owes: tuple[str, ...] = ()
) -> Outcome:
    """Pass without a red; else as the worst of them, and overridden when each of them is."""
    if not reds:
        return ended(ctx, where, "pass", said, owes)
    standing = [red for red in reds if not ctx.overrides.excuse(red.atom, red.status)] or reds
    status = min((red.status for red in standing), key=_WORST_FIRST.index)
    reasons = [*(red.reason for red in reds), *said]
    return ended(ctx, where, status, reasons, overridden=excuse(ctx, reds))


def excuse(ctx: Context, reds: Sequence[Red]) -> str:
    """What overrides say of the reds; empty when one of them isn't overridden."""
    said = [ctx.overrides.excuse(red.atom, red.status) for red in reds]
    return "; ".join(dict.fromkeys(said)) if all(said) else ""


def why_left_out(ctx: Context, atom: str) -> str:
    """Why an atom was left out of a repository that doesn't have what it takes; empty where it wasn't."""
    ended = ctx.ended.get(atom) or ctx.read_if_there(result_of(atom))
    return ended.left_out if ended else ""


def unexplained(found: AllFindings) -> list[tuple[str, str]]:
    """Atoms that should have left findings, each with what is said of it."""
    owe_none = {*found.disabled, *found.left_out}
    return [(name, why) for name, why in found.missing.items() if name not in owe_none]


def stage_name(where: Artifact[Stage]) -> str:
    """What people call the stage."""
    return PurePosixPath(where).stem


def ended(
    ctx: Context,
    where: Artifact[Stage],
    status: Status,
    reasons: Sequence[str],
    owes: tuple[str, ...] = (),
    overridden: str = "",
    *,
    left_out: bool = False,
) -> Outcome:
    """Write the stage down; `owes` names the reports that it must have left."""
    said = tuple(dict.fromkeys(reason for reason in reasons if reason))
    name = stage_name(where)
    stage = Stage(
        stage=name, status=status, reasons=said, owes=owes, overridden=overridden, left_out=left_out
    )
    ctx.write(where, stage)
    text = "; ".join(said)
    unseen = text.removeprefix("left out: ") if left_out else ""
    return Outcome(status, text, 1, "stages", overridden=overridden, left_out=unseen)
