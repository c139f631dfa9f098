"""Running programs: whole process trees, stoppable from another thread, output kept as it comes."""

from __future__ import annotations

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
from typing import TYPE_CHECKING

from atomci.errors import InfrastructureError
from atomci.tools.output import WHOLE, Output, Sink
from atomci.tools.surroundings import environment_in

if TYPE_CHECKING:
    from atomci.tools.running import Running

__all__ = [
    "Children",
    "Command",
    "Completed",
    "OutputTooLong",
    "Stopped",
    "ToolMissing",
    "ToolTimeout",
    "hand_over",
    "shell_line",
]

# How long a program that has ended may leave a stream open, by others that hold it.
_ORPHANS_END_WITHIN = 5.0
_PARENT_DEATH = 1  # PR_SET_PDEATHSIG


class ToolMissing(InfrastructureError):
    """The program isn't there."""


class ToolTimeout(InfrastructureError):
    """The program took longer than it may; its tree was killed."""


class OutputTooLong(InfrastructureError):
    """The program printed more than can be read; its tree was killed."""


class Stopped(Exception):
    """The atom was told to stop while its program ran; the program's tree was killed."""


@dataclass(frozen=True)
class Command:
    """A program and its arguments; `env` is added to the surrounding environment.

    `limit`: of each stream only the last bytes are kept, so many. None: all of it is wanted, as where a
    verdict is read from it; then more than 32 MB are an error.
    Variables whose names begin with one of `without` aren't passed on. Those of `unsaid` are, though nobody
    has to paste them: they leave the answer as it is, such as how many processors to use.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    limit: int | None = None
    without: tuple[str, ...] = ()
    unsaid: Mapping[str, str] = field(default_factory=dict)

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
        self._running: set[Running] = set()
        self._stopped: str | None = None
        self._stopping = threading.Event()

    def run(self, command: Command, cwd: Path, log: Sink | None = None) -> Completed:
        """Run to the end; a non-zero exit is a result.

        Raises ToolMissing, ToolTimeout, OutputTooLong, Stopped.
        """
        started = time.monotonic()
        process = self._start(command, cwd)
        outputs = _outputs(process, log, command.limit)
        try:
            code = process.wait(command.timeout)
            _finish(outputs)
        except TimeoutError:
            raise ToolTimeout(
                f"{command.argv[0]} took more than {command.timeout:g} s and was killed"
            ) from None
        finally:
            process.end()
            out, err = (output.close() for output in outputs)
            with self._lock:
                self._running.discard(process)
        if self._stopped is not None:
            raise Stopped(self._stopped)
        if any(output.is_too_long for output in outputs):
            name = Path(command.argv[0]).name
            raise OutputTooLong(f"the output of {name} is longer than {WHOLE >> 20} MB, and was not read")
        for failed in (output.failed for output in outputs if output.failed is not None):
            raise failed
        return Completed(command, code, out, err, time.monotonic() - started)

    @contextlib.contextmanager
    def beside(
        self, command: Command, cwd: Path, log: Sink | None = None
    ) -> Iterator[Callable[[], int | None]]:
        """Run while the block runs; its tree is killed at the block's end, however that comes about.

        Gives a function that answers its exit code, None while it runs. That, too, raises Stopped.
        """
        process = self._start(command, cwd)
        outputs = _outputs(process, log, command.limit or 0)

        def code() -> int | None:
            if self._stopped is not None:
                raise Stopped(self._stopped)
            return process.poll()

        try:
            yield code
        finally:
            process.end()
            _finish(outputs)
            for output in outputs:
                output.close()
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
            process.stop()

    def _start(self, command: Command, cwd: Path) -> Running:
        from atomci.tools.running import start

        with self._lock:
            if self._stopped is not None:
                raise Stopped(self._stopped)
            try:
                process = start(command.argv, cwd, _environment(command, cwd))
            except OSError as error:  # missing, not executable, no program at all
                raise ToolMissing(f"{command.argv[0]} can't be started: {error.strerror}") from None
            self._running.add(process)
            return process


def _environment(command: Command, folder: Path) -> dict[str, str]:
    around = environment_in(folder).items()
    kept = {name: value for name, value in around if not name.startswith(command.without)}
    return {**kept, **command.unsaid, **command.env}


def _outputs(process: Running, log: Sink | None, limit: int | None) -> list[Output]:
    """Both streams, on their way; a program that prints too much is ended."""
    return [Output(stream, log, limit, process.stop) for stream in (process.stdout, process.stderr)]


def _finish(outputs: Sequence[Output]) -> None:
    """Read to the end, where no orphan keeps a stream open for more than five seconds."""
    deadline = time.monotonic() + _ORPHANS_END_WITHIN
    for output in outputs:
        output.join(deadline - time.monotonic())


def hand_over(command: Command, cwd: Path) -> int:
    """Run with this terminal's own input and output, and return the exit code.

    An interrupt is passed on, and the program's end waited for. Where this process is killed, Linux asks the
    program to end: it isn't the guardian's, which would give it no terminal.
    """
    environment = _environment(command, cwd)
    first = _ends_with_its_parent()
    try:  # no thread runs that could hold a lock which it wants
        process = subprocess.Popen(command.argv, cwd=cwd, env=environment, preexec_fn=first)  # noqa: PLW1509
    except OSError as error:
        raise ToolMissing(f"{command.argv[0]} can't be started: {error.strerror}") from None
    with process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise


def _ends_with_its_parent() -> Callable[[], None] | None:
    """What a process does between fork and exec, so as to be told when the one that started it is gone."""
    if sys.platform != "linux":
        return None
    import ctypes

    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(_PARENT_DEATH, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # already
            os.kill(os.getpid(), signal.SIGTERM)

    return ask
