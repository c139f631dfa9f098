"""One atom's turn: skipped, taken over from an earlier run, or run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import get_args

from atomci.artifacts.handed.runs import Observed
from atomci.artifacts.handed.schemas import Status
from atomci.catalog import Atom
from atomci.engine.cache import ResultCache, TakenOver, declared, goes_by_its_files, surroundings
from atomci.engine.context import Context, Implementation, Outcome
from atomci.engine.inputs.dependencies import Dependencies, Surroundings, Watch
from atomci.engine.outputs import clear_outputs, missing_outputs
from atomci.engine.plan import Plan
from atomci.engine.policy import is_red
from atomci.engine.stopped import result_in

__all__ = ["Execution", "Load", "Turn"]

Load = Callable[[Atom], Implementation]


@dataclass(frozen=True)
class Turn:
    """How one atom's turn went, the commands of which it was made, and what its outcome rests on."""

    outcome: Outcome
    cached: bool = False
    commands: tuple[str, ...] = ()
    observed: Observed | None = None
    because: str = ""
    """What changed since its last pass."""


@dataclass(frozen=True)
class Execution:
    """Executes the atoms of one run, also several at a time."""

    plan: Plan
    load: Load
    cache: ResultCache

    def execute(self, ctx: Context, why_not: Outcome | None) -> Turn:
        """Run one atom, if no earlier result holds still and `why_not` doesn't say how it ends instead."""
        if why_not is not None:
            clear_outputs(ctx.root, ctx.atom)
            return Turn(why_not)
        now = surroundings(ctx.atom, ctx.workspace)
        earlier = self._earlier(ctx, now)
        if (kept := earlier.result) is not None:
            ctx.log(f"unchanged since run {kept.run}; its result was reused\n")
            outcome = Outcome(kept.status, kept.reason, kept.examined, kept.unit, kept.findings)
            return Turn(outcome, cached=True, observed=kept.observed)
        if earlier.because:
            ctx.log(f"runs again: {earlier.because}\n")
        clear_outputs(ctx.root, ctx.atom)
        implementation = self.load(ctx.atom)
        commands = tuple(str(command) for command in implementation.commands(ctx))
        outcome, observed = _watched(ctx, implementation, now)
        if ctx.atom.effect == "tree":
            ctx.workspace.inputs.forget()
        outcome = _owed(ctx, outcome, implementation.origin)
        if outcome.status == "pass" and observed and observed.unsettled:
            said = f"{observed.unsettled}: run it again to judge the files as they are now"
            outcome = replace(outcome, reason="; ".join(filter(None, (outcome.reason, said))))
        return Turn(outcome, commands=commands, observed=observed, because=earlier.because)

    def _earlier(self, ctx: Context, now: Surroundings) -> TakenOver:
        stopped = ctx.options.resumed
        if stopped and not self._follows_a_lapse(ctx):
            left = result_in(stopped, ctx.root, ctx.atom, now)
            if left.result is not None or left.because:
                return left
        if not ctx.options.use_cache or ctx.atom.effect != "pure" or self._follows_a_lapse(ctx):
            return TakenOver(None)
        if ctx.atom.last and _somebody_objects(ctx):
            return TakenOver(None)
        return self.cache.find(ctx.atom, now)

    def _follows_a_lapse(self, ctx: Context) -> bool:
        """Whether the override of an atom before it is over: that turns a verdict, and no file changed."""
        before = list(self.plan.edges[ctx.atom.name])
        for name in before:
            before += self.plan.edges[name] - set(before)
        return any(name in ctx.overrides.lapsed for name in before)


def _somebody_objects(ctx: Context) -> bool:
    """Whether there is more to judge than the files that a verdict reads; a kept one is of a run without."""
    ended = ctx.ended.values()
    return bool(ctx.overrides.lapsed) or any(is_red(o) or o.overridden or o.lapsed for o in ended)


def _watched(
    ctx: Context, implementation: Implementation, now: Surroundings
) -> tuple[Outcome, Observed | None]:
    """Run it, and see what it depended on; nobody asks that of one that changes the tree."""
    if not goes_by_its_files(ctx.atom):
        return implementation.run(ctx), None

    def names() -> Dependencies:
        if implementation.depends is None:
            return declared(ctx.atom, ctx.workspace)
        return implementation.depends(ctx)

    watch = Watch(now, names())
    if implementation.depends is not None:
        watch.wait_for_the_clock()
    outcome = implementation.run(ctx)
    return outcome, watch.ended(names())


def _owed(ctx: Context, outcome: object, origin: str) -> Outcome:
    """A pass that lacks an artifact of the atom's row is none, and neither is a word that is no status."""
    if not (isinstance(outcome, Outcome) and outcome.status in get_args(Status)):
        return Outcome("error", f"returned {outcome!r}, which isn't an Outcome ({origin})")
    missing = [path for path in missing_outputs(ctx.root, ctx.atom) if path not in outcome.without]
    if outcome.status != "pass" or not missing:
        return outcome
    return Outcome("error", f"passed without writing {', '.join(missing)} ({origin})")
