"""The bounded loop: judge, let a fixer work, judge again, until there is one reason to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from atomci.artifacts.handed.failures import Failure
from atomci.artifacts.handed.guarded import Usage
from atomci.fix.fixable import by_code, by_tools, fingerprint, lasting
from atomci.fix.judging import refusals
from atomci.fix.proposal import Patch, Refusal
from atomci.fix.rules.bounds import Allowance

__all__ = ["Attempt", "Bench", "Budget", "GateAnswer", "Mending", "Stop", "Worked", "fix_until_green"]

_SCOPE = frozenset({"scope", "size", "protected", "binary", "mode", "link", "submodule", "secret"})
_REFUSED_IN_A_ROW = 2


class Stop(StrEnum):
    """Why the loop ended: one of these, and never two."""

    GREEN = "green"
    """Nothing was red at the start."""
    FIXED = "fixed"
    NOT_FIXABLE = "not_fixable"
    """What is red can't be mended by changing the code: a missing tool, the network, a flaky test."""
    NO_FIXER = "no_fixer"
    """The tools are done, and no fixer is configured for the rest."""
    NO_PROGRESS = "no_progress"
    """The fixer changed nothing, or the same failures are left, or it made others."""
    OSCILLATION = "oscillation"
    """The files are as they were after an earlier attempt."""
    ATTEMPTS = "attempts"
    WALL = "wall"
    TOKENS = "tokens"
    USD = "usd"
    SCOPE = "scope"
    """It touches what it may not."""
    WEAKENING = "weakening"
    """It makes the checks ask for less."""
    INFRASTRUCTURE = "infrastructure"
    """The gate or the fixer couldn't do its work."""


@dataclass(frozen=True)
class Budget:
    """What all attempts together may take: seconds, tokens and US dollars; None for no bound."""

    attempts: int = 3
    seconds: float | None = 1800.0
    tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True)
class GateAnswer:
    """The gate's answer: what is red, or why there is no answer."""

    failures: tuple[Failure, ...] = ()
    broken: str = ""


@dataclass(frozen=True)
class Worked:
    """What a fixer's session took, and why it couldn't work where it couldn't."""

    usage: Usage = field(default_factory=Usage)
    broken: str = ""


@dataclass(frozen=True)
class Attempt:
    """One attempt: by whom, what was red before and is after, why it was refused, whether it was kept."""

    lane: str
    before: tuple[Failure, ...]
    after: tuple[Failure, ...]
    refused: tuple[Refusal, ...] = ()
    kept: bool = False
    usage: Usage = field(default_factory=Usage)

    @property
    def gone(self) -> tuple[Failure, ...]:
        """What was red before, and isn't any more."""
        left = {fingerprint(each) for each in self.after}
        return tuple(each for each in self.before if fingerprint(each) not in left)


@dataclass(frozen=True)
class Mending:
    """How it ended, with what is still red and what was tried."""

    stop: Stop
    reason: str
    left: tuple[Failure, ...]
    attempts: tuple[Attempt, ...]


class Bench(Protocol):
    """A scratch copy of the project, and who works in it."""

    def judge(self) -> GateAnswer:
        """The gate's answer about the copy as it is."""

    def repair(self) -> None:
        """Let the tools mend what they mend by themselves."""

    def work(self, failures: Sequence[Failure], refused: Sequence[Refusal]) -> Worked | None:
        """Let the fixer work; None where there is none. `refused`: what its last attempt was refused for."""

    def state(self) -> str:
        """The same for the same files."""

    def difference(self, since: str) -> Patch:
        """What differs from an earlier state."""

    def back_to(self, state: str) -> None:
        """Make the files what they were."""


def fix_until_green(bench: Bench, budget: Budget, allowed: Allowance, clock: Callable[[], float]) -> Mending:
    """Mend what is red, within the budget. The bench is left in the last state that was kept."""
    loop = _Loop(bench, budget, allowed, clock)
    stop, reason = loop.run()
    return Mending(stop, reason, loop.red, tuple(loop.attempts))


class _Over(Exception):
    """There is a reason to stop."""

    def __init__(self, stop: Stop, reason: str = "") -> None:
        super().__init__(stop, reason)
        self.stop = stop
        self.reason = reason


class _Loop:
    def __init__(self, bench: Bench, budget: Budget, allowed: Allowance, clock: Callable[[], float]) -> None:
        self._bench = bench
        self._budget = budget
        self._allowed = allowed
        self._clock = clock
        self._began = clock()
        self._base = bench.state()
        self._seen = {self._base}
        self.red: tuple[Failure, ...] = ()
        self.attempts: list[Attempt] = []

    def run(self) -> tuple[Stop, str]:
        try:
            self.red = self._judged()
            if not self.red:
                return Stop.GREEN, "nothing is red"
            self._by_tools()
            while True:
                self._by_fixer()
        except _Over as over:
            return over.stop, over.reason

    def _judged(self) -> tuple[Failure, ...]:
        answer = self._bench.judge()
        if answer.broken:
            raise _Over(Stop.INFRASTRUCTURE, answer.broken)
        return answer.failures

    def _by_tools(self) -> None:
        """It costs no attempt, and needs no fixer; what it can't mend goes on."""
        if not by_tools(self.red):
            return
        before, state = self.red, self._bench.state()
        self._bench.repair()
        if self._bench.state() != state:
            after = self._judged()
            kept = _is_better(before, after)
            self.attempts.append(Attempt("tools", before, after, kept=kept))
            self._settle(state, after, kept=kept)
        # What the tools did is theirs: the fixer answers for its own.
        self._base = self._bench.state()
        self._seen.add(self._base)

    def _by_fixer(self) -> None:
        self._check_what_is_left()
        self._check_budget()
        before, state = self.red, self._bench.state()
        told = self.attempts[-1].refused if self.attempts else ()
        worked = self._bench.work(by_code(before), told)
        if worked is None:
            raise _Over(Stop.NO_FIXER, "no fixer is configured for what is left")
        if worked.broken:
            self._bench.back_to(state)
            raise _Over(Stop.INFRASTRUCTURE, worked.broken)
        now = self._bench.state()
        if now == state:
            self.attempts.append(Attempt("fixer", before, before, usage=worked.usage))
            raise _Over(Stop.NO_PROGRESS, "the fixer changed nothing")
        if refused := refusals(self._bench.difference(self._base), self._allowed):
            self._bench.back_to(state)
            self.attempts.append(Attempt("fixer", before, before, refused, usage=worked.usage))
            self._check_refusals(refused)
            return
        if now in self._seen:
            self._bench.back_to(state)
            self.attempts.append(Attempt("fixer", before, before, usage=worked.usage))
            raise _Over(Stop.OSCILLATION, "the files are again as they were after an earlier attempt")
        self._seen.add(now)
        after = self._judged_or_back(state)
        kept = _is_better(before, after)
        self.attempts.append(Attempt("fixer", before, after, kept=kept, usage=worked.usage))
        self._settle(state, after, kept=kept)
        if not kept and self._is_stuck():
            raise _Over(Stop.NO_PROGRESS, "two attempts left as much red as there was")

    def _judged_or_back(self, state: str) -> tuple[Failure, ...]:
        try:
            return self._judged()
        except _Over:
            self._bench.back_to(state)
            raise

    def _settle(self, state: str, after: tuple[Failure, ...], *, kept: bool) -> None:
        if not kept:
            self._bench.back_to(state)
            return
        self.red = after
        if not after:
            raise _Over(Stop.FIXED)

    def _check_what_is_left(self) -> None:
        if not by_code(self.red):
            first = lasting(self.red)[0]
            raise _Over(Stop.NOT_FIXABLE, f"{first.atom}: {first.reason or first.message}")

    def _check_budget(self) -> None:
        budget = self._budget
        tried = [each for each in self.attempts if each.lane == "fixer"]
        if len(tried) >= budget.attempts:
            raise _Over(Stop.ATTEMPTS, f"{budget.attempts} attempts were made")
        if budget.seconds is not None and self._clock() - self._began >= budget.seconds:
            raise _Over(Stop.WALL, f"{budget.seconds:g} s are over")
        for stop, bound, used in (
            (Stop.TOKENS, budget.tokens, [each.usage.total for each in tried]),
            (Stop.USD, budget.usd, [each.usage.usd for each in tried]),
        ):
            spent = sum(each for each in used if each is not None)
            if bound is not None and tried and spent >= bound:
                raise _Over(stop, f"{spent:g} of {bound:g} are used")

    def _check_refusals(self, refused: Sequence[Refusal]) -> None:
        last = self.attempts[-_REFUSED_IN_A_ROW:]
        if len(last) == _REFUSED_IN_A_ROW and all(each.refused for each in last):
            first = refused[0]
            stop = Stop.SCOPE if first.rule in _SCOPE else Stop.WEAKENING
            raise _Over(stop, f"{first.path}: {first.rule}: {first.message}".removeprefix(": "))

    def _is_stuck(self) -> bool:
        last = [each for each in self.attempts if each.lane == "fixer"][-_REFUSED_IN_A_ROW:]
        return len(last) == _REFUSED_IN_A_ROW and not any(each.kept or each.refused for each in last)


def _is_better(before: Sequence[Failure], after: Sequence[Failure]) -> bool:
    """Something red is gone, and nothing is red that was not."""
    old, new = ({fingerprint(each) for each in failures} for failures in (before, after))
    return new < old
