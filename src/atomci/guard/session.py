"""A guarded session, as one short list of steps."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from atomci.artifacts.guarded import (
    GuardEvent,
    GuardFinished,
    GuardOutput,
    GuardStarted,
    Session,
    SessionLimits,
    Usage,
)
from atomci.artifacts.redaction import redactor_for
from atomci.errors import InfrastructureError
from atomci.guard.agents.protocol import Told
from atomci.guard.agents.table import Typed
from atomci.guard.listening import EventLines, Heard
from atomci.guard.program import ProgramEnd, follow
from atomci.guard.record import CLI_RUNS, Record
from atomci.guard.verdict import verdict_of
from atomci.tools import interrupts
from atomci.tools.running import Running, start
from atomci.tools.surroundings import environment_in

__all__ = ["Audience", "SessionRequest", "guard"]

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True)
class Started:
    """The words that are started, and what is known of the program.

    `version` is its own, None where nobody knows it. `tells_events`: its output is an agent's events;
    `renders`: only since the guard asked for them, so they are shown as text.
    """

    words: tuple[str, ...]
    version: str | None = None
    tells_events: bool = False
    renders: bool = False


@dataclass(frozen=True)
class SessionRequest:
    """What is to be run, where, and within which limits. `command` is what was typed.

    `given` is the descriptor that its input is read from, None for none.
    """

    root: Path
    folder: Path
    run: str
    typed: Typed
    command: tuple[str, ...]
    started: Started
    limits: SessionLimits
    given: int | None = None


class Audience(Protocol):
    """Who looks on."""

    def printed(self, stream: Stream, piece: bytes) -> None:
        """Bytes as the program printed them."""

    def told(self, event: GuardEvent) -> None:
        """An event, without secrets."""

    def waits(self, seconds: float, quiet: float, usage: Usage) -> None:
        """It goes on: seconds since its start and since its last sign of life, and what it used."""


def guard(request: SessionRequest, audience: Audience) -> Session:
    """Run it to its end, and leave a record. Raises InfrastructureError where it can't be started."""
    interrupts.hold()
    opened = _Opened(request, audience)
    program = opened.start()
    try:
        ended = opened.follow(program)
    finally:
        program.kill()
        opened.record.close()
    return opened.conclude(ended)


class _Opened:
    """A session whose record is open."""

    def __init__(self, request: SessionRequest, audience: Audience) -> None:
        self._request = request
        self._audience = audience
        self._began = datetime.now(UTC)
        self._environment = environment_in(request.folder)
        redactor = redactor_for(request.root, self._environment)
        try:
            self.record = Record(request.root / CLI_RUNS / request.typed.tool / request.run, redactor)
        except OSError as error:
            raise InfrastructureError(f"the session's record can't be written: {error}") from None
        self._heard = Heard()
        self._lines = self._events_of_an_agent()

    @property
    def _place(self) -> str:
        return self.record.folder.relative_to(self._request.root).as_posix()

    def start(self) -> Running:
        asked = self._request
        try:
            program = start(asked.started.words, asked.folder, self._environment, given=asked.given)
        except OSError as error:
            self.record.discard()
            raise InfrastructureError(
                f"{asked.started.words[0]} can't be started: {error.strerror}"
            ) from None
        self._tell(
            GuardStarted(
                time=self._began.isoformat(timespec="milliseconds"),
                run=asked.run,
                tool=asked.typed.tool,
                command=asked.command,
                started=asked.started.words,
                record=self._place,
                limits=asked.limits,
            )
        )
        return program

    def follow(self, program: Running) -> ProgramEnd:
        asked = self._request
        ears = {"stdout": self._ears("stdout"), "stderr": self._ears("stderr")}
        return follow(
            program,
            asked.folder,
            asked.limits,
            ears,
            self._heard.seen,
            lambda attendance: self._audience.waits(attendance.watched, attendance.quiet, self._heard.usage),
            self.record.folder,
        )

    def conclude(self, ended: ProgramEnd) -> Session:
        """The record's end: what it all means, and the index."""
        asked, heard = self._request, self._heard
        if self._lines is not None:
            self._lines.close()
        verdict, reason = verdict_of(
            ended.stop, ended.code, heard.result, asked.limits, tells_result=asked.started.tells_events
        )
        finished = GuardFinished(
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            run=asked.run,
            stop=ended.stop,
            verdict=verdict,
            reason=reason,
            exit_code=ended.code,
            seconds=round(ended.seconds, 3),
            usage=heard.usage,
            record=self._place,
        )
        self.record.event(finished)
        session = self.record.finish(
            Session(
                run=asked.run,
                tool=asked.typed.tool,
                tool_version=asked.started.version,
                command=asked.command,
                started=asked.started.words,
                folder=os.path.relpath(asked.folder, asked.root),
                time=self._began.isoformat(timespec="milliseconds"),
                seconds=round(ended.seconds, 3),
                limits=asked.limits,
                stop=ended.stop,
                verdict=verdict,
                reason=reason,
                exit_code=ended.code,
                result=heard.result,
                usage=heard.usage,
                environment=tuple(sorted(self._environment)),
                files=(),
            )
        )
        self._audience.told(finished)
        return session

    def _ears(self, stream: Stream) -> Callable[[bytes], None]:
        def show(text: str) -> None:
            self._audience.told(GuardOutput(stream=stream, text=text))

        keep = self.record.stream(f"{stream}.log", also=show)
        lines = self._lines if stream == "stdout" else None

        def hear(piece: bytes) -> None:
            self._heard.printed(piece)
            keep(piece)
            if lines is not None:
                lines.feed(piece)
            if lines is None or not self._request.started.renders:
                self._audience.printed(stream, piece)

        return hear

    def _events_of_an_agent(self) -> EventLines | None:
        asked = self._request
        if not asked.started.tells_events or asked.typed.agent is None:
            return None
        plain = (lambda line: self._audience.printed("stdout", line)) if asked.started.renders else None
        return EventLines(asked.typed.agent.reader(), self._told, plain)

    def _told(self, event: Told) -> None:
        self._heard.told(event)
        self._tell(event)

    def _tell(self, event: GuardEvent) -> None:
        self._audience.told(self.record.event(event))
