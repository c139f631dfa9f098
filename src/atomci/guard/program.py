"""The program of a session, from its start to the end of all that it started."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from atomci.artifacts.handed.guarded import SessionLimits, StopReason
from atomci.guard.attendance import Attendance, Progress
from atomci.tools import interrupts
from atomci.tools.running import Running

__all__ = ["ProgramEnd", "follow"]

POLITE = 0.5
"""Seconds that a session has to end by itself once it is asked to; then it is killed."""
_DRAINED_WITHIN = 1.0
_PIECE = 1 << 16
_KILLED = -9

Ear = Callable[[bytes], None]


@dataclass(frozen=True)
class ProgramEnd:
    """Why a program ended, its exit code where it is known, and how many seconds it took.

    `left`: something of it couldn't be ended, and may still run.
    """

    stop: StopReason
    code: int | None
    seconds: float
    left: bool = False


@dataclass(frozen=True)
class _Signs:
    """Signs of life of a program that works in a folder."""

    program: int
    folder: Path
    apart: Path

    def processor(self) -> float | None:
        from atomci.tools.activity import processor_time

        return processor_time(self.program)

    def wrote_within(self, seconds: float) -> bool:
        return _newer(self.folder, time.time() - seconds, self.apart)


def follow(
    program: Running,
    folder: Path,
    limits: SessionLimits,
    ears: Mapping[str, Ear],
    seen: Callable[[], Progress],
    tick: Callable[[Attendance], None],
    apart: Path,
) -> ProgramEnd:
    """See a program to its end, or end it where it reaches a bound; afterwards nothing of it runs.

    `ears` hear its streams by name, each on a thread; `apart` is where its record is written, which is no
    sign of life.
    """
    began = time.monotonic()
    attendance = Attendance(limits, _Signs(program.pid, folder, apart))
    readers = [_Reader(getattr(program, name), ear) for name, ear in ears.items()]
    try:
        with interrupts.let_through():
            stop, code = _attend(program, attendance, seen, tick)
            if stop is StopReason.ENDED:
                program.kill()
                _drain(readers)
    except KeyboardInterrupt:
        stop, code = StopReason.INTERRUPTED, None
    if stop is not StopReason.ENDED:
        code = _end(program)
        _drain(readers)
    lost = stop is StopReason.ENDED and program.lost
    seconds = time.monotonic() - began
    return ProgramEnd(StopReason.LOST if lost else stop, None if lost else code, seconds, program.left)


def _attend(
    program: Running, attendance: Attendance, seen: Callable[[], Progress], tick: Callable[[Attendance], None]
) -> tuple[StopReason, int | None]:
    last = time.monotonic()
    while True:
        try:
            return StopReason.ENDED, program.wait(attendance.pause)
        except TimeoutError:
            now = time.monotonic()
            if (reason := attendance.look(now - last, seen())) is not None:
                return reason, None
            last = now
            tick(attendance)


def _end(program: Running) -> int | None:
    """Its exit code, where it ended when it was asked to."""
    program.stop()
    try:
        code = program.wait(POLITE)
    except TimeoutError:
        code = None
    program.kill()
    return code


class _Reader:
    """A stream, read to its end on a thread."""

    def __init__(self, stream: IO[bytes], ear: Ear) -> None:
        self._stream = stream
        self._ear = ear
        self.pieces = 0
        self.telling = False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        while piece := self._next():
            self.telling = True
            self._ear(piece)
            self.telling = False
            self.pieces += 1

    def _next(self) -> bytes:
        try:
            return os.read(self._stream.fileno(), _PIECE)
        except OSError:  # a terminal whose programs are gone
            return b""


def _drain(readers: list[_Reader]) -> None:
    """Wait until all is read, where no orphan keeps a stream open; who listens may take its time."""
    for reader in readers:
        before, since = -1, time.monotonic()
        while reader.thread.is_alive():
            reader.thread.join(0.02)
            if reader.pieces != before or reader.telling:
                before, since = reader.pieces, time.monotonic()
            elif time.monotonic() - since > _DRAINED_WITHIN:
                break


def _newer(folder: Path, since: float, apart: Path) -> bool:
    """Whether something below a folder has changed since then; links are not followed."""
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.path == str(apart):
                        continue
                    if entry.stat(follow_symlinks=False).st_ctime > since:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue
    return False
