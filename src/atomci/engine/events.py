"""The event log of a run: artifacts/runs/<id>/events.jsonl, and whoever listens."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import msgspec

from atomci.artifacts.json_text import json_of
from atomci.artifacts.redaction import Redactor
from atomci.artifacts.runs import Event
from atomci.errors import InfrastructureError

__all__ = ["EventLog", "Listener", "new_run_id", "now"]

Listener = Callable[[Event], None]


def now() -> str:
    """UTC in ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def new_run_id() -> str:
    """Sorts by time: 20261124T034500-1a2b3c."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


class EventLog:
    """Appends events to the run's file and passes them on, without secrets. Thread-safe; closed by `with`."""

    def __init__(self, root: Path, run: str, listeners: Sequence[Listener], redactor: Redactor) -> None:
        self.run = run
        self.redactor = redactor
        self.folder = root / "artifacts" / "runs" / run
        try:
            self.folder.mkdir(parents=True)
            self._file = (self.folder / "events.jsonl").open("ab")
        except OSError as error:
            raise InfrastructureError(f"can't write {self.folder}: {error.strerror}") from None
        self._listeners = list(listeners)
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Write one event, then tell the listeners; one whose output is closed is told no more."""
        text = json_of(event).decode()
        cleaned = self.redactor.clean(text)
        if cleaned != text:
            event = msgspec.json.decode(cleaned, type=Event)
        with self._lock:
            self._file.write(cleaned.encode() + b"\n")
            self._file.flush()
            for listener in list(self._listeners):
                try:
                    listener(event)
                except (BrokenPipeError, ValueError):
                    self._listeners.remove(listener)

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
