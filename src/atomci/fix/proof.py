"""What was fixed, made as small as it can be and proved in a fresh copy that no fixer has seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from atomci.artifacts.handed.failures import Failure
from atomci.fix.copies.scratch import Scratch
from atomci.fix.fixable import fingerprint
from atomci.fix.judging import refusals
from atomci.fix.loop import GateAnswer
from atomci.fix.minimal import Part, parts_of, sides_with, smallest
from atomci.fix.proposal import Patch, Refusal
from atomci.fix.rules.bounds import Allowance

__all__ = ["Proof", "Proven"]

_MOST_TRIALS = 12
Judge = Callable[[bool], GateAnswer]
"""The gate's answer about the copy as it is; whether it may take over what earlier runs there left."""


@dataclass(frozen=True)
class Proven:
    """The state that is proposed, and how many parts of the change weren't needed for it.

    `failed` says why it isn't proved; then nothing is proposed.
    """

    state: str
    dropped: int = 0
    failed: str = ""
    note: str = ""


@dataclass(frozen=True)
class Proof:
    """A fresh copy, in which files are as they were at the start, and the gate there."""

    scratch: Scratch
    judge: Judge
    forget: Callable[[], None]
    """Takes away what runs of the gate leave in the copy."""
    has_time: Callable[[], bool]
    allowed: Allowance

    def of(self, base: str, wanted: str, left: Sequence[Failure]) -> Proven:
        """Prove that only `left` is red with the change from `base` to `wanted`, or with less of it."""
        change = self.scratch.difference(base, wanted)
        if failed := self._red_with(change, parts_of(change), left, cached=False):
            return Proven(base, failed=failed)
        parts = parts_of(change)
        if len(parts) < 2 or not self.has_time():
            return Proven(wanted, note="" if len(parts) < 2 else "there was no time to make it smaller")
        few = self._smaller(change, parts, left)
        if len(few) == len(parts):
            return Proven(wanted)
        self.forget()
        self.scratch.put(base)
        self.scratch.write(sides_with(change, few))
        state = self.scratch.state()
        if self._red_with(change, few, left, cached=False):
            return Proven(wanted, note="it isn't made smaller: what seemed enough wasn't in a second run")
        return Proven(state, len(parts) - len(few))

    def _smaller(self, change: Patch, parts: Sequence[Part], left: Sequence[Failure]) -> tuple[Part, ...]:
        worse = _rules(refusals(change, self.allowed))

        def fits(few: Sequence[Part]) -> bool:
            sides = sides_with(change, few)
            edits = [each.__class__(each.path, each.before, sides[each.path]) for each in change.changes]
            own = Patch([each for each in edits if each.before != each.after], change.kept)
            if not self.has_time() or _rules(refusals(own, self.allowed)) - worse:
                return False
            return not self._red_with(change, few, left, cached=True)

        return smallest(change, parts, fits, _MOST_TRIALS)

    def _red_with(
        self, change: Patch, parts: Sequence[Part], left: Sequence[Failure], *, cached: bool
    ) -> str:
        """What is red besides, with some parts of a change; empty where nothing is."""
        self.scratch.write(sides_with(change, parts))
        answer = self.judge(cached)
        if answer.late or answer.broken:
            return answer.broken or "the time was over before it could be proved"
        more = Counter(map(fingerprint, answer.failures)) - Counter(map(fingerprint, left))
        first = next((each for each in answer.failures if more[fingerprint(each)]), None)
        if first is None:
            return ""
        return f"{first.test or first.path or first.atom}: {first.message} ({first.kind})"


def _rules(found: Iterable[Refusal]) -> frozenset[tuple[str, str]]:
    return frozenset((each.rule, each.path) for each in found)
