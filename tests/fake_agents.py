"""Programs that stand in for coding agents: they print a recorded stream, and hang, fork or lie as they are told.

A fake is a script in a folder that goes first on PATH. What it does is a list of steps in its own text.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

STREAMS = Path(__file__).parent / "fixtures" / "agents"
HELP = "  --output-format <format>  --verbose  --json  -p, --print  --analytics-log FILE"

_SCRIPT = """\
#!{python} -IS
import fcntl, json, os, signal, subprocess, sys, time
if "--version" in sys.argv:
    print("9.8.7 (a fake)")
    sys.exit()
if "--help" in sys.argv:
    print({help!r})
    sys.exit()
def say(text): sys.stdout.write(text); sys.stdout.flush()
def daemon(name):
    "A process that has left the session, and holds a lock on a file for as long as it lives."
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            file = open(name, "w")
            fcntl.flock(file, fcntl.LOCK_EX)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            silent = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2): os.dup2(silent, number)
            file.write("up"); file.flush()
            time.sleep(100)
        os._exit(0)
    os.wait()
    for _ in range(2000):
        if os.path.exists(name) and open(name).read(): return
        time.sleep(0.005)
    sys.exit("no daemon began")
stream = {stream!r}
{steps}
"""


def fake(folder: Path, name: str, *steps: str) -> Path:
    """A program of that name which takes these steps, each a line of Python."""
    folder.mkdir(parents=True, exist_ok=True)
    recorded = STREAMS / f"{name}.jsonl"
    stream = recorded.read_text(encoding="utf-8") if recorded.exists() else ""
    text = _SCRIPT.format(python=sys.executable, help=HELP, stream=stream, steps="\n".join(steps))
    program = folder / name
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    return program


def first_on_path(folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    """The environment in which the fakes of a folder are found first."""
    return {**env, "PATH": os.pathsep.join([str(folder), env.get("PATH", os.defpath)])}


def gone(lock: Path) -> bool:
    """Whether the daemon that held the lock has begun and runs no more; another namespace has other ids."""
    if sys.platform == "win32":
        raise NotImplementedError
    import fcntl

    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return file.read() == "up"
