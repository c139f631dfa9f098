"""The account of a session: what the program prints and tells goes to the record, to the counts and to who
looks on.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

from atomci.artifacts.handed.guarded import GuardEvent, GuardFinished, GuardOutput, GuardStarted, Session
from atomci.artifacts.json_text import json_of
from atomci.artifacts.redaction import redactor_for
from atomci.errors import InfrastructureError
from atomci.guard.agents.protocol import Told
from atomci.guard.attendance import Attendance
from atomci.guard.enclosure import Enclosure
from atomci.guard.listening import EventLines, Heard
from atomci.guard.policy.settings import read_guard
from atomci.guard.program import ProgramEnd, follow
from atomci.guard.record import CLI_RUNS, Record
from atomci.guard.request import Audience, SessionRequest, Stream
from atomci.guard.verdict import verdict_of
from atomci.tools.running import Running, start
from atomci.tools.terminal import JoinedTerminal

__all__ = ["Account"]

_PIECE = 1 << 22


class Account:
    """One session, from the start of its program; as a context it ends the program whatever happens."""

    def __init__(self, request: SessionRequest, enclosed: Enclosure, audience: Audience) -> None:
        self._request = request
        self._place = enclosed.place
        self._confined = confined = enclosed.program
        self._audience = audience
        self._began = datetime.now(UTC)
        try:
            folder = request.root / CLI_RUNS / request.typed.tool / request.run
            self._record = Record(folder, redactor_for(request.root, {**os.environ, **confined.environment}))
        except OSError as error:
            raise InfrastructureError(f"the session's record can't be written: {error}") from None
        self._heard = Heard()
        self._cast: Callable[[bytes], None] | None = None
        self._lines = self._events_of_an_agent()
        self._logged = 0
        with contextlib.ExitStack() as opened:
            opened.callback(self._record.close)
            terminal = opened.enter_context(self._joined()) if request.terminal else None
            self._program = self._start(terminal)
            opened.callback(self._program.kill)
            self._opened = opened.pop_all()

    def __enter__(self) -> Account:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def follow(self) -> ProgramEnd:
        """See the program to its end."""
        ears = {"stdout": self._ears("stdout"), "stderr": self._ears("stderr")}
        end = follow(
            self._program,
            self._place.tree,
            self._request.limits,
            ears,
            self._heard.seen,
            self._wait,
            self._record.folder,
        )
        self._read_log()
        return end

    def _wait(self, attendance: Attendance) -> None:
        self._read_log()
        self._audience.waits(attendance.watched, attendance.quiet, self._heard.usage)

    def _read_log(self) -> None:
        """What has come to the file of an agent's events since."""
        log = self._request.started.log
        if not log or self._lines is None:
            return
        with contextlib.suppress(OSError), (self._place.scratch / log).open("rb") as file:
            file.seek(self._logged)
            self._logged += len(piece := file.read(_PIECE))
            self._lines.feed(piece)

    def attach(self, name: str, content: bytes) -> None:
        """One more file of the record, without secrets."""
        self._record.attach(name, content)

    def conclude(self, end: ProgramEnd, *, changed: bool, unknown: bool, outside: tuple[str, ...]) -> Session:
        """What it all means, and the index. `unknown`: nobody can say what it changed; `outside`: paths
        outside of its place that are different now.
        """
        asked, heard, seconds = self._request, self._heard, round(end.seconds, 3)
        if self._lines is not None:
            self._lines.close()
        settings = asked.project.setting(read_guard)
        self._record.attach("policy.json", json_of(settings) + b"\n")
        if end.left:
            self._record.broken = self._record.broken or "something of it can't be ended, and may still run"
        if unknown:
            self._record.broken = self._record.broken or "what it changed can't be captured"
        verdict, reason = verdict_of(
            end.stop, end.code, heard.result, asked.limits, tells_result=asked.started.tells_result
        )
        finished = GuardFinished(
            time=_now(),
            run=asked.run,
            stop=end.stop,
            verdict=verdict,
            reason=reason,
            exit_code=end.code,
            seconds=seconds,
            usage=heard.usage,
            changed=changed,
            record=self._folder,
        )
        told = self._record.event(finished)
        session = self._record.finish(
            Session(
                run=asked.run,
                tool=asked.typed.tool,
                tool_version=asked.started.version,
                model=heard.model or asked.typed.model,
                seed=asked.typed.seed or self._confined.environment.get("PYTHONHASHSEED"),
                command=asked.command,
                started=asked.started.words,
                folder=os.path.relpath(asked.folder, asked.root),
                place=str(self._place.tree),
                in_place=self._place.in_place,
                backend=self._confined.backend,
                level=self._confined.level,
                gaps=self._confined.gaps,
                time=self._began.isoformat(timespec="milliseconds"),
                seconds=seconds,
                limits=asked.limits,
                stop=end.stop,
                verdict=verdict,
                reason=reason,
                exit_code=end.code,
                result=heard.result,
                tells_result=asked.started.tells_result,
                usage=heard.usage,
                changed=changed,
                outside=outside,
                environment=tuple(sorted(self._confined.environment)),
                files=(),
            )
        )
        self._audience.told(told)
        return session

    @property
    def _folder(self) -> str:
        return self._record.folder.relative_to(self._request.root).as_posix()

    def _joined(self) -> JoinedTerminal:
        try:
            terminal = JoinedTerminal(self._heard.typed, reads=self._request.reads)
        except OSError as error:
            raise InfrastructureError(f"no terminal can be had: {error.strerror or error}") from None
        lines, columns = terminal.size
        self._cast = self._record.cast(columns, lines)
        return terminal

    def _start(self, terminal: JoinedTerminal | None) -> Running:
        asked, confined = self._request, self._confined
        try:
            if terminal is not None:
                program = start(confined.argv, confined.cwd, confined.environment, terminal=terminal.ends)
                terminal.begin()
            else:
                given = sys.stdin.fileno() if asked.reads else None
                program = start(confined.argv, confined.cwd, confined.environment, given=given)
        except OSError as error:
            self._record.discard()
            raise InfrastructureError(f"{confined.argv[0]} can't be started: {error.strerror}") from None
        self._tell(
            GuardStarted(
                time=self._began.isoformat(timespec="milliseconds"),
                run=asked.run,
                tool=asked.typed.tool,
                command=asked.command,
                started=asked.started.words,
                place=str(self._place.tree),
                in_place=self._place.in_place,
                backend=confined.backend,
                level=confined.level,
                gaps=confined.gaps,
                record=self._folder,
                limits=asked.limits,
            )
        )
        return program

    def _ears(self, stream: Stream) -> Callable[[bytes], None]:
        def show(text: str) -> None:
            self._audience.told(GuardOutput(stream=stream, text=text))

        keep = self._record.stream(f"{stream}.log", also=show)
        lines = self._lines if stream == "stdout" and not self._request.started.log else None

        def hear(piece: bytes) -> None:
            self._heard.printed(piece)
            keep(piece)
            if self._cast is not None:
                self._cast(piece)
            if lines is not None:
                lines.feed(piece)
            if lines is None or not self._request.started.renders:
                self._audience.printed(stream, piece)

        return hear

    def _events_of_an_agent(self) -> EventLines | None:
        asked = self._request
        if not asked.started.tells_events or asked.typed.agent is None:
            return None
        shown = (lambda line: self._audience.printed("stdout", line)) if asked.started.renders else None
        return EventLines(asked.typed.agent.reader(), self._told, shown)

    def _told(self, event: Told) -> None:
        self._heard.told(event)
        self._tell(event)

    def _tell(self, event: GuardEvent) -> None:
        self._audience.told(self._record.event(event))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
