"""How long from a save to the verdict? `atomci watch` against pytest-watcher with testmon, on a real project.

    python bench/watch.py [--rounds 2] [--json] [--keep DIR] [--checkout DIR]

Takes the project of bench/gate.py, fills the records of both sides by one run of all tests each, and then
edits functions of its sources: each is broken, and mended again. A side's time goes from the save to the line
that says how the tests ended. The sides take turns, a block of all edits each, since both would start at a
save. An edit counts where both said red to the break and green to the mended function.

Needs uv and git. With --keep the prepared folder stays. A missed target isn't an error: the exit code is 0
unless the measurement itself went wrong.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import queue
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gate_project import BenchError, Prepared, call, cpu_model, prepare, say, uv_pip

LIMIT = 0.5
OURS = "atomci watch --json"
# With a marker in addopts, as this project has one, testmon would else select nothing and run all.
THEIRS = "ptw . --now --testmon --testmon-forceselect tests/unit -q"
NEEDS = ("pytest-watcher==0.6.3", "pytest-testmon==2.2.0", "watchfiles>=1")
WATCHER = '\n[tool.pytest-watcher]\npatterns = ["**/*.py"]\nignore_patterns = ["**/.venv/**"]\n'
BREAK = "    raise ValueError('bench')\n"
PAUSE = 2.0
"""Seconds between a verdict and the next save, as somebody types."""
PATIENCE = 300.0
_SUMMARY = re.compile(r"\d+ (failed|errors?|passed|deselected)|no tests ran")

EDITS = (
    ("src/werkzeug/security.py", "def gen_salt("),
    ("src/werkzeug/http.py", "def parse_age("),
    ("src/werkzeug/utils.py", "def secure_filename("),
    ("src/werkzeug/urls.py", "def iri_to_uri("),
    ("src/werkzeug/useragents.py", "def __init__("),
)


@dataclass(frozen=True)
class Verdict:
    """What a side said, after how many seconds, of how many tests."""

    seconds: float
    green: bool
    tests: int


@dataclass
class Edit:
    """A function that is broken and mended, and what each side said to it."""

    name: str
    ours: list[Verdict] = field(default_factory=list)
    theirs: list[Verdict] = field(default_factory=list)


@contextmanager
def watching(
    prepared: Prepared, words: Sequence[str]
) -> Iterator[tuple[Callable[[], str], Callable[[], None]]]:
    """A watcher that runs: what gives its next line, and what waits until it listens again.

    pytest-watcher hears nothing while pytest is still at work after its last line. The first raises
    BenchError when no line comes.
    """
    process = subprocess.Popen(
        words,
        cwd=prepared.root,
        env=prepared.env | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()

    def following() -> str:
        try:
            return lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise BenchError(f"{' '.join(words)} said nothing for {PATIENCE:.0f} s") from None

    def rested() -> None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while "ptw" in words[0] and children.is_file() and children.read_text(encoding="utf-8").strip():
            time.sleep(0.05)

    try:
        yield following, rested
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def said_by_ours(line: str) -> tuple[bool, int] | None:
    """Whether a cycle ended green, and of how many tests; None where the line says neither."""
    event = json.loads(line) if line.startswith("{") else {}
    if event.get("event") != "cycle_finished":
        return None
    return event["verdict"] in ("green", "none"), event["tests"]


def said_by_theirs(line: str) -> tuple[bool, int] | None:
    """The same of pytest's last line, such as `2 failed, 10 passed in 1.2s`."""
    if not re.search(r" in \d+\.\d+s", line) or not _SUMMARY.search(line):
        return None
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (failed|passed|errors?)", line)}
    return not counts.keys() - {"passed"}, sum(counts.values())


def until(
    following: Callable[[], str], said: Callable[[str], tuple[bool, int] | None], since: float
) -> Verdict:
    """The next verdict."""
    while True:
        found = said(following())
        if found is not None:
            return Verdict(time.perf_counter() - since, *found)


def block(
    prepared: Prepared,
    words: Sequence[str],
    said: Callable[[str], tuple[bool, int] | None],
    edits: Sequence[tuple[str, str]],
    took: Callable[[int, Verdict], None],
) -> None:
    """All edits, at one side."""
    with watching(prepared, words) as (following, rested):
        until(following, said, time.perf_counter())  # how it begins
        for number, (path, function) in enumerate(edits):
            file = prepared.root / path
            text = file.read_text(encoding="utf-8")
            try:
                for changed in (broken(text, function), text):
                    rested()
                    time.sleep(PAUSE)
                    began = time.perf_counter()
                    file.write_text(changed, encoding="utf-8")
                    took(number, until(following, said, began))
            finally:
                file.write_text(text, encoding="utf-8")


def broken(text: str, function: str) -> str:
    """The text with a first statement in the function, after its docstring, that raises."""
    line = text[: text.index(function)].count("\n") + 1
    found = [node for node in ast.walk(ast.parse(text)) if getattr(node, "lineno", 0) == line]
    body = next((node.body for node in found if isinstance(node, ast.FunctionDef)), None)
    if body is None:
        raise BenchError(f"{function} isn't laid out as expected")
    first = body[1] if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) else body[0]
    lines = text.splitlines(keepends=True)
    lines.insert(first.lineno - 1, " " * (first.col_offset - 4) + BREAK)
    return "".join(lines)


def ready(prepared: Prepared) -> list[tuple[str, str]]:
    """What both sides need, and the edits for which the project has the function."""
    uv_pip(prepared.root, "install", *NEEDS)
    settings = prepared.root / "pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    if WATCHER not in text:
        settings.write_text(text + WATCHER, encoding="utf-8")
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false"]
        call(["git", *identity, "commit", "--quiet", "--all", "--no-verify", "-m", "watch"], prepared.root)
    (prepared.root / ".git/info/exclude").write_text(".testmondata*\n", encoding="utf-8")
    found = [(path, name) for path, name in EDITS if (prepared.root / path).is_file()]
    return [row for row in found if row[1] in (prepared.root / row[0]).read_text(encoding="utf-8")]


def seed(prepared: Prepared) -> None:
    """A run of all tests at each side, which its selection goes by."""
    say("a run of all tests at each side")
    with watching(prepared, [str(prepared.scripts / "atomci"), *OURS.split()[1:], "--all"]) as (following, _):
        until(following, said_by_ours, time.perf_counter())
        time.sleep(5 * PAUSE)  # it learns after its verdict
    words = [str(prepared.python), "-m", "pytest", *THEIRS.split()[3:]]
    call(words, prepared.root, prepared.env)


def bench(folder: Path, checkout: Path, rounds: int) -> dict[str, Any]:
    """Prepare and measure."""
    prepared = prepare(folder, checkout)
    rows = ready(prepared)
    seed(prepared)
    edits = [Edit(f"{path}: {function.strip('(')}") for path, function in rows]
    ours = [str(prepared.scripts / "atomci"), *OURS.split()[1:]]
    theirs = [str(prepared.scripts / "ptw"), *THEIRS.split()[1:]]
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}: ours")
        block(prepared, ours, said_by_ours, rows, lambda at, verdict: edits[at].ours.append(verdict))
        say(f"round {number + 1} of {rounds}: theirs")
        block(prepared, theirs, said_by_theirs, rows, lambda at, verdict: edits[at].theirs.append(verdict))
    return summary(edits, prepared)


def summary(edits: Sequence[Edit], prepared: Prepared) -> dict[str, Any]:
    """The figures. Raises BenchError where no edit counts."""
    rows = [_row(edit) for edit in edits]
    counted = [row for row in rows if row["counts"]]
    if not counted:
        raise BenchError(f"no edit counts: {rows}")
    every = {side: [time for row in counted for time in row[side]] for side in ("ours", "theirs")}
    medians = {side: round(statistics.median(times), 3) for side, times in every.items()}
    ratio = medians["ours"] / medians["theirs"]
    return {
        "project": prepared.root.name,
        "lines": prepared.lines,
        "machine": f"{cpu_model()}, {os.cpu_count()} cores",
        "medians": medians,
        "ratio": round(ratio, 3),
        "limit": LIMIT,
        "met": ratio <= LIMIT,
        "edits": rows,
    }


def _row(edit: Edit) -> dict[str, Any]:
    wanted = [False, True] * (len(edit.ours) // 2)
    agrees = [one.green for one in edit.ours] == wanted == [one.green for one in edit.theirs]
    return {
        "edit": edit.name,
        "counts": agrees,
        "ours": [round(one.seconds, 3) for one in edit.ours],
        "theirs": [round(one.seconds, 3) for one in edit.theirs],
        "tests": [one.tests for one in edit.ours],
        "their_tests": [one.tests for one in edit.theirs],
        "green": [[one.green for one in edit.ours], [one.green for one in edit.theirs]],
    }


def main() -> int:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--rounds", type=int, default=2, help="blocks of each side")
    add("--json", action="store_true", help="one JSON object")
    add("--keep", type=Path, metavar="DIR", help="prepare there and leave it for the next run")
    own = Path(__file__).resolve().parents[1]
    add("--checkout", type=Path, default=own, metavar="DIR", help="another checkout of atomci")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="atomci-bench-") as scratch:
        folder = (options.keep or Path(scratch)).resolve()
        try:
            found = bench(folder, options.checkout.resolve(), max(1, options.rounds))
        except BenchError as error:
            say(f"error: {error}")
            return 1
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    for row in found["edits"]:
        print(f"{row['edit']:45} ours {row['ours']} s ({row['tests']} tests)")
        print(f"{'':45} theirs {row['theirs']} s ({row['their_tests']} tests)")
    met = "met" if found["met"] else "NOT MET"
    print(f"medians {found['medians']}, ratio {found['ratio']}, target <= {LIMIT}: {met}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
