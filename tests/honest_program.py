"""A program that does what tools of developers do: `python honest_program.py`; prints what failed, by name.

Standard library only, since it runs where nothing is installed.
"""

import fcntl
import json
import os
import pty
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

FAILED: dict[str, str] = {}


def does(function):
    """Do it at once, and note why it can't be done."""
    if __name__ == "__main__":
        try:
            function()
        except Exception as error:
            FAILED[function.__name__] = f"{type(error).__name__}: {error}"
    return function


@does
def pool_of_processes():
    with ProcessPoolExecutor(2) as pool:
        assert list(pool.map(abs, [-1, -2])) == [1, 2]


@does
def terminal():
    own, other = pty.openpty()
    os.write(other, b"x")
    assert os.read(own, 1) == b"x"


@does
def pair_of_sockets():
    one, other = socket.socketpair()
    one.sendall(b"x")
    assert other.recv(1) == b"x"


@does
def server_of_its_own():
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: server.accept()[0].sendall(b"x"))
        thread.start()
        with socket.create_connection(server.getsockname()) as asked:
            assert asked.recv(1) == b"x"
        thread.join()


@does
def names_of_hosts():
    assert socket.getaddrinfo("localhost", 80)
    assert Path("/etc/resolv.conf").read_bytes() or True


@does
def database():
    with sqlite3.connect("data.db") as data:
        data.execute("pragma journal_mode=wal")
        data.execute("create table t (a)")


@does
def temporary_files():
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x").write_text("x")
    Path(os.environ["XDG_CACHE_HOME"], "tool").mkdir(parents=True)


@does
def edit_by_renaming():
    Path("kept.new").write_text("new\n")
    Path("kept.new").rename("kept")
    Path("folder").mkdir()
    Path("kept").rename("folder/kept")
    Path("folder/kept").chmod(0o755)
    Path("folder/link").symlink_to("kept")
    os.link("folder/kept", "kept")


@does
def locks():
    with Path("lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)


@does
def devices():
    Path(os.devnull).write_text("x")
    with Path("/dev/urandom").open("rb") as file:
        file.read(1)


@does
def shell_and_git():
    subprocess.run(
        ["sh", "-c", "git status --porcelain && git diff --stat && git log -1"],
        check=True,
        stdout=subprocess.DEVNULL,
    )


@does
def own_programs():
    Path("tool").write_text("#!/bin/sh\nexit 0\n")
    Path("tool").chmod(0o755)
    subprocess.run(["./tool"], check=True)


@does
def environment_of_python():
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "env"], check=True)
    subprocess.run(["env/bin/python", "-c", "import json"], check=True)


@does
def node():
    program = shutil.which("node")
    if program:
        code = (
            "new WebAssembly.Memory({initial: 1, maximum: 65536}); require('child_process').execSync('true')"
        )
        subprocess.run([program, "-e", code], check=True, capture_output=True)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(FAILED))
