"""What a session has told so far: bytes of its streams, and the events of an agent among its lines."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from atomci.artifacts.handed.guarded import AgentEnded, AgentModel, AgentUsed, Usage
from atomci.guard.agents.protocol import Reader, Told
from atomci.guard.attendance import Progress

__all__ = ["EventLines", "Heard"]

_LONGEST_LINE = 16 * 1024 * 1024


class Heard:
    """Counts, from all threads that listen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._printed = 0
        self._typed = 0
        self.usage = Usage()
        self.result: AgentEnded | None = None
        self.model: str | None = None

    def printed(self, piece: bytes) -> None:
        """Output has come."""
        with self._lock:
            self._printed += len(piece)

    def typed(self, piece: bytes) -> None:
        """Somebody has typed."""
        with self._lock:
            self._typed += len(piece)

    def told(self, event: Told) -> None:
        """An agent's event."""
        with self._lock:
            if isinstance(event, AgentEnded):
                self.result = event
            elif isinstance(event, AgentModel):
                self.model = event.model
            elif isinstance(event, AgentUsed):
                self.usage = event.usage

    def seen(self) -> Progress:
        """All of it, for the timers."""
        with self._lock:
            ended = self.result is not None
            return Progress(self._printed, self._typed, ended, self.usage.total, self.usage.usd)


class EventLines:
    """A stream by its lines: events of an agent, and what else stands there."""

    def __init__(
        self, reader: Reader, told: Callable[[Told], None], plain: Callable[[bytes], None] | None = None
    ) -> None:
        self._reader = reader
        self._told = told
        self._plain = plain
        self._rest = bytearray()
        self._skips = False

    def feed(self, piece: bytes) -> None:
        """Take bytes of any length; a line that is endless is left out."""
        *whole, rest = piece.split(b"\n")
        for line in whole:
            if not self._skips:
                self._line(bytes(self._rest) + line + b"\n")
            self._rest.clear()
            self._skips = False
        if len(self._rest) + len(rest) > _LONGEST_LINE:
            self._rest.clear()
            self._skips = True
        elif not self._skips:
            self._rest += rest

    def close(self) -> None:
        """The last line, where it has no end."""
        if self._rest:
            self._line(bytes(self._rest))
            self._rest.clear()

    def _line(self, line: bytes) -> None:
        event = _event(line)
        if event is None:
            if self._plain is not None and line.strip():
                self._plain(line)
            return
        for told in self._reader.read(event):
            self._told(told)


def _event(line: bytes) -> dict[str, Any] | None:
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
