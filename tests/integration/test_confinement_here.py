"""Which back-end is taken on this machine, and that a confined program is held to its bounds."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from atomci.errors import RefusedError, UsageError
from atomci.guard.confinement import bubblewrap, choice, landlock
from atomci.guard.confinement.bounds import Backend, Bounds, Level
from atomci.guard.confinement.choice import confined


@pytest.fixture
def bounds(tmp_path: Path) -> Bounds:
    for name in ("tree", "scratch"):
        (tmp_path / name).mkdir()
    return Bounds(writable=(tmp_path / "tree",), scratch=tmp_path / "scratch")


@dataclass
class MadeUp:
    """A back-end that runs a shell line in the program's place."""

    NAME: str
    line: str
    LEVEL: Level = "os-fs"
    absent: str = ""
    NAMES_HOSTS: bool = False

    def missing(self) -> str:
        return self.absent

    def confined(self, bounds: Bounds, argv: tuple[str, ...], cwd: Path) -> tuple[str, ...]:
        return ("/bin/sh", "-c", self.line, *argv[3:])

    def gaps(self, bounds: Bounds) -> tuple[str, ...]:
        return ()


HONEST = 'echo inside > "$1"; echo done'
LEAKING = 'echo inside > "$1"; echo touched > "$2"; echo done'


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (MadeUp("absent", HONEST, absent="it isn't installed"), "absent: it isn't installed"),
        (MadeUp("silent", "exit 0"), "silent: exit 0"),
        (MadeUp("broken", "echo 'setting up uid map: Permission denied' >&2; exit 1"), "setting up uid map"),
        (MadeUp("leaking", LEAKING), "leaking: a program that it confined wrote outside"),
        (MadeUp("barred", "echo done"), "barred: done"),
    ],
)
def test_only_a_back_end_that_confines_in_a_trial_is_taken(bounds: Bounds, first, reason) -> None:
    cwd = bounds.writable[0]
    assert confined(bounds, ("true",), cwd, backends=[first, MadeUp("honest", HONEST)]).backend == "honest"
    with pytest.raises(RefusedError) as refused:
        confined(bounds, ("true",), cwd, backends=[first])
    assert reason in refused.value.message
    assert "--allow-degraded" in refused.value.hint
    assert list(bounds.scratch.iterdir()) == []


def greet(server: socket.socket) -> None:
    """Say hello to all that connect, on a thread that ends with the server."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                asked, _ = server.accept()
                asked.sendall(b"hello")
                asked.close()

    threading.Thread(target=serve, daemon=True).start()


_CONNECT = """
import socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect(sys.argv[1])
    print(asked.recv(5).decode())
"""


@pytest.mark.parametrize("backend", [bubblewrap, landlock], ids=lambda backend: backend.NAME)
@pytest.mark.parametrize("allowed", [False, True])
def test_sockets_of_other_programs_can_be_reached_where_that_is_allowed(
    bounds: Bounds, tmp_path: Path, backend: Backend, allowed: bool
) -> None:
    bounds = replace(bounds, sockets=allowed)
    if failed := choice.tried(backend, bounds, bounds.writable[0]).failed:
        pytest.skip(failed)
    path = Path(tempfile.mkdtemp(dir="/tmp")) / "s"  # a longer path is none for a socket
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            greet(server)
            words = (sys.executable, "-IS", "-c", _CONNECT, str(path))
            program = confined(bounds, words, bounds.writable[0], backends=[backend])
            done = subprocess.run(program.argv, cwd=program.cwd, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(path.parent)
    assert (done.stdout == "hello\n") == allowed, done.stderr


def test_what_is_to_be_protected_and_is_not_there_is_told(bounds: Bounds) -> None:
    missing = bounds.writable[0] / "deploy"
    program = confined(
        replace(bounds, protected=(missing,)),
        ("true",),
        bounds.writable[0],
        backends=[MadeUp("honest", HONEST)],
    )
    assert program.gaps == (f"{missing} isn't there yet, and can be made",)
    assert not missing.exists()


def test_a_writable_folder_must_be_there_and_not_be_the_home(
    bounds: Bounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "tree"))
    (tmp_path / "link").symlink_to(tmp_path)
    for path, said in ((tmp_path / "missing", "isn't there"), (tmp_path / "link", "your whole home")):
        with pytest.raises(UsageError, match=said):
            confined(replace(bounds, writable=(path,)), ("true",), tmp_path, degraded=True)


_ASK = """
import json, os, socket, sys
def through(host):
    with socket.create_connection(("127.0.0.1", 3128), 5) as asked:
        asked.sendall(f"{sys.argv[2]} {host} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n".encode())
        said = b""
        while piece := asked.recv(100):
            said += piece
        return said.decode()
def straight(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as asked:
            return asked.recv(100).decode()
    except OSError as error:
        return type(error).__name__
port = int(sys.argv[1])
named = [through(host) for host in (f"LOCALHOST:{port}", f"127.0.0.1:{port}", "localhost:1")]
print(json.dumps([*named, straight(port), os.environ["HTTPS_PROXY"]]))
"""


@contextlib.contextmanager
def greeter() -> Iterator[int]:
    """The port of a server of this machine that says hello."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        greet(server)
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def asked_by_name(bounds: Bounds, port: int, method: str) -> list[str]:
    bounds = replace(bounds, network="api", hosts=(f"localhost:{port}", "localhost:1"))
    words = (sys.executable, "-IS", "-c", _ASK, str(port), method)
    program = confined(bounds, words, bounds.writable[0], backends=[bubblewrap])
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        program.argv, cwd=program.cwd, env=environment, capture_output=True, text=True, check=True
    )
    told: list[str] = json.loads(done.stdout)
    return told


@pytest.fixture
def with_bubblewrap(bounds: Bounds) -> Bounds:
    if failed := choice.tried(bubblewrap, bounds, bounds.writable[0]).failed:
        pytest.skip(failed)
    return bounds


def test_a_network_by_name_is_open_for_these_hosts_and_for_no_other(with_bubblewrap: Bounds) -> None:
    with greeter() as port:
        named, other, shut, straight, proxy = asked_by_name(with_bubblewrap, port, "CONNECT")
    assert named == "HTTP/1.1 200 OK\r\n\r\nhello"
    assert other.startswith("HTTP/1.1 403 Forbidden")
    assert f"127.0.0.1:{port} isn't one of the hosts" in other
    assert shut.startswith("HTTP/1.1 502 Bad Gateway")
    assert straight == "ConnectionRefusedError"
    assert proxy == "http://127.0.0.1:3128"


def test_what_is_no_wish_to_connect_is_refused(with_bubblewrap: Bounds) -> None:
    with greeter() as port:
        named, *_ = asked_by_name(with_bubblewrap, port, "GET")
    assert named.startswith("HTTP/1.1 403 Forbidden")


def test_nothing_of_a_network_by_name_is_left_when_the_program_ends(with_bubblewrap: Bounds) -> None:
    bounds = replace(with_bubblewrap, network="api", hosts=("localhost:1",))
    program = confined(bounds, ("true",), bounds.writable[0], backends=[bubblewrap])
    process = subprocess.Popen(program.argv, cwd=program.cwd, stdout=subprocess.PIPE)
    out, _ = process.communicate(timeout=30)  # its streams are closed, so nobody holds them
    assert (process.returncode, out) == (0, b"")


def test_a_back_end_that_knows_no_hosts_is_not_taken_for_a_network_by_name(bounds: Bounds) -> None:
    bounds = replace(bounds, network="api", hosts=("localhost:1",))
    for degraded in (False, True):
        with pytest.raises(RefusedError, match="for some hosts alone"):
            confined(bounds, ("true",), bounds.writable[0], degraded=degraded, backends=[landlock])
