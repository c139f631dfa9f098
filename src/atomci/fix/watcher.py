"""Who looks on while something is fixed."""

from __future__ import annotations

from typing import Protocol

from atomci.artifacts.handed.failures import Failure
from atomci.artifacts.handed.guarded import GuardEvent, Usage
from atomci.fix.loop import Attempt
from atomci.guard.request import Stream

__all__ = ["Unseen", "Watcher"]


class Watcher(Protocol):
    """It is told of each step when it begins, and how attempts ended."""

    def begins(self, what: str) -> None:
        """A step, such as `the gate runs`."""

    def red(self, failures: tuple[Failure, ...]) -> None:
        """What the gate found at the start."""

    def tried(self, attempt: Attempt) -> None:
        """How an attempt ended."""


class Unseen:
    """The audience of a session that nobody follows: its record has all."""

    def printed(self, stream: Stream, piece: bytes) -> None:
        """Nothing."""

    def told(self, event: GuardEvent) -> None:
        """Nothing."""

    def waits(self, seconds: float, quiet: float, usage: Usage) -> None:
        """Nothing."""
