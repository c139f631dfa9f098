"""The configured fixer, at work in a copy under the guard."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from atomci.artifacts.handed.failures import Failure
from atomci.artifacts.handed.guarded import Session, SessionLimits, StopReason, Usage
from atomci.errors import UsageError
from atomci.fix.copies.room import Room, record_of
from atomci.fix.loop import Budget, Worked
from atomci.fix.proposal import Refusal
from atomci.fix.rules.bounds import Allowance
from atomci.fix.settings import TASK, TASK_FILE
from atomci.fix.task import task_text
from atomci.guard.agents.table import Typed, typed
from atomci.guard.limits import HEADLESS, STREAMING
from atomci.guard.request import Started
from atomci.guard.starting import placed, refuse_unstartable, started

__all__ = ["Fixer"]

_BOUNDED = (StopReason.WALL, StopReason.TOKENS, StopReason.COST)


@dataclass
class Fixer:
    """A command, and what its attempts have used so far of a budget."""

    command: str
    budget: Budget
    allowed: Allowance
    new_run: Callable[[], str]
    used: list[Usage] = field(default_factory=list, init=False)

    def check(self, room: Room) -> None:
        """Raise UsageError or InfrastructureError where it can't be started, before anything is."""
        ready, begun = self._started(room, ("task", "task.md"))
        agent = ready.agent
        refuse_unstartable(ready, ready.program[0], f"such as {agent.INTERACTIVE}" if agent else "")
        if (self.budget.tokens or self.budget.usd) and not begun.tells_events:
            raise UsageError(
                f"nobody counts the tokens of {ready.program[0]}, so they can't be bounded",
                "set tokens = 0 and usd = 0 in [tool.atomci.fix]; attempts and wall hold for any program",
            )

    def work(
        self, room: Room, failures: Sequence[Failure], refused: Sequence[Refusal], seconds: float | None
    ) -> Worked:
        """One attempt, in so many seconds at most."""
        text = task_text(failures, refused, self.allowed)
        file = room.notes / "task.md"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        ready, begun = self._started(room, (text, str(file)))
        usual = STREAMING if begun.tells_events else HEADLESS
        run, before = self.new_run(), room.scratch.state()
        words = shlex.split(self.command)
        session = room.session(run, ready, words, begun, self._limits(usual, seconds))
        self.used.append(session.usage)
        changed = room.scratch.difference(before, room.scratch.state()).changes
        room.scratch.forget_compiled(each.path for each in changed)
        broken, late = _broken(session, changed=bool(changed)), session.stop is StopReason.WALL
        return Worked(session.usage, broken, record_of(session), late)

    def _started(self, room: Room, texts: tuple[str, str]) -> tuple[Typed, Started]:
        """The command with the task in it; a path in it is the project's."""
        words = [
            word.replace(TASK_FILE, texts[1]).replace(TASK, texts[0]) for word in shlex.split(self.command)
        ]
        ready = typed(placed(words, room.project.root, room.project), None)
        return ready, started(ready, room.project.root)

    def _limits(self, usual: SessionLimits, seconds: float | None) -> SessionLimits:
        tokens, usd = self.budget.tokens, self.budget.usd
        spent = sum(each.total or 0 for each in self.used)
        paid = sum(each.usd or 0.0 for each in self.used)
        return msgspec.structs.replace(
            usual,
            wall=seconds,
            tokens=None if tokens is None else max(1, tokens - spent),
            usd=None if usd is None else max(0.000001, usd - paid),
        )


def _broken(session: Session, *, changed: bool) -> str:
    """Why it couldn't work; what it changed before it failed or reached a bound is judged as any other."""
    if changed or session.verdict == "done" or session.stop in _BOUNDED:
        return ""
    return f"the fixer failed: {session.reason}; see {record_of(session)}/stderr.log"
