"""When a session has to end: four timers and two ceilings, as a pure count of seconds and signs of life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from atomci.artifacts.handed.guarded import SessionLimits, StopReason

__all__ = ["Attendance", "Progress", "Signs"]

_LONGEST_TICK = 2.0
"""Seconds that one look can count for: while this process was suspended, nobody watched."""
_BUSY = 0.03
"""Of one processor: what waits for the network uses less, also where it draws a spinner."""


@dataclass(frozen=True)
class Progress:
    """What has come so far: bytes of output and of input, whether the tool told its result, what it used."""

    printed: int = 0
    typed: int = 0
    has_result: bool = False
    tokens: int | None = None
    usd: float | None = None


class Signs(Protocol):
    """Signs of life that cost something to look for."""

    def processor(self) -> float | None:
        """Seconds of processor time that the processes have had, None where the system doesn't tell."""

    def wrote_within(self, seconds: float) -> bool:
        """Whether a file where it works has changed within the last seconds."""


class Attendance:
    """Looks at a session now and then, and says when it has to end."""

    def __init__(self, limits: SessionLimits, signs: Signs) -> None:
        self._limits = limits
        self._signs = signs
        self._seen = Progress()
        self._watched = 0.0
        self._quiet = 0.0
        self._after_result = 0.0
        self._busy: tuple[float, float] | None = None

    @property
    def quiet(self) -> float:
        """Seconds without a sign of life."""
        return self._quiet

    @property
    def watched(self) -> float:
        """Seconds since its start, without those in which nobody watched."""
        return self._watched

    @property
    def pause(self) -> float:
        """Seconds until the next look: short against each timer, and never long."""
        timers = (self._limits.first_byte, self._limits.inactivity, self._limits.grace, self._limits.wall)
        return min(0.25, *(timer / 4 for timer in timers if timer is not None), 0.25)

    def look(self, passed: float, seen: Progress) -> StopReason | None:
        """Why it has to end now, None while it may go on; `passed` are the seconds since the last look."""
        passed = min(passed, _LONGEST_TICK)
        heard = (seen.printed, seen.typed) != (self._seen.printed, self._seen.typed)
        self._watched += passed
        self._quiet = 0.0 if heard else self._quiet + passed
        self._after_result = self._after_result + passed if seen.has_result and not heard else 0.0
        self._seen = seen
        if heard:
            self._busy = None
        return next((reason for reason, is_due in self._rules() if is_due()), None)

    def _rules(self) -> tuple[tuple[StopReason, Callable[[], bool]], ...]:
        limits, seen = self._limits, self._seen
        return (
            (StopReason.TOKENS, lambda: _above(seen.tokens, limits.tokens)),
            (StopReason.COST, lambda: _above(seen.usd, limits.usd)),
            (StopReason.AFTER_RESULT, lambda: seen.has_result and _reached(self._after_result, limits.grace)),
            (StopReason.WALL, lambda: _reached(self._watched, limits.wall)),
            (StopReason.FIRST_BYTE, lambda: not seen.printed and _reached(self._watched, limits.first_byte)),
            (StopReason.INACTIVITY, self._is_inactive),
        )

    def _is_inactive(self) -> bool:
        """No bytes for so long; then processor time and files are looked at, which costs more."""
        bound = self._limits.inactivity
        if bound is None or self._quiet < bound / 4:
            return False
        if self._is_busy(bound / 8) or (self._quiet >= bound and self._signs.wrote_within(self._quiet)):
            self._quiet, self._busy = 0.0, None
        return self._quiet >= bound

    def _is_busy(self, window: float) -> bool:
        if self._busy is None:
            used = self._signs.processor()
            self._busy = None if used is None else (self._quiet, used)
            return False
        since, before = self._busy
        if self._quiet - since < window:
            return False
        used = self._signs.processor()
        if used is None:
            return False
        self._busy = (self._quiet, used)
        return used - before > _BUSY * (self._quiet - since)


def _reached(seconds: float, bound: float | None) -> bool:
    return bound is not None and seconds >= bound


def _above(used: float | None, bound: float | None) -> bool:
    return used is not None and bound is not None and used > bound
