"""Running programs: whole process trees, stoppable from another thread, output kept as it comes."""

from __future__ import annotations

import codecs
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from atomci.errors import InfrastructureError

__all__ = [
    "Children",
    "Command",
    "Completed",
    "Stopped",
    "ToolMissing",
    "ToolTimeout",
    "hand_over",
    "shell_line",
]

Sink = Callable[[str], None]
# How much is read at once where output is bounded.
_PIECE = 65536


class ToolMissing(InfrastructureError):
    """The program isn't there."""


class ToolTimeout(InfrastructureError):
    """The program took longer than it may; its tree was killed."""


class Stopped(Exception):
    """The atom was told to stop while its program ran; the program's tree was killed."""


@dataclass(frozen=True)
class Command:
    """A program and its arguments; `env` is added to the surrounding environment.

    `limit` bounds the bytes of each stream that are logged, its first, and kept, its last; None: all.
    Variables whose names begin with one of `without` aren't passed on.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    limit: int | None = None
    without: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = [f"{name}={shlex.quote(value)}" for name, value in self.env.items()]
        return " ".join([*words, shell_line(self.argv)])


@dataclass(frozen=True)
class Completed:
    """What a program left: exit code, both streams as text, seconds."""

    command: Command
    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def last_line(self) -> str:
        """The last thing that it said, on stderr or else on stdout; its exit code where it said nothing."""
        return self._last_of(self.stderr, self.stdout)

    @property
    def last_printed(self) -> str:
        """The same, on stdout or else on stderr: of a program that reports there, such as pytest."""
        return self._last_of(self.stdout, self.stderr)

    def _last_of(self, *streams: str) -> str:
        lines = [line.strip() for text in streams for line in text.strip().splitlines()[-1:]]
        return lines[0] if lines else f"exit {self.code}"


def shell_line(argv: Sequence[str]) -> str:
    """The words as someone would paste them into this host's shell."""
    return subprocess.list2cmdline(argv) if os.name == "nt" else shlex.join(argv)


class Children:
    """The programs that one atom has running. `stop` kills them all and refuses more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped: str | None = None
        self._stopping = threading.Event()

    def run(self, command: Command, cwd: Path, log: Sink | None = None) -> Completed:
        """Run to the end. Raises ToolMissing, ToolTimeout, Stopped; a non-zero exit is a result."""
        started = time.monotonic()
        process = self._start(command, cwd)
        streams: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        readers = [
            threading.Thread(target=_drain, args=(pipe, streams[name], log, command.limit), daemon=True)
            for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr))
        ]
        for reader in readers:
            reader.start()
        try:
            code = process.wait(timeout=command.timeout)
            _finish(readers, process)
        except subprocess.TimeoutExpired:
            kill_tree(process)
            raise ToolTimeout(
                f"{command.argv[0]} took more than {command.timeout:g} s and was killed"
            ) from None
        except BaseException:
            kill_tree(process)
            raise
        finally:
            with self._lock:
                self._running.discard(process)
        if self._stopped is not None:
            raise Stopped(self._stopped)
        out, err = (b"".join(streams[name]).decode("utf-8", "replace") for name in ("stdout", "stderr"))
        return Completed(command, code, out, err, time.monotonic() - started)

    @contextlib.contextmanager
    def beside(
        self, command: Command, cwd: Path, log: Sink | None = None
    ) -> Iterator[Callable[[], int | None]]:
        """Run while the block runs; its tree is killed at the block's end, however that comes about.

        Gives a function that answers its exit code, None while it runs. That, too, raises Stopped.
        """
        process = self._start(command, cwd)
        for pipe in (process.stdout, process.stderr):
            threading.Thread(target=_drain, args=(pipe, [], log, command.limit), daemon=True).start()

        def code() -> int | None:
            if self._stopped is not None:
                raise Stopped(self._stopped)
            return process.poll()

        try:
            yield code
        finally:
            kill_tree(process)
            with self._lock:
                self._running.discard(process)

    def pause(self, seconds: float) -> None:
        """Wait, for as long as nobody says stop. Raises Stopped."""
        if self._stopping.wait(seconds):
            raise Stopped(self._stopped)

    def stop(self, reason: str) -> None:
        """Kill every running tree; calls of `run` and `pause`, also later ones, raise Stopped(reason)."""
        with self._lock:
            self._stopped = reason
            self._stopping.set()
            running = list(self._running)
        for process in running:
            kill_tree(process)

    def _start(self, command: Command, cwd: Path) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped is not None:
                raise Stopped(self._stopped)
            try:
                process: subprocess.Popen[bytes] = subprocess.Popen(
                    command.argv,
                    cwd=cwd,
                    env=_environment(command),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    **_own_group(),
                )
            except OSError as error:  # missing, not executable, no program at all
                raise ToolMissing(f"{command.argv[0]} can't be started: {error.strerror}") from None
            self._running.add(process)
            return process


def _environment(command: Command) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(command.without)}
    return {**kept, **command.env}


def _own_group() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _drain(pipe: IO[bytes] | None, into: list[bytes], log: Sink | None, limit: int | None) -> None:
    assert pipe is not None
    if limit is not None:
        _drain_bounded(pipe, into, log, limit)
        return
    for line in pipe:
        into.append(line)
        if log is not None:
            log(line.decode("utf-8", "replace"))


def _drain_bounded(pipe: IO[bytes], into: list[bytes], log: Sink | None, limit: int) -> None:
    """A stream of any length, and of lines of any length, in a few times `limit` bytes of memory."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    logged, kept = 0, bytearray()
    while piece := os.read(pipe.fileno(), _PIECE):
        if log is not None and logged <= limit:
            log(decode(piece[: limit - logged]))
            logged += len(piece)
            if logged > limit:
                log(f"\n[more than {limit} bytes: the rest isn't logged]\n")
        kept += piece
        if len(kept) > 2 * limit:
            del kept[:-limit]
    into.append(bytes(kept[-limit:]))


def _finish(readers: Sequence[threading.Thread], process: subprocess.Popen[bytes]) -> None:
    """Read to the end; an orphan that keeps the pipe open ends with its tree after five seconds."""
    deadline = time.monotonic() + 5
    for reader in readers:
        reader.join(max(0.0, deadline - time.monotonic()))
    if any(reader.is_alive() for reader in readers):
        kill_tree(process)


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """End a process and its descendants: politely first, for good after a second."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def hand_over(command: Command, cwd: Path) -> int:
    """Run with this terminal's own input and output, and return the exit code."""
    try:
        return subprocess.run(
            command.argv, cwd=cwd, env={**os.environ, **command.env}, check=False
        ).returncode
    except FileNotFoundError as error:
        raise ToolMissing(f"{command.argv[0]} can't be started: {error.strerror}") from None
