"""The bounded loop: judge, let a fixer work, judge again, until there is one reason to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from atomci.artifacts.handed.failures import Failure
from atomci.artifacts.handed.guarded import Usage
from atomci.fix.fixable import by_code, by_tools, fingerprint, is_better, lasting
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
    UNPROVEN = "unproven"
    """It is as green as that only in the copy in which the fixer worked, and not in a fresh one."""
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
    late: bool = False
    """There is none because the time is over."""


@dataclass(frozen=True)
class Worked:
    """What a fixer's session took, its record, why it couldn't work where it couldn't, and whether it was
    ended because the time is over.
    """

    usage: Usage = field(default_factory=Usage)
    broken: str = ""
    record: str = ""
    late: bool = False


@dataclass(frozen=True)
class Attempt:
    """One attempt: by whom, what was red before and is after, why it was refused, whether it was kept, and
    which paths it changed.
    """

    lane: str
    before: tuple[Failure, ...]
    after: tuple[Failure, ...]
    refused: tuple[Refusal, ...] = ()
    kept: bool = False
    usage: Usage = field(default_factory=Usage)
    record: str = ""
    changed: tuple[str, ...] = ()

    @property
    def came(self) -> tuple[Failure, ...]:
        """What is red after it, and wasn't before."""
        known = {fingerprint(each) for each in self.before}
        return tuple(each for each in self.after if fingerprint(each) not in known)

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


def fix_until_green(
    bench: Bench,
    budget: Budget,
    allowed: Allowance,
    clock: Callable[[], float],
    told: Callable[[Attempt], None] = lambda attempt: None,
) -> Mending:
    """Mend what is red, within the budget; `told` hears of each attempt.

    The bench is left in the last state that was kept.
    """
    loop = _Loop(bench, budget, allowed, clock, told)
    stop, reason = loop.run()
    return Mending(stop, reason, loop.red, tuple(loop.attempts))


class _Over(Exception):
    """There is a reason to stop."""

    def __init__(self, stop: Stop, reason: str = "") -> None:
        super().__init__(stop, reason)
        self.stop = stop
        self.reason = reason


class _Loop:
    def __init__(
        self,
        bench: Bench,
        budget: Budget,
        allowed: Allowance,
        clock: Callable[[], float],
        told: Callable[[Attempt], None],
    ) -> None:
        self._bench = bench
        self._told = told
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
        if answer.late:
            raise _Over(Stop.WALL, "the time was over before the gate had an answer")
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
            kept = is_better(before, after)
            changed = _paths(self._bench.difference(state))
            self._tried(Attempt("tools", before, after, kept=kept, changed=changed))
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
        tried = Attempt("fixer", before, before, usage=worked.usage, record=worked.record)
        now = self._bench.state()
        if worked.broken or now == state:
            self._tried(tried)
            self._bench.back_to(state)
            if worked.broken:
                raise _Over(Stop.INFRASTRUCTURE, worked.broken)
            if worked.late:
                raise _Over(Stop.WALL, "the time was over before the fixer changed anything")
            self._check_spent()
            raise _Over(Stop.NO_PROGRESS, "the fixer changed nothing")
        tried = replace(tried, changed=_paths(self._bench.difference(state)))
        self._weigh(tried, state, now)

    def _weigh(self, tried: Attempt, state: str, now: str) -> None:
        """Refuse what the fixer did, or let the gate judge it."""
        if refused := refusals(self._bench.difference(self._base), self._allowed):
            self._bench.back_to(state)
            self._tried(replace(tried, refused=refused))
            self._check_refusals(refused)
            return
        if now in self._seen:
            self._bench.back_to(state)
            self._tried(tried)
            raise _Over(Stop.OSCILLATION, "the files are again as they were after an earlier attempt")
        self._seen.add(now)
        after = self._judged_or_back(state)
        kept = is_better(tried.before, after)
        self._tried(replace(tried, after=after, kept=kept))
        self._settle(state, after, kept=kept)
        if not kept and self._is_stuck():
            raise _Over(Stop.NO_PROGRESS, "two attempts left as much red as there was")

    def _tried(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        self._told(attempt)

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
        self._check_spent()

    def _check_spent(self) -> None:
        budget = self._budget
        tried = [each for each in self.attempts if each.lane == "fixer"]
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


def _paths(change: Patch) -> tuple[str, ...]:
    return tuple(each.path for each in change.changes)
