"""A process that starts programs for another one and ends all that is left of them when that one is gone.

Its standard input is the socket over which it is asked. It needs an interpreter once; each program costs a
fork and a spawn, and a script of atomci's own a fork. Between the guardian and a program stands a
supervisor, to whom Linux gives every orphan of the program's tree, also one that has left its session.
Elsewhere what has left the program's group is out of reach.

A request is the line to the asking process, and where standard output and error go; a fourth descriptor is
where input comes from. Where that and the output are one terminal, the program gets it as its own.
Over the line come four bytes with the length of what follows, and that, with a zero byte between any two:
the number of words, the folder, the words, the variables as NAME=VALUE. Back go `started PID`, or `failed
ERRNO`; at the program's end `ended CODE`, and the line is closed when nothing is left of the tree, or after
`left` where something can't be ended. Any byte means: end it, politely for a second. The line's end means:
now, also while it is being asked politely.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gc
import os
import select
import signal
import socket
import sys
import time

_PACKAGE = __file__.rpartition(os.sep + "tools" + os.sep)[0] + os.sep
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
# Programs are to end by these, and whoever asked; not those who see them to their end.
_PASSED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DESCRIPTORS = 65536
_POLITE = 1.0
_GIVE_UP = 5.0
_PAUSE = 0.02


def main() -> None:
    """Answer requests until nobody is left to ask."""
    os.closerange(3, _DESCRIPTORS)  # what the asking process was given isn't for programs
    gc.disable()  # it would touch, and so copy, the pages that forks share
    control = socket.socket(fileno=0)
    os.setsid()
    deaf_to = [number for number in _PASSED_BY if signal.getsignal(number) != signal.SIG_IGN]
    for number in deaf_to:
        signal.signal(number, signal.SIG_IGN)
    adopt = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
    while (request := socket.recv_fds(control, 1, 4))[0]:
        line, *streams = request[1]
        for descriptor in request[1]:
            os.set_inheritable(descriptor, False)
        if os.fork() == 0:
            os.dup2(os.open(os.devnull, os.O_RDWR), control.detach())
            if adopt is not None:
                adopt(_SUBREAPER, 1, 0, 0, 0)
            with contextlib.suppress(ConnectionError):
                _Supervisor(socket.socket(fileno=line), deaf_to, adopts=adopt is not None).serve(streams)
            os._exit(0)
        for descriptor in request[1]:
            os.close(descriptor)
        _wait_for_supervisors(os.WNOHANG)
    _wait_for_supervisors(0)


def _wait_for_supervisors(options: int) -> None:
    """Those that have ended, or all: so the time that programs took counts for who asked."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, options)[0]:
            continue


class _Supervisor:
    """Starts one program and sees its whole tree to the end."""

    def __init__(self, line: socket.socket, deaf_to: list[signal.Signals], *, adopts: bool) -> None:
        self._line = line
        self._deaf_to = deaf_to
        self._adopts = adopts
        self._program = 0
        self._ended = False
        self._alone = False
        self._woken, waking = os.pipe()
        os.set_blocking(waking, False)
        signal.set_wakeup_fd(waking)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self, streams: list[int]) -> None:
        """The program from its start to the end of what it left."""
        number, folder, *words = self._read(int.from_bytes(self._read(4))).split(b"\0")
        argv, variables = words[: int(number)], words[int(number) :]
        environment = {name: value for name, _, value in (pair.partition(b"=") for pair in variables)}
        try:
            self._program = _start(argv, environment, folder, streams, self._deaf_to)
        except OSError as error:
            self._line.sendall(b"failed %d\n" % (error.errno or 0))
            return
        for descriptor in streams:
            os.close(descriptor)
        self._line.sendall(b"started %d\n" % self._program)
        while not self._alone:
            ready, _, _ = select.select([self._line.fileno(), self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._bury()
            if self._line.fileno() in ready:
                self._end(_POLITE if self._line.recv(4096) else 0.0)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._line.recv(size - len(data))
            if not piece:
                os._exit(0)
            data += piece
        return data

    def _bury(self) -> None:
        """Take down who has ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._alone = True
                return
            if pid == 0:
                return
            if pid == self._program and not self._ended:
                self._ended = True
                with contextlib.suppress(OSError):  # who asked may be gone
                    self._line.sendall(b"ended %d\n" % os.waitstatus_to_exitcode(status))

    def _end(self, polite: float) -> None:
        """End the tree: asked to for a while, then killed, also what it starts meanwhile."""
        began = time.monotonic()
        if polite:
            self._tell(signal.SIGTERM)
        while time.monotonic() < began + polite + _GIVE_UP:
            self._bury()
            if self._alone:
                return
            if time.monotonic() >= began + polite:
                self._tell(signal.SIGKILL)
            if polite and select.select([self._line.fileno()], [], [], _PAUSE)[0]:
                polite = polite if self._line.recv(4096) else 0.0
            elif not polite:
                time.sleep(_PAUSE)
        with contextlib.suppress(OSError):  # who asked may be gone
            self._line.sendall(b"left\n")
        os._exit(1)

    def _tell(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._program, number)
        for pid in descendants(os.getpid()) if self._adopts else ():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def _start(
    argv: list[bytes],
    environment: dict[bytes, bytes],
    folder: bytes,
    streams: list[int],
    deaf_to: list[signal.Signals],
) -> int:
    """The program's process id, once it runs. Raises OSError where it doesn't."""
    os.chdir(folder)
    if (script := _own_script(argv)) is not None:
        return _forked(script, argv, environment, streams, deaf_to)
    actions = (
        _input(streams),
        (os.POSIX_SPAWN_DUP2, streams[0], 1),
        (os.POSIX_SPAWN_DUP2, streams[1], 2),
    )
    # What is ignored here would be by the program; the first two are by any Python.
    heard = (signal.SIGPIPE, signal.SIGXFSZ, *deaf_to)
    failed = OSError(errno.ENOENT, "")
    for path in _places(argv[0], environment):
        try:
            return os.posix_spawn(path, argv, environment, file_actions=actions, setsid=True, setsigdef=heard)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as error:  # as a shell does, go on looking
            failed = error
    raise failed


def _own_script(argv: list[bytes]) -> str | None:
    """The path of a script of atomci's, where the words start this interpreter with one, isolated."""
    if argv[:2] != [os.fsencode(sys.executable), b"-IS"] or len(argv) < 3:
        return None
    path = os.fsdecode(argv[2])
    return path if path.startswith(_PACKAGE) else None


def _forked(
    script: str,
    argv: list[bytes],
    environment: dict[bytes, bytes],
    streams: list[int],
    deaf_to: list[signal.Signals],
) -> int:
    """Its `main` in a fork of this process, which spares an interpreter's start."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, *deaf_to):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        _take(streams)
        os.environb.clear()
        os.environb.update(environment)
        sys.argv = [os.fsdecode(word) for word in argv[2:]]
        folder, _, name = script.rpartition(os.sep)
        sys.path.append(folder)
        __import__(name.removesuffix(".py")).main()
    except BaseException as error:  # nothing of this process may go on in its place
        os.write(2, f"{error}\n".encode())
    os._exit(126)


def _take(streams: list[int]) -> None:
    """Make them the input, output and errors of this process."""
    where = _input(streams)
    given = where[1] if len(where) == 3 else os.open(where[2], where[3])
    for number, descriptor in enumerate((given, streams[0], streams[1])):
        os.dup2(descriptor, number)


def _input(streams: list[int]) -> tuple[int, int, str, int, int] | tuple[int, int, int]:
    """Nothing, what was handed over, or the terminal, opened anew: so it becomes that of the new session."""
    if len(streams) < 3:
        return os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0
    out, given = streams[0], streams[2]
    if os.isatty(given) and os.path.sameopenfile(given, out):
        return os.POSIX_SPAWN_OPEN, 0, os.ttyname(given), os.O_RDWR, 0
    return os.POSIX_SPAWN_DUP2, given, 0


def _places(program: bytes, environment: dict[bytes, bytes]) -> list[bytes]:
    """Where a program may be: there if it is a path, else in the folders of its own PATH."""
    if b"/" in program:
        return [program]
    folders = environment.get(b"PATH", os.defpath.encode()).split(os.pathsep.encode())
    return [os.path.join(folder, program) for folder in folders]  # noqa: PTH118


def descendants(root: int) -> list[int]:
    """All below a process."""
    parents: dict[int, list[int]] = {}
    try:
        names = os.listdir("/proc")  # noqa: PTH208
    except OSError:
        return []
    for name in filter(str.isdigit, names):
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                parent = int(file.read().rpartition(b")")[2].split()[1])
            parents.setdefault(parent, []).append(int(name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found[1:]


if __name__ == "__main__":
    main()
