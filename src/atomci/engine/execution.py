"""One atom's turn: skipped, taken over from an earlier run, or run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from atomci.artifacts.runs import Result
from atomci.catalog import Atom
from atomci.engine.cache import ResultCache
from atomci.engine.context import Context, Implementation, Outcome
from atomci.engine.outputs import clear_outputs, missing_outputs
from atomci.engine.plan import Plan

__all__ = ["Execution", "Load", "Turn"]

Load = Callable[[Atom], Implementation]


@dataclass(frozen=True)
class Turn:
    """How one atom's turn went, and the commands of which it was made."""

    outcome: Outcome
    cached: bool = False
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Execution:
    """Executes the atoms of one run, also several at a time."""

    plan: Plan
    load: Load
    cache: ResultCache

    def execute(self, ctx: Context, key: str, why_not: Outcome | None) -> Turn:
        """Run one atom, if no earlier result holds still and `why_not` doesn't say how it ends instead."""
        if why_not is not None:
            clear_outputs(ctx.root, ctx.atom)
            return Turn(why_not)
        if (kept := self._kept(ctx, key)) is not None:
            ctx.log(f"unchanged since run {kept.run}; its result was taken over\n")
            outcome = Outcome(kept.status, kept.reason, kept.examined, kept.unit, kept.findings)
            return Turn(outcome, cached=True)
        clear_outputs(ctx.root, ctx.atom)
        implementation = self.load(ctx.atom)
        commands = tuple(str(command) for command in implementation.commands(ctx))
        outcome = implementation.run(ctx)
        if ctx.atom.effect == "tree":
            ctx.workspace.inputs.forget()
        return Turn(_owed(ctx, outcome, implementation.origin), commands=commands)

    def _kept(self, ctx: Context, key: str) -> Result | None:
        if not ctx.options.use_cache or ctx.atom.effect != "pure" or self._follows_a_lapse(ctx):
            return None
        return self.cache.find(ctx.atom, key)

    def _follows_a_lapse(self, ctx: Context) -> bool:
        """Whether the override of an atom before it is over: that turns a verdict, and no file changed."""
        before = list(self.plan.edges[ctx.atom.name])
        for name in before:
            before += self.plan.edges[name] - set(before)
        return any(name in ctx.overrides.lapsed for name in before)


def _owed(ctx: Context, outcome: Outcome, origin: str) -> Outcome:
    """A pass that lacks an artifact of the atom's row is none."""
    missing = missing_outputs(ctx.root, ctx.atom)
    if outcome.status != "pass" or not missing:
        return outcome
    return Outcome("error", f"passed without writing {', '.join(missing)} ({origin})")
