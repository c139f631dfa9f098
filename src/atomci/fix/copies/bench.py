"""The copy in which fixes are tried: its gate, the tools that fix by themselves, the fixer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from atomci.artifacts.handed.failures import Failure
from atomci.fix.copies.fixer import Fixer
from atomci.fix.copies.gate import judged
from atomci.fix.copies.room import Room
from atomci.fix.loop import GateAnswer, Worked
from atomci.fix.proposal import Patch, Refusal
from atomci.fix.watcher import Watcher

__all__ = ["Clock", "GuardedBench"]


@dataclass
class Clock:
    """The time that is left: seconds, None for as much as it takes."""

    seconds: float | None
    now: Callable[[], float]
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.now()

    @property
    def left(self) -> float | None:
        """It may be less than nothing."""
        return None if self.seconds is None else self.seconds - (self.now() - self.began)


@dataclass
class GuardedBench:
    """A room in which the loop goes on."""

    room: Room
    fixer: Fixer | None
    tools: Sequence[tuple[str, ...]]
    """The commands that fix by themselves, each beginning with a program of the project's environment."""
    clock: Clock
    new_run: Callable[[], str]
    watcher: Watcher
    red: tuple[Failure, ...] = field(default=(), init=False)
    """What the gate found at the start."""
    _told: bool = field(default=False, init=False)

    def judge(self) -> GateAnswer:
        """What the gate finds red; files that it leaves are no part of a fix."""
        self.watcher.begins("the gate runs in a copy of this checkout")
        before = self.room.scratch.state()
        answer = judged(self.room, self.new_run, self.clock.left, cached=True)
        if self.room.scratch.state() != before:
            self.room.scratch.put(before)
        if not self._told:
            self._told, self.red = True, answer.failures
            self.watcher.red(answer.failures)
        return answer

    def repair(self) -> None:
        """Run each tool that is there, confined as the fixer is: a link may lead it out of the copy.

        What it can't fix the gate tells again.
        """
        for program, *words in self.tools:
            path, left = self.room.environment.scripts / program, self.clock.left
            if path.is_file() and (left is None or left > 0):
                self.watcher.begins(f"{program} {' '.join(words)}")
                # What one of them says of itself is no verdict: the gate's is.
                self.room.program(self.new_run(), (str(path), *words), left)

    def work(self, failures: Sequence[Failure], refused: Sequence[Refusal]) -> Worked | None:
        """One attempt of the fixer."""
        if self.fixer is None:
            return None
        self.watcher.begins("the fixer works")
        return self.fixer.work(self.room, failures, refused, self.clock.left)

    def state(self) -> str:
        """The files as they are."""
        return self.room.scratch.state()

    def difference(self, since: str) -> Patch:
        """What differs from an earlier state."""
        return self.room.scratch.difference(since, self.state())

    def back_to(self, state: str) -> None:
        """Make the files what they were."""
        self.room.scratch.put(state)
