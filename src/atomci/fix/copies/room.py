"""Guarded sessions in a copy: what they get, and what is left of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from atomci.artifacts.handed.guarded import Session, SessionLimits
from atomci.fix.copies.environment import CopyEnvironment
from atomci.fix.copies.scratch import Scratch
from atomci.fix.watcher import Unseen
from atomci.guard.agents.table import GENERIC, Typed, typed
from atomci.guard.limits import HEADLESS
from atomci.guard.record import CLI_RUNS
from atomci.guard.request import SessionRequest, Started
from atomci.guard.session import guard
from atomci.guard.snapshot.store import SnapshotStore
from atomci.project import Project
from atomci.tools import interrupts

__all__ = ["Room", "record_of"]


@dataclass
class Room:
    """A copy, ready for sessions; `level` is how well the last one was confined."""

    project: Project
    scratch: Scratch
    environment: CopyEnvironment
    degraded: bool = False
    level: str = field(default="", init=False)

    @property
    def tools(self) -> Path:
        """Where its environment is, if it has one of its own."""
        return self.scratch.place.folder / "environment"

    @property
    def notes(self) -> Path:
        """Where sessions find what is written for them."""
        return self.scratch.place.folder / "notes"

    @property
    def root(self) -> Path:
        """The project in the copy."""
        return self.scratch.tree / self.project.root.resolve().relative_to(self.scratch.place.root.resolve())

    def program(self, run: str, words: tuple[str, ...], seconds: float | None) -> Session:
        """Run a program that nobody reads, in so many seconds at most. Raises what `session` raises."""
        limits = msgspec.structs.replace(HEADLESS, wall=seconds)
        return self.session(run, typed(words, GENERIC), words, Started(words), limits)

    def session(
        self,
        run: str,
        ready: Typed,
        command: Sequence[str],
        started: Started,
        limits: SessionLimits,
    ) -> Session:
        """Run a program there to its end. Raises KeyboardInterrupt where somebody interrupts it, and what
        `guard` raises.
        """
        request = SessionRequest(
            project=self.project,
            folder=self.project.root,
            run=run,
            typed=ready,
            command=tuple(command),
            started=started,
            limits=limits,
            degraded=self.degraded,
            place=self.scratch.place,
            readable=tuple(path for path in (self.tools, self.notes) if path.exists()),
            around=self.environment.variables,
        )
        try:
            session = guard(request, Unseen())
        finally:
            # Its own snapshots tell nothing that those of the copy don't.
            SnapshotStore(self.scratch.store.repository, run).drop()
        interrupts.release()  # an interrupt that ended it ends all
        self.level = session.level
        return session


def record_of(session: Session) -> str:
    """The folder of a session's record, from the project."""
    return f"{CLI_RUNS}/{session.tool}/{session.run}"
