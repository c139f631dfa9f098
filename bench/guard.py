"""What does a guarded session cost beside the bare program? `atomci guard -- true` and `true`, in turns.

    python bench/guard.py [--rounds 15] [--files 50] [--json] [--keep DIR]

Makes a repository, and takes turns in it: `true`, a session with it, an interpreter that does nothing, one
that loads what a session needs, and one call of git. Each figure is the median of its rounds, by the clock
and of processor; the latter is that of all processes that were started, and hardly minds what else runs.
Sessions keep their things in a folder of the bench's, and nothing of yours is touched.

Needs git, and the `atomci` that is beside this Python. A missed target isn't an error: the exit code is 0
unless the measurement itself went wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

WANTED = 0.060
"""Seconds that a session may take beyond its program."""
LOADED = (
    "import atomci.cli.program, atomci.cli.main, atomci.cli.sessions.guarded, atomci.guard.session,"
    " atomci.cli.view.guarding, atomci.engine.guest, atomci.engine.events"
)


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of processor."""

    wall: float
    processor: float


def make(top: Path, files: int) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main", str(top)], check=True)
    for number in range(files):
        (top / f"file{number:04}.py").write_text(f"value = {number}\n", encoding="utf-8")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", "add", "."], cwd=top, check=True)
    subprocess.run(["git", *who, "commit", "-q", "-m", "first"], cwd=top, check=True)


def used() -> float:
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def once(words: Sequence[str], top: Path, env: dict[str, str]) -> Cost:
    processor, started = used(), time.perf_counter()
    done = subprocess.run(words, cwd=top, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    cost = Cost(time.perf_counter() - started, used() - processor)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr.decode()}")
    return cost


def commands() -> dict[str, list[str]]:
    python = [sys.executable]
    return {
        "program": ["true"],
        "session": [str(Path(sys.executable).with_name("atomci")), "guard", "--", "true"],
        "interpreter": [*python, "-c", "pass"],
        "loaded": [*python, "-c", LOADED],
        "git": ["git", "rev-parse", "HEAD"],
    }


def measured(top: Path, env: dict[str, str], rounds: int) -> dict[str, Cost]:
    """The median of each command, after one turn that isn't counted."""
    asked = commands()
    found: dict[str, list[Cost]] = {name: [] for name in asked}
    for number in range(rounds + 1):
        for name, words in asked.items():
            cost = once(words, top, env)
            if number:
                found[name].append(cost)
    return {name: median(costs) for name, costs in found.items()}


def median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.wall for cost in costs), statistics.median(cost.processor for cost in costs)
    )


def programs(top: Path, env: dict[str, str], folder: Path) -> int:
    """How many gits one session starts, as git itself tells."""
    log = folder / "trace"
    once(commands()["session"], top, {**env, "GIT_TRACE2_EVENT": str(log)})
    return sum(1 for line in log.read_bytes().splitlines() if json.loads(line)["event"] == "start")


def told(costs: dict[str, Cost], gits: int) -> dict[str, Cost]:
    """Overhead, and what of it is known."""
    parts = {
        "overhead": less(costs["session"], costs["program"]),
        "an interpreter": costs["interpreter"],
        "what it loads": less(costs["loaded"], costs["interpreter"]),
        f"{gits} calls of git": Cost(costs["git"].wall * gits, costs["git"].processor * gits),
    }
    known = list(parts.values())[1:]
    rest = Cost(sum(cost.wall for cost in known), sum(cost.processor for cost in known))
    return {**parts, "all else: back-end, files, record": less(parts["overhead"], rest)}


def less(one: Cost, other: Cost) -> Cost:
    return Cost(one.wall - other.wall, one.processor - other.processor)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="atomci-bench-"))
    env = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "XDG_CACHE_HOME": str(folder / "cache")}
    try:
        make(folder / "repository", asked.files)
        costs = measured(folder / "repository", env, asked.rounds)
        parts = told(costs, programs(folder / "repository", env, folder))
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for name, cost in parts.items():
        wanted = f"  (wanted: at most {WANTED * 1000:.0f} ms)" if name == "overhead" else ""
        line = (
            f"{name:34} {cost.wall * 1000:6.1f} ms by the clock, {cost.processor * 1000:6.1f} ms of processor"
        )
        print(line + wanted, file=sys.stderr)
    if asked.json:
        print(
            json.dumps(
                {"rounds": asked.rounds, "parts": {name: asdict(cost) for name, cost in parts.items()}}
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
