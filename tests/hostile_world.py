"""A world to be harmed: a home, a checkout, a worktree, files outside, and other programs of the same user."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from atomci.guard.outside import Seen, changed_outside, seen_outside
from atomci.guard.workplace import worktree
from atomci.guard.workplace.place import Workplace
from atomci.tools.running import start

PROGRAM = Path(__file__).with_name("hostile_program.py")
NOBODY = 65534
CAPS = {"memory": 256_000_000, "file_size": 1_000_000, "processes": 40}

_VICTIM = """
import ctypes, os, select, socket, sys
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # any debugger may attach, as far as it goes
unix, tcp = socket.socket(socket.AF_UNIX), socket.create_server(("127.0.0.1", 0))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
unix.bind(sys.argv[1]); unix.listen(); udp.bind(("127.0.0.1", 0))
print(tcp.getsockname()[1], udp.getsockname()[1], flush=True)
while True:
    for ready in select.select([unix, tcp, udp], [], [])[0]:
        if ready is udp:
            ready.recv(16); open(sys.argv[2], "w").close()
        else:
            asked, _ = ready.accept(); asked.sendall(b"hello"); asked.close()
"""


def python_for(user: int) -> str:
    """An interpreter that the user may start."""
    return sys.executable if user == os.getuid() else "/usr/bin/python3"


def as_user(user: int) -> tuple[str, ...]:
    """What has to stand before a program so that this user runs it."""
    ids = ("--reuid", str(user), "--regid", str(user), "--clear-groups", "--")
    return () if user == os.getuid() else ("setpriv", *ids)


@dataclass
class World:
    """Where everything is, and what a program of a user did to it."""

    base: Path
    user: int
    place: Workplace
    told: dict[str, object] = field(default_factory=dict)
    before: Seen = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)

    def at(self, path: str) -> Path:
        return self.base / path

    def did_harm(self, attack: str) -> bool:
        """Whether an attack got what it wanted, by what is there now and what the program told."""
        return _HARM[attack](self)

    def contents(self) -> dict[str, tuple[int, bytes]]:
        """All of home, checkout and what lies outside: modes and bytes."""
        roots = [self.at(name) for name in ("home", "checkout", "outside", "remote.git")]
        paths = [path for root in roots for path in (root, *root.rglob("*"))]
        return {str(path): (path.lstat().st_mode, _digest(path)) for path in paths}

    def seen(self) -> tuple[str, ...]:
        """What is found to be changed outside, by path from the world."""
        after = seen_outside(self.place, self.at("home"))
        return tuple(path.removeprefix(f"{self.base}/") for path in changed_outside(self.before, after))


def text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text()
    return ""


def _git_state(world: World) -> str:
    """References of the repository, and both indexes."""
    admin = world.place.admin or Path()
    rows = git(world.at("checkout"), "-c", "core.hooksPath=", "for-each-ref", check=False)
    return rows + text(world.at("checkout/.git/refs/heads/main")) + str(_digest(admin / "index"))


def _digest(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def _left(world: World) -> list[int]:
    """Processes that still run the hostile program, whatever number they know themselves by."""
    words = os.fsencode(world.at("world.json"))
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [pid for pid in pids if words in _digest(Path(f"/proc/{pid}/cmdline")) and _is_alive(pid)]


def _is_alive(pid: int) -> bool:
    status = text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return bool(status) and status[0] not in "ZX"


def _harmed(*paths: str) -> Callable[[World], bool]:
    return lambda world: any("harm" in text(world.at(path)) for path in paths)


_HARM: Mapping[str, Callable[[World], bool]] = {
    "write_outside": lambda w: w.at("outside/written").exists() or not text(w.at("outside/truncated")),
    "new_outside": lambda w: w.at("outside/folder/new").exists(),
    "link_out": lambda w: w.at("outside/linked").exists(),
    "hard_link": _harmed("outside/hard"),
    "move_in": lambda w: not w.at("outside/moved").exists(),
    "push": lambda w: w.facts["remote"] != text(w.at("remote.git/refs/heads/main")),
    "git_commands": lambda w: w.facts["git"] != _git_state(w),
    "rewrite_git": _harmed(*(f"checkout/.git/{name}" for name in ("config", "HEAD", "hooks/pre-commit"))),
    "ignore_rules": lambda w: text(w.at("checkout/.gitignore")) == "*\n",
    "plant_programs": _harmed("checkout/conftest.py", "home/.local/bin/git", "home/.bashrc"),
    "mode_and_times": lambda w: w.at("outside/mode").stat().st_mode & 0o777 == 0o777,
    "own_git_file": lambda w: str(w.at("outside")) in text(w.place.tree / ".git"),
    "read_keys": lambda w: w.told["read_keys"] == "KEY",
    "read_environment": lambda w: "OF_THE_VICTIM" in str(w.told["read_environment"]),
    "through_proc": lambda w: w.at("outside/proc").exists(),
    "trace": lambda w: w.told["trace"] is True,
    "signals": lambda w: not _is_alive(w.pids["sleeper"]),
    "sockets": lambda w: w.told["sockets"] == "hello",
    "network": lambda w: w.told["network"] == "hello",
    "datagram": lambda w: w.at("outside/datagram").exists(),
    "settings_of_the_kernel": lambda w: w.told["settings_of_the_kernel"] == "opened",
    "device": lambda w: w.told["device"] == "made",
    "mounts": lambda w: w.at("outside/mounted").exists(),
    "setuid_programs": lambda w: w.told["setuid_programs"] is True,
    "fill_the_disk": lambda w: (w.place.tree / "large").stat().st_size > CAPS["file_size"],
    "memory": lambda w: isinstance(w.told["memory"], int),
    "processes": lambda w: int(str(w.told["processes"])) > CAPS["processes"],
    "daemon": lambda w: bool(_left(w)),
    "shared_memory": lambda w: not Path(f"/dev/shm/atomci-{w.base.name}").exists(),  # noqa: S108
    "delete_everything": lambda w: not all(text(w.at(path)) for path in ("outside/all/a", "home/.profile")),
}
ATTACKS = tuple(_HARM)


def git(folder: Path, *words: str, check: bool = True) -> str:
    names = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    safe = ("-c", "safe.directory=*")
    done = subprocess.run(
        ["git", *safe, *words],
        cwd=folder,
        env={**os.environ, **names},
        capture_output=True,
        text=True,
        check=check,
    )
    return done.stdout


def _made(base: Path, run: str) -> Workplace:
    for name in ("home/.ssh", "home/.local/bin", "outside/all", "checkout/.venv/lib"):
        (base / name).mkdir(parents=True)
    (base / "home/.ssh/id").write_text("KEY")
    for path in ("home/.profile", "home/.bashrc", "outside/all/a"):
        (base / path).write_text("mine\n")
    for name in ("truncated", "hard", "moved", "mode"):
        (base / "outside" / name).write_text("mine\n")
    checkout = base / "checkout"
    git(checkout, "init", "-q", "-b", "main")
    (checkout / ".gitignore").write_text(".venv\n")
    for number in range(2):
        (checkout / "kept").write_text(f"{number}\n")
        git(checkout, "add", "-A")
        git(checkout, "commit", "-qm", f"{number}")
    git(checkout, "branch", "other")
    git(base, "clone", "-q", "--bare", "checkout", "remote.git")
    return worktree.make(checkout, run)


@contextlib.contextmanager
def world(base: Path, user: int) -> Iterator[World]:
    """One in an empty folder, whose user also runs a program with a secret, and one that sleeps."""
    place = _made(base, "20260101T000000-aaaa")
    shared = Path(f"/dev/shm/atomci-{base.name}")  # noqa: S108
    shared.write_text("shared")
    made = World(base, user, place)
    made.facts = {"git": _git_state(made), "remote": text(base / "remote.git/refs/heads/main")}
    for path in (base, shared, *base.rglob("*")):
        os.lchown(path, user, user)
    socket = str(base / "home/run.sock")
    words = (*as_user(user), python_for(user), "-c", _VICTIM, socket, str(base / "outside/datagram"))
    cwd = base / "outside"
    with (
        subprocess.Popen(
            words, cwd=cwd, env={"SECRET": "OF_THE_VICTIM"}, stdout=subprocess.PIPE, text=True
        ) as victim,
        subprocess.Popen((*as_user(user), "sleep", "60")) as sleeper,
    ):
        try:
            assert victim.stdout is not None
            port, datagrams = map(int, victim.stdout.readline().split())
            made.pids = {"victim": victim.pid, "sleeper": sleeper.pid}
            paths = {name: str(base / name) for name in ("home", "checkout", "outside")}
            more = {"remote": str(base / "remote.git"), "socket": socket, "shared": str(shared)}
            numbers = {"port": port, "datagrams": datagrams, "daemon": 30}
            told = {**paths, **more, **numbers, **CAPS, **made.pids, "tree": str(place.tree)}
            (base / "world.json").write_text(json.dumps(told))
            made.before = seen_outside(place, base / "home")
            yield made
        finally:
            victim.kill()
            sleeper.kill()
            shared.unlink(missing_ok=True)


def run_in(made: World, words: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """What the words print, run by the world's user; afterwards nothing of them runs."""
    program = start((*as_user(made.user), *words), made.place.tree, environment)
    try:
        printed = program.stdout.read().decode()
        said = program.stderr.read().decode()
        code = program.wait(30)
    finally:
        program.end()
    assert code == 0, said
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline and _left(made):
        time.sleep(0.01)
    return printed
