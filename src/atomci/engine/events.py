"""The event log of a run: artifacts/runs/<id>/events.jsonl, and whoever listens."""

from __future__ import annotations

import errno
import os
import re
import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from atomci.artifacts.handed.runs import ROOM, Event, RunFinished
from atomci.artifacts.json_text import json_of
from atomci.artifacts.redaction import Redactor
from atomci.decoding import decoded

__all__ = ["EventLog", "Listener", "last_run_id", "new_run_id", "now"]

Listener = Callable[[Event], None]
_SECOND = "%Y%m%dT%H%M%S"
_RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")
# Enough for the last event of all atoms, on a disk that is full by then.
_ROOM = 16 * 1024


def now() -> str:
    """UTC in ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def new_run_id(at: datetime | None = None, after: str = "") -> str:
    """Sorts by time, also within a second: in 20261124T034500-1a2b3c 0x1a2 of its 4096 parts are over.

    Whatever the clock says, it sorts behind the id `after`: a clock that was ahead is put back some day.
    """
    at = at or datetime.now(UTC)
    if _RUN_ID.fullmatch(after) and f"{at:{_SECOND}}" < after[:15]:
        with suppress(ValueError, OverflowError):  # it isn't a date, or the last there is
            at = datetime.strptime(after[:15], _SECOND).replace(tzinfo=UTC) + timedelta(seconds=1)
    part = at.microsecond * 4096 // 1_000_000
    return f"{at:{_SECOND}}-{part:03x}{secrets.randbelow(4096):03x}"


def last_run_id(root: Path) -> str:
    """That of the project's newest run; empty without one."""
    names = (folder.name for folder in (root / "artifacts/runs").glob("*/"))
    return max(filter(_RUN_ID.fullmatch, names), default="")


class EventLog:
    """Appends events to the run's file and passes them on, without secrets. Thread-safe; closed by `with`.

    It never raises: what went wrong is in `broken`. The file ends in a whole line, whatever happens, and room
    for the last event is kept free.
    """

    def __init__(self, root: Path, run: str, listeners: Sequence[Listener], redactor: Redactor) -> None:
        self.run = run
        self.redactor = redactor
        self.folder = root / "artifacts" / "runs" / run
        self.broken = ""
        """Why the log, or what a listener writes, is incomplete."""
        self.mend = "free the disk, or give yourself the right to write in artifacts/"
        """What to do about that."""
        self._descriptor: int | None = None
        self._size = 0
        self._listeners = list(listeners)
        self._lock = threading.Lock()
        try:
            self.folder.mkdir(parents=True)
            (self.folder / ROOM).write_bytes(bytes(_ROOM))
            self._descriptor = os.open(self.folder / "events.jsonl", os.O_WRONLY | os.O_CREAT | _BINARY)
        except OSError as error:
            self.broken = f"can't write {self.folder}: {error.strerror}"

    def __call__(self, event: Event) -> None:
        """Write one event, then tell the listeners; one whose output is closed is told no more."""
        text = json_of(event).decode()
        cleaned = self.redactor.clean_json(text)
        if cleaned != text:
            event = decoded(cleaned, Event)
        with self._lock:
            if isinstance(event, RunFinished):
                self._make_room()
            self._append(cleaned.encode() + b"\n")
            for listener in list(self._listeners):
                try:
                    listener(event)
                except (BrokenPipeError, ValueError):
                    self._listeners.remove(listener)
                except OSError as error:
                    self._listeners.remove(listener)
                    if error.errno == errno.EIO:  # its terminal was closed
                        continue
                    if not self.broken:
                        self.broken = f"the run's events can't be printed: {error}"
                        self.mend = "send standard output to a place with room for it"

    def _append(self, line: bytes) -> None:
        """The line as a whole, or nothing of it."""
        if self._descriptor is None:
            return
        written = 0
        try:
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
            self._size += len(line)
        except OSError as error:
            os.ftruncate(self._descriptor, self._size)
            os.lseek(self._descriptor, self._size, os.SEEK_SET)
            self.breaks(error)

    def _make_room(self) -> None:
        try:
            (self.folder / ROOM).unlink(missing_ok=True)
        except OSError as error:
            self.breaks(error)

    def breaks(self, error: OSError) -> None:
        """Take down that what the run leaves isn't whole."""
        self.broken = self.broken or f"the run's files can't be written: {error}"

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


_BINARY = getattr(os, "O_BINARY", 0)  # Windows would write other line ends
