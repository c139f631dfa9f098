"""What does a snapshot cost beside `git status`? On a made-up repository of 100,000 files, by the clock.

    python bench/snapshot.py [--files 100000] [--rounds 9] [--json] [--keep DIR]

Makes the repository once, and takes turns: `git status`, then a snapshot in this process, first with a clean
tree, then with 160 changed files, then with attributes by which git may convert every file, such as
`* text=auto`, which most projects have. Each figure is the median of its rounds; processor time is that of
this process with all programs that it started.

Needs git and this checkout of atomci. A missed target isn't an error: the exit code is 0 unless the
measurement itself went wrong.
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
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from atomci.guard.snapshot.store import SnapshotStore
from atomci.guard.snapshot.take import take
from atomci.tools.git.repository import open_repository

CHANGED = 160
LIMITS = {"clean": 1.6, "changed": 2.0}
"""How many times `git status` a snapshot may take."""
RUN = "20260101T000000"


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of processor."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Compared:
    """The medians of both sides, and how many times the one the other takes."""

    tree: str
    status: Cost
    snapshot: Cost
    limit: float | None

    @property
    def ratio(self) -> float:
        return self.snapshot.wall / self.status.wall

    @property
    def processor_ratio(self) -> float:
        return self.snapshot.processor / self.status.processor


def make(top: Path, files: int) -> None:
    """A repository with 20 files in each folder, in one pack, its index fresh."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(top)], check=True)
    rows = [b"commit refs/heads/main\ncommitter a <a@example.org> 1700000000 +0000\ndata 5\nfirst\n"]
    for number in range(files):
        content = f"line of file {number}\n".encode() * (1 + number % 7)
        rows.append(f"M 100644 inline {path_of(number)}\ndata {len(content)}\n".encode() + content + b"\n")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=top, input=b"".join(rows), check=True)
    subprocess.run(["git", "reset", "-q", "--hard"], cwd=top, check=True)
    time.sleep(1.1)  # else git has to read what was written in the second of the index
    subprocess.run(["git", "update-index", "-q", "--refresh"], cwd=top, check=True)


def path_of(number: int) -> str:
    folder = number // 20
    return f"package{folder // 50:03}/module{folder % 50:02}/file{number % 20:02}.py"


def change(top: Path, files: int) -> None:
    for number in range(0, files, max(1, files // CHANGED)):
        path = top / path_of(number)
        path.write_text(path.read_text(encoding="utf-8") + "changed\n", encoding="utf-8")


def convert(top: Path) -> None:
    (top / ".gitattributes").write_text("* text=auto\n", encoding="utf-8")


def used() -> float:
    whole = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(row.ru_utime + row.ru_stime for row in whole)


def timed(work: Callable[[], object]) -> Cost:
    processor, started = used(), time.perf_counter()
    work()
    return Cost(time.perf_counter() - started, used() - processor)


def status(top: Path) -> None:
    env = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    subprocess.run(["git", "status", "--porcelain"], cwd=top, env=env, check=True, stdout=subprocess.DEVNULL)


def compare(top: Path, tree: str, rounds: int) -> Compared:
    """Both sides in turns, after one turn that isn't counted."""
    sides: tuple[list[Cost], list[Cost]] = [], []
    for number in range(rounds + 1):
        ours = timed(lambda: take(top, RUN))
        SnapshotStore(open_repository(top), RUN).drop()
        theirs = timed(lambda: status(top))
        if number:
            sides[0].append(theirs)
            sides[1].append(ours)
    return Compared(tree, median(sides[0]), median(sides[1]), LIMITS.get(tree))


def median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.wall for cost in costs), statistics.median(cost.processor for cost in costs)
    )


def measured(top: Path, files: int, rounds: int) -> Iterator[Compared]:
    make(top, files)
    yield compare(top, "clean", rounds)
    change(top, files)
    yield compare(top, "changed", rounds)
    convert(top)
    yield compare(top, "changed, text=auto", rounds)


def row(found: Compared) -> str:
    wanted = "" if found.limit is None else f"  (wanted: at most {found.limit})"
    return (
        f"{found.tree:20} git status {found.status.wall * 1000:5.0f} ms, snapshot"
        f" {found.snapshot.wall * 1000:5.0f} ms: {found.ratio:.2f} times{wanted};"
        f" of processor {found.processor_ratio:.2f} times"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="atomci-bench-"))
    try:
        rows = []
        for found in measured(folder / "repository", asked.files, asked.rounds):
            rows.append(found)
            print(row(found), file=sys.stderr, flush=True)
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if asked.json:
        told = [
            asdict(found) | {"ratio": found.ratio, "processor_ratio": found.processor_ratio} for found in rows
        ]
        print(json.dumps({"files": asked.files, "rounds": asked.rounds, "trees": told}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
