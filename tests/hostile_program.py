"""A program that does all the harm that it can, in turn: `python hostile_program.py WORLD.json all`, then `delete`.

It knows only the paths that it is given, and prints one line of JSON: what it could read or reach, by attack.
Harm to files is seen from outside. Standard library only, since it runs where nothing is installed.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

WORLD = json.loads(Path(sys.argv[1]).read_text())
TREE, HOME, CHECKOUT, OUTSIDE = (Path(WORLD[name]) for name in ("tree", "home", "checkout", "outside"))
LIBC = ctypes.CDLL(None, use_errno=True)
TOLD: dict[str, object] = {}


def attack(function):
    """Run it at once, if it is its turn; what it may not do is no reason to stop."""
    if (function.__name__ == "delete_everything") != (sys.argv[2] == "delete"):
        return function
    try:
        TOLD[function.__name__] = function()
    except (OSError, MemoryError, subprocess.SubprocessError) as error:
        TOLD[function.__name__] = f"{type(error).__name__}: {error}"
    return function


def write(path: Path, text: str = "harm\n") -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(*words: str, cwd: Path = TREE) -> None:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            words, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10, check=False
        )


@attack
def works():
    write(TREE / "made", "made\n")
    (TREE / "kept").write_text("changed\n")
    return subprocess.run(
        ["git", "status", "--porcelain"], cwd=TREE, capture_output=True, text=True, check=True
    ).stdout


@attack
def write_outside():
    write(OUTSIDE / "written")
    os.truncate(OUTSIDE / "truncated", 0)


@attack
def new_outside():
    write(OUTSIDE / "folder/new")


@attack
def link_out():
    (TREE / "way out").symlink_to(OUTSIDE)
    write(TREE / "way out/linked")


@attack
def hard_link():
    os.link(OUTSIDE / "hard", TREE / "hard")
    write(TREE / "hard")


@attack
def move_in():
    (OUTSIDE / "moved").rename(TREE / "moved")


@attack
def push():
    run("git", "push", "-f", WORLD["remote"], "HEAD~1:refs/heads/main")


@attack
def git_commands():
    for words in (
        ("add", "-A"),
        ("commit", "-qm", "x"),
        ("stash",),
        ("reset", "--hard", "HEAD~1"),
        ("update-ref", "refs/heads/main", "HEAD~1"),
        ("branch", "-D", "other"),
        ("config", "core.hooksPath", "/x"),
        ("worktree", "prune"),
    ):
        run("git", *words)
    run("git", "reset", "--hard", "HEAD~1", cwd=CHECKOUT)
    run("git", "clean", "-fdx", cwd=CHECKOUT)


@attack
def rewrite_git():
    for name in ("config", "HEAD", "packed-refs", "hooks/pre-commit", "info/exclude"):
        write(CHECKOUT / ".git" / name)


@attack
def ignore_rules():
    write(CHECKOUT / ".gitignore", "*\n")


@attack
def plant_programs():
    for path in (
        CHECKOUT / "conftest.py",
        CHECKOUT / ".venv/lib/python3.11/site-packages/x.pth",
        HOME / ".local/bin/git",
        HOME / ".bashrc",
        HOME / ".config/systemd/user/x.service",
    ):
        write(path)


@attack
def mode_and_times():
    (OUTSIDE / "mode").chmod(0o777)
    os.utime(OUTSIDE / "mode", (1, 1))


@attack
def own_git_file():
    write(TREE / ".git", f"gitdir: {OUTSIDE}\n")


@attack
def read_keys():
    return (HOME / ".ssh/id").read_text()


@attack
def read_environment():
    return Path(f"/proc/{WORLD['victim']}/environ").read_text()


@attack
def through_proc():
    write(Path(f"/proc/{WORLD['victim']}/root{OUTSIDE}/proc"))
    write(Path(f"/proc/{WORLD['victim']}/cwd/proc"))


@attack
def trace():
    attached = LIBC.ptrace(16, WORLD["victim"], None, None) == 0
    if attached:
        os.waitpid(WORLD["victim"], 0x40000000)
        LIBC.ptrace(17, WORLD["victim"], None, None)
    return attached


@attack
def signals():
    os.kill(WORLD["sleeper"], signal.SIGTERM)


@attack
def sockets():
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(WORLD["socket"])
        return asked.recv(16).decode()


@attack
def network():
    with socket.create_connection(("127.0.0.1", WORLD["port"]), timeout=2) as asked:
        return asked.recv(16).decode()


@attack
def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.sendto(b"out", ("127.0.0.1", WORLD["datagrams"]))


@attack
def settings_of_the_kernel():
    os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))
    return "opened"


@attack
def device():
    os.mknod(TREE / "disk", 0o60600, os.makedev(254, 0))
    return "made"


@attack
def mounts():
    write_it = f"echo harm > '{OUTSIDE}/mounted'"
    run("sh", "-c", f'unshare -Urm sh -c "mount -o remount,rw,bind /; {write_it}" || {write_it}')


@attack
def setuid_programs():
    status = Path("/proc/self/status").read_text()
    return "NoNewPrivs:\t0" in status


@attack
def fill_the_disk():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with (TREE / "large").open("wb") as file:
        for _ in range(WORLD["file_size"] // 65536 + 16):
            file.write(bytes(65536))


@attack
def memory():
    return len(bytearray(WORLD["memory"] * 2))


@attack
def processes():
    reading, writing = os.pipe()
    children = []
    try:
        for _ in range(WORLD["processes"] + 20):
            child = os.fork()
            if child == 0:
                os.close(writing)
                os.read(reading, 1)
                os._exit(0)
            children.append(child)
    except OSError:
        pass
    os.close(writing)
    for child in children:
        os.waitpid(child, 0)
    return len(children)


@attack
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            with (TREE / "daemon").open("w") as file:
                file.write(f"{os.getpid()}\n")
            sys.stdout.close()
            os.closerange(0, 64)
            time.sleep(WORLD["daemon"])
        os._exit(0)
    os.wait()


@attack
def shared_memory():
    Path(WORLD["shared"]).unlink()


@attack
def delete_everything():
    for folder in (OUTSIDE / "all", CHECKOUT, HOME):
        shutil.rmtree(folder, ignore_errors=True)


sys.stdout.write(json.dumps(TOLD))
