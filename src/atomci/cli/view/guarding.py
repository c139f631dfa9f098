"""`atomci guard` on a terminal or in a log, and as JSON SessionEvents."""

from __future__ import annotations

import os
import sys
import threading

from atomci.artifacts.handed.guarded import AgentActed, AgentSaid, GuardEvent, GuardOutput, Session, Usage
from atomci.artifacts.json_text import json_of
from atomci.guard.request import SessionRequest
from atomci.tools.terminal import Modes
from atomci.visible import visible

__all__ = ["SessionEvents", "SessionView", "summary"]

_QUIET = 3.0
"""Seconds without output until the progress line is shown."""
_ERASE = "\r\x1b[K"


class SessionEvents:
    """JSON SessionEvents."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def printed(self, stream: str, piece: bytes) -> None:
        """Nothing: its lines are told."""

    def told(self, event: GuardEvent) -> None:
        """One line."""
        with self._lock:
            sys.stdout.write(json_of(event).decode() + "\n")
            sys.stdout.flush()

    def waits(self, seconds: float, quiet: float, usage: Usage) -> None:
        """Nothing."""

    def ended(self, session: Session) -> None:
        """Nothing: its last event has told it."""


class SessionView:
    """What the program prints, as it is; on standard error how it goes on, and how it ended.

    `renders`: events are shown as text, and the result is all that goes to standard output.
    """

    def __init__(self, request: SessionRequest) -> None:
        self._renders = request.started.renders
        self._modes = Modes() if request.terminal else None
        self._lock = threading.Lock()
        self._live = not request.terminal and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._drawn = False
        self._at_line_start = True
        self._said = ""

    def printed(self, stream: str, piece: bytes) -> None:
        """At once, and byte for byte."""
        with self._lock:
            self._erase()
            _write(1 if stream == "stdout" else 2, piece)
            if self._modes is not None:
                self._modes.feed(piece)
            self._at_line_start = piece.endswith(b"\n")

    def told(self, event: GuardEvent) -> None:
        """What an agent says and does, where nobody asked for its events."""
        if not self._renders or isinstance(event, GuardOutput):
            return
        if isinstance(event, AgentSaid) and event.text.strip():
            self._said = event.text
            self._note(event.text.strip())
        elif isinstance(event, AgentActed):
            self._note(f"  · {event.tool} {event.on}")

    def waits(self, seconds: float, quiet: float, usage: Usage) -> None:
        """A line that goes away with the next output."""
        if not self._live or quiet < _QUIET:
            return
        with self._lock:
            if self._at_line_start:
                parts = [f"guard: {_clock(seconds)}", *_used(usage), f"quiet for {_clock(quiet)}"]
                _write(2, f"{_ERASE}{' · '.join(parts)}".encode())
                self._drawn = True

    def ended(self, session: Session) -> None:
        """The result on standard output, where its events were shown; the summary on standard error."""
        with self._lock:
            self._erase()
            if self._modes is not None:
                _write(1, self._modes.undo())
            result = session.result.text if session.result is not None and session.result.text else self._said
            if self._renders and result:
                _write(1, (result.rstrip("\n") + "\n").encode())
            if not self._at_line_start:
                _write(2, b"\n")
            _write(2, "".join(f"{line}\n" for line in summary(session)).encode())

    def _note(self, text: str) -> None:
        with self._lock:
            self._erase()
            _write(2, "".join(f"{visible(line)}\n" for line in text.splitlines()).encode())
            self._at_line_start = True

    def _erase(self) -> None:
        if self._drawn:
            _write(2, _ERASE.encode())
            self._drawn = False


def summary(session: Session) -> list[str]:
    """How it ended, what it left, and what to type about that."""
    parts = [
        f"guard: {session.verdict}",
        visible(session.reason),
        _clock(session.seconds),
        *_used(session.usage),
    ]
    lines = [" · ".join(parts)]
    folder = f"artifacts/cli_runs/{session.tool}/{session.run}"
    lines += [f"  {line}" for line in _next_steps(session)]
    lines += [f"  changed outside, by whomever: {visible(path)}" for path in session.outside]
    lines.append(f"  kept within bounds by: {session.backend} ({session.level})")
    lines.append(f"  record: {folder}/index.json")
    if session.incomplete:
        lines.append(f"  the record isn't whole: {visible(session.incomplete)}")
    return lines


def _next_steps(session: Session) -> list[str]:
    """What it left, and what to type about that."""
    if not session.changed:
        return ["it changed nothing"]
    if session.in_place:
        return ["it changed files here", f"take them back: atomci undo {session.run}"]
    return [
        f"it changed files in {visible(session.place)}",
        f"read them: atomci guard show {session.run}",
        f"bring them here: atomci guard apply {session.run}",
        f"or drop them: atomci guard drop {session.run}",
    ]


def _used(usage: Usage) -> list[str]:
    tokens = [] if usage.total is None else [f"{usage.total:,} tokens"]
    return [*tokens, *([] if usage.usd is None else [f"${usage.usd:.2f}"])]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def _write(descriptor: int, content: bytes) -> None:
    """All of it; where nobody reads any more, nothing."""
    left = memoryview(content)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        return
