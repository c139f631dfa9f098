"""A program that runs, and the end of its whole tree: through the guardian where there is one."""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple, Protocol

__all__ = ["Running", "Terminal", "start"]

_GUARDIAN = Path(__file__).with_name("guardian.py")
_BEGIN = "import os, sys; sys.path.append(os.path.dirname(sys.argv[1])); import guardian; guardian.main()"
_KILLED = -9
_LEAVES_WITHIN = 0.5


class Terminal(NamedTuple):
    """The two ends of a pseudo-terminal, as descriptors: what is typed and shown, and where programs are."""

    ours: int
    theirs: int


class Running(Protocol):
    """A program and what it prints."""

    stdout: IO[bytes]
    stderr: IO[bytes]
    pid: int
    lost: bool
    """Whether what watches it was killed, so that nobody knows how it ended."""
    left: bool
    """Whether something of its tree couldn't be ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended. Raises TimeoutError after so many seconds."""

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""

    def stop(self) -> None:
        """Have its tree ended, politely first, from any thread; `wait` tells when."""

    def end(self) -> None:
        """End what is left of its tree, and wait for that."""

    def kill(self) -> None:
        """The same, at once, and without asking."""


def start(
    argv: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    *,
    given: int | None = None,
    terminal: Terminal | None = None,
) -> Running:
    """Start a program in a session of its own. Raises OSError where it can't be.

    Its input is what the descriptor `given` leads to; without it there is none. On a `terminal` it reads and
    prints there, and `stdout` is what it prints; that is for POSIX.
    """
    if sys.platform != "win32":
        try:
            return _Guarded(argv, cwd, environment, given, terminal)
        except _NoGuardianError:
            if terminal is not None:
                raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY)) from None
    else:
        from atomci.tools.job import join_job

        join_job()
    return _Direct(argv, cwd, environment, given)


class _NoGuardianError(Exception):
    """None can be had here."""


class _Guarded:
    """A program that ends with this process, whatever ends that."""

    def __init__(
        self,
        argv: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str],
        given: int | None,
        terminal: Terminal | None,
    ) -> None:
        self.lost = self.left = False
        self._said = b""
        self._code: int | None = None
        self._line, theirs = socket.socketpair()
        (self.stdout, out), (self.stderr, err) = _streams(terminal)
        given = terminal.theirs if terminal is not None else given
        variables = [f"{name}={value}" for name, value in environment.items()]
        request = os.fsencode("\0".join((str(len(argv)), str(cwd), *argv, *variables)))
        answer = b""
        try:
            _guardian.ask([theirs.fileno(), out, err, *([] if given is None else [given])])
            theirs.close()
            self._line.sendall(len(request).to_bytes(4) + request)
            answer = self._next(None) or b""
        except OSError as error:
            raise _NoGuardianError from error
        finally:
            theirs.close()
            os.close(out)
            os.close(err)
            if not answer.startswith(b"started"):
                self._line.close()
                self.stdout.close()
                self.stderr.close()
        if not answer:
            raise _NoGuardianError
        number = int(answer.split()[1])
        if not answer.startswith(b"started"):
            raise OSError(number, os.strerror(number))
        self.pid = number

    def wait(self, timeout: float | None = None) -> int:
        if self._code is None:
            answer = self._next(timeout)
            self.lost = answer is None
            self._code = int(answer.split()[1]) if answer else _KILLED
        return self._code

    def poll(self) -> int | None:
        with contextlib.suppress(TimeoutError):
            return self.wait(0)
        return None

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._line.sendall(b"!")

    def end(self) -> None:
        if self._line.fileno() < 0:
            return
        self.stop()
        with contextlib.suppress(OSError):
            while (answer := self._next(None)) is not None:
                self.left = self.left or answer == b"left"
        self._line.close()

    def kill(self) -> None:
        if self._line.fileno() >= 0:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_WR)
        self.end()

    def _next(self, timeout: float | None) -> bytes | None:
        """The supervisor's next line, None when it is gone. Raises TimeoutError."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self._said:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            self._line.settimeout(left)
            try:
                piece = self._line.recv(4096)
            except BlockingIOError:
                raise TimeoutError from None
            if not piece:
                return None
            self._said += piece
        answer, _, self._said = self._said.partition(b"\n")
        return answer


def _streams(terminal: Terminal | None) -> tuple[tuple[IO[bytes], int], tuple[IO[bytes], int]]:
    """Output and errors: where they are read here, and the descriptor that the program gets."""
    if terminal is None:
        (out, stdout), (err, stderr) = os.pipe(), os.pipe()
    else:
        out, stdout, stderr = os.dup(terminal.ours), os.dup(terminal.theirs), os.dup(terminal.theirs)
        err = os.open(os.devnull, os.O_RDONLY)
    return (os.fdopen(out, "rb", buffering=0), stdout), (os.fdopen(err, "rb", buffering=0), stderr)


class _Direct:
    """A program in a process group of its own; what leaves that is out of reach."""

    def __init__(
        self, argv: Sequence[str], cwd: Path, environment: Mapping[str, str], given: int | None
    ) -> None:
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            argv,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL if given is None else given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.stdout, self.stderr = self._process.stdout, self._process.stderr
        self.pid, self.lost, self.left = self._process.pid, False, False

    def wait(self, timeout: float | None = None) -> int:
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None

    def poll(self) -> int | None:
        return self._process.poll()

    def stop(self) -> None:
        self.end()

    def kill(self) -> None:
        self.end()

    def end(self) -> None:
        if sys.platform == "win32":
            words = ["taskkill", "/T", "/F", "/PID", str(self._process.pid)]
            subprocess.run(words, capture_output=True, check=False)
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


class _Guardian:
    """The process that starts programs for this one; it ends when this one has."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._pid = 0

    def ask(self, descriptors: Sequence[int]) -> None:
        """Hand it a request. It is started for the first, and anew where it is gone. Raises OSError."""
        if sys.platform == "win32":
            raise OSError("there is none on Windows")
        with self._lock:
            for attempt in range(2):
                if self._control is None:
                    self._start()
                try:
                    assert self._control is not None
                    socket.send_fds(self._control, [b"?"], descriptors)
                    return
                except OSError:
                    self._leave()
                    if attempt:
                        raise

    def _start(self) -> None:
        assert sys.platform != "win32"
        self._control, theirs = socket.socketpair()
        silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
        actions = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), 0), *silent]
        # By its name, since Python keeps no compiled form of what it starts with.
        kept = ["-B"] if sys.dont_write_bytecode else []
        words = [sys.executable, "-IS", *kept, "-c", _BEGIN, str(_GUARDIAN)]
        with theirs:
            self._pid = os.posix_spawn(sys.executable, words, dict(os.environ), file_actions=actions)
        atexit.register(self._leave, os.getpid())

    def _leave(self, started_in: int | None = None) -> None:
        """Let it end, and take down what time it took."""
        if sys.platform == "win32" or self._control is None or started_in not in (None, os.getpid()):
            return
        self._control.close()
        self._control = None
        deadline = time.monotonic() + _LEAVES_WITHIN
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(self._pid, os.WNOHANG)[0] == 0 and time.monotonic() < deadline:
                time.sleep(0.001)


_guardian = _Guardian()
