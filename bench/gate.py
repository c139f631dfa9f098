"""Is the gate faster than typing its commands, than pre-commit and than nox? On a real project, by the clock.

    python bench/gate.py [--pairs 5] [--only NAME...] [--json] [--keep DIR] [--checkout DIR]

Takes a released project from PyPI and prepares it once (gate_project.py): its tests in tests/unit, a git
repository, an environment with the locked tools and this checkout of atomci. Then it times `atomci run
local_ci` against the same tools typed one after the other (PLAIN), as hooks of pre-commit and pytest behind
them, and as sessions of nox: cold, with one function edited, and with nothing changed since. The hooks are
local and the sessions have no environment of their own, so that no side waits for a download. At last it
times the start of the command line against an import of click.

The sides take turns, and each figure is the median of its runs. Before each run of an edited project the
same function is edited anew, so that no side profits from what another's tools have just learned of it.
Where the gate selects tests, it ran fewer; how many is told. Its second run notes which lines each test
covers, so that it selects from the third on: those runs come before the measured ones.

Needs uv and git. With --keep the prepared folder stays, and a later run on it needs no network. A
missed target isn't an error: the exit code is 0 unless the measurement itself went wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from gate_clock import Clock, Sample, cpu_median, median, wait_for_calm
from gate_project import (
    OTHERS,
    PROJECT,
    TOOLS,
    BenchError,
    Prepared,
    call,
    clear_caches,
    committed,
    cpu_model,
    prepare,
    restored,
    say,
)

PYTEST = "pytest -q tests/unit --cov=src"
PLAIN = f"ruff check . && black --check . && mypy && {PYTEST}"
PRE_COMMIT = f"pre-commit run --all-files && {PYTEST}"
NOX = "nox --session lint style types tests"
GATE = "atomci run local_ci"
CLICK, LIST = 'python -c "import click"', "atomci list"
STARTS = 25

EDITED = "src/werkzeug/utils.py"
_MESSAGE = re.compile(r"opened in binary mode( or use BytesIO|, edit \d+)\.")
ALWAYS = '\n[tool.atomci.selection]\nlocal = "always"\n'


@dataclass(frozen=True)
class Suite:
    """What a side says it did: tests by outcome, and the statements that coverage knows of."""

    passed: int
    skipped: int
    statements: int


@dataclass
class Race:
    """Runs of several sides that took turns; the last one is ours. `limit` is what our median may be at most,
    as a part of the first side's.
    """

    name: str
    sides: tuple[str, ...]
    limit: float
    runs: dict[str, list[Sample]] = field(default_factory=dict)
    tests: list[int] = field(default_factory=list)
    discarded: int = 0

    def ratio(self, other: str) -> float:
        """Of the medians, which the target is about."""
        return median(self.runs[self.sides[-1]]) / median(self.runs[other])

    def paired_ratio(self, other: str) -> float:
        """The median of each round's own ratio, which a change of load between rounds doesn't move."""
        rounds = zip(self.runs[self.sides[-1]], self.runs[other], strict=True)
        return statistics.median(ours.seconds / theirs.seconds for ours, theirs in rounds)

    def cpu_ratio(self, other: str) -> float | None:
        """Of the median processor seconds, which a busy machine moves least; None where unknown."""
        ours, theirs = (cpu_median(self.runs[side]) for side in (self.sides[-1], other))
        return ours / theirs if ours and theirs else None

    @property
    def met(self) -> bool:
        """Whether the target is."""
        return self.ratio(self.sides[0]) <= self.limit

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {
            "name": self.name,
            "limit": self.limit,
            "met": self.met,
            "discarded_rounds": self.discarded,
            "tests_of_the_gate": self.tests,
            "ratios": {
                side: {
                    "ratio": round(self.ratio(side), 4),
                    "paired": round(self.paired_ratio(side), 4),
                    "cpu": round(self.cpu_ratio(side) or 0.0, 4) or None,
                }
                for side in self.sides[:-1]
            },
            "sides": [
                {"command": side, "median": round(median(runs), 4), "runs": [asdict(run) for run in runs]}
                for side, runs in self.runs.items()
            ],
        }


@dataclass(frozen=True)
class Plan:
    """How many rounds, and with how many cores' worth of other work one may be counted (None: any)."""

    rounds: int
    calm: float | None = None

    def race(self, race: Race, run: Callable[[str], Sample]) -> Race:
        """Run all sides in rounds, each round beginning with the next side."""
        rounds = max(self.rounds, STARTS) if race.name == "start" else self.rounds
        race.runs = {side: [] for side in race.sides}
        while (done := len(race.runs[race.sides[-1]])) < rounds:
            wait_for_calm(self.calm if race.name != "start" else None)
            first = done % len(race.sides)
            found = {side: run(side) for side in (*race.sides[first:], *race.sides[:first])}
            others = max(sample.others or 0.0 for sample in found.values())
            said = ", ".join(f"{side.split()[0]} {found[side].seconds:.3f} s" for side in race.sides)
            if self.calm is not None and others > self.calm and race.discarded < 10 * rounds:
                race.discarded += 1
                say(f"{race.name}: {said}, discarded: others used {others:.2f} cores")
                continue
            for side, sample in found.items():
                race.runs[side].append(sample)
            say(f"{race.name} {done + 1}/{rounds}: {said}, others {others:.2f} cores")
        return race


@dataclass(frozen=True)
class Bench:
    """The measurements on a prepared project."""

    prepared: Prepared
    plan: Plan
    expected: Suite

    def cold(self, race: Race) -> Race:
        """As after a clone: no tool has been here."""

        def run(side: str) -> Sample:
            clear_caches(self.prepared.root)
            return self._run(side)

        return self.plan.race(race, run)

    def unchanged(self, race: Race) -> Race:
        """Each side has been green on these very files."""

        def run(side: str) -> Sample:
            sample = self._run(side)
            if side == GATE and (ran := atoms_that_ran(self.prepared.root)):
                raise BenchError(f"nothing had changed, and yet these ran: {', '.join(ran)}")
            return sample

        for side in (*race.sides, GATE):
            self._run(side)
        return self.plan.race(race, run)

    def edited(self, race: Race) -> Race:
        """One function is another than in any run before."""
        numbers = count(int(time.time()))  # none that the gate knows of an earlier bench

        def run(side: str) -> Sample:
            edit(self.prepared.root / EDITED, next(numbers))
            sample = self._run(side, whole=False)
            if side == GATE:
                race.tests.append(tests_of_gate(self.prepared.root).passed)
            return sample

        with restored(self.prepared.root / EDITED):
            # The gate notes what each test runs in its second run, and parses all files in its third.
            for side in (*race.sides, GATE, GATE):
                run(side)
            race.tests.clear()
            return self.plan.race(race, run)

    def always(self, race: Race) -> Race:
        """The same, where the project says that tests are selected also where coverage would take all."""
        with committed(self.prepared.root, "pyproject.toml", ALWAYS):
            return self.edited(race)

    def start(self, race: Race) -> Race:
        """The command line's start, with the same interpreter and without a shell."""
        program = self.prepared.scripts / ("atomci.exe" if os.name == "nt" else "atomci")
        words = {CLICK: [str(self.prepared.python), "-c", "import click"], LIST: [str(program), "list"]}
        for side in race.sides:
            timed(self.prepared, words[side])
        return self.plan.race(race, lambda side: timed(self.prepared, words[side])[0])

    def _run(self, side: str, *, whole: bool = True) -> Sample:
        sample, output = timed(self.prepared, side)
        if side == GATE:
            agree(side, tests_of_gate(self.prepared.root), self.expected, whole=whole)
        else:
            agree(side, tests_in(output), self.expected, whole=True)
        return sample


RUNNERS = (PLAIN, PRE_COMMIT, NOX, GATE)
RACES: dict[str, tuple[Callable[[Bench, Race], Race], tuple[str, ...], float]] = {
    "cold": (Bench.cold, RUNNERS, 0.75),
    "nothing changed": (Bench.unchanged, RUNNERS, 0.03),
    "one file edited": (Bench.edited, RUNNERS, 0.25),
    'edited, local = "always"': (Bench.always, (PLAIN, GATE), 0.25),
    "start": (Bench.start, (CLICK, LIST), 1.5),
}


def timed(prepared: Prepared, command: str | Sequence[str]) -> tuple[Sample, str]:
    """Run a line in the host's shell, or words without one. Raises BenchError when it isn't green."""
    shell = ["cmd", "/c"] if os.name == "nt" else ["sh", "-c"]
    argv = [*shell, command] if isinstance(command, str) else command
    clock = Clock()
    done = subprocess.run(
        argv,
        cwd=prepared.root,
        env=prepared.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    sample = clock.stop()
    if done.returncode != 0:
        raise BenchError(f"{command}\nexit {done.returncode}, expected 0\n{done.stdout[-4000:]}")
    return sample, done.stdout


def edit(file: Path, number: int) -> None:
    """Another text in an error that a function raises, which no test looks at."""
    before = file.read_text(encoding="utf-8")
    after, edits = _MESSAGE.subn(f"opened in binary mode, edit {number}.", before)
    if edits != 1 or after == before:
        raise BenchError(f"{file} isn't as expected")
    file.write_text(after, encoding="utf-8")


def tests_in(output: str) -> Suite:
    """From what pytest and pytest-cov printed."""
    tally = {word: int(number) for number, word in re.findall(r"(\d+) (passed|skipped|xfailed)", output)}
    total = re.search(r"^TOTAL +(\d+)", output, re.MULTILINE)
    if not tally or total is None:
        raise BenchError(f"no result in pytest's output:\n{output[-2000:]}")
    return Suite(tally.get("passed", 0), tally.get("skipped", 0) + tally.get("xfailed", 0), int(total[1]))


def tests_of_gate(root: Path) -> Suite:
    """From the gate's junit.xml and coverage.xml; no statements where nothing was measured."""
    reports = root / "artifacts" / "reports"
    suite = ET.parse(reports / "junit.xml").getroot().find("testsuite")
    if suite is None:
        raise BenchError("the gate's junit.xml is empty")
    measured = reports / "coverage.xml"
    statements = ET.parse(measured).getroot().get("lines-valid") if measured.is_file() else 0
    tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return Suite(tests - skipped - bad, skipped, int(statements or 0))


def agree(side: str, found: Suite, expected: Suite, *, whole: bool) -> None:
    """All sides must do the same work in every run; where tests are selected, some of it."""
    if found != expected if whole else not 0 < found.passed <= expected.passed:
        raise BenchError(f"{side} did {found}, expected {expected}")


def last_run(root: Path) -> list[dict[str, Any]]:
    """The events of the last run."""
    folder = max((root / "artifacts" / "runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def atoms_that_ran(root: Path) -> list[str]:
    """Atoms of the last run that started a program, though nothing had changed."""
    finished = [event for event in last_run(root) if "seconds" in event and event.get("commands")]
    return [event["atom"] for event in finished if event.get("atom") and not event["cached"]]


def facts(prepared: Prepared, checkout: Path, load: Sequence[float]) -> dict[str, Any]:
    """Where and with what this was measured."""
    listed = json.loads(
        call(["uv", "pip", "list", "--format=json", "--python", str(prepared.python)], prepared.root)
    )
    versions = {row["name"]: row["version"] for row in listed}
    return {
        "project": PROJECT,
        "lines": prepared.lines,
        "machine": f"{cpu_model()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "atomci": call(["git", "describe", "--always", "--dirty"], checkout).strip(),
        "tools": {name: versions[name] for name in (*TOOLS, *OTHERS, "coverage", "click")},
        "load_before": round(load[0], 2),
    }


def table(races: Sequence[Race]) -> list[str]:
    """A line for each side, with our part of its time, and each race's verdict."""
    lines = [f"{'':26} {'median':>9} {'min':>9} {'cpu':>9} {'ratio':>7} {'paired':>7} {'of cpu':>7}  command"]
    for race in races:
        for side, runs in race.runs.items():
            used = cpu_median(runs)
            cpu = f"{used:7.3f} s" if used is not None else "unknown"
            best = min(run.seconds for run in runs)
            ours = side == race.sides[-1]
            parts = "" if ours else f"{race.ratio(side):7.3f} {race.paired_ratio(side):7.3f}"
            if not ours and (part := race.cpu_ratio(side)) is not None:
                parts += f" {part:7.3f}"
            name = race.name if side == race.sides[0] else ""
            lines.append(f"{name:26} {median(runs):7.3f} s {best:7.3f} s {cpu:>9} {parts:23}  {side}")
        ran = f", {min(race.tests)} to {max(race.tests)} tests ran" if race.tests else ""
        verdict = "met" if race.met else "NOT MET"
        lines.append(f"{'':26} target: at most {race.limit:.2f} of the first line, {verdict}{ran}")
    return lines


def bench(folder: Path, checkout: Path, plan: Plan, only: Sequence[str]) -> tuple[dict[str, Any], list[Race]]:
    """Prepare and measure."""
    say(f"preparing {PROJECT}")
    prepared = prepare(folder, checkout)
    load = os.getloadavg() if hasattr(os, "getloadavg") else (0.0,)
    about = facts(prepared, checkout, load)
    expected = tests_in(timed(prepared, PLAIN)[1])
    measured = Bench(prepared, plan, expected)
    races = [
        method(measured, Race(name, sides, limit))
        for name, (method, sides, limit) in RACES.items()
        if not only or any(name.startswith(word) for word in only)
    ]
    return about | {"suite": asdict(expected)}, races


def main() -> int:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--pairs", "--runs", type=int, default=5, help="rounds; a figure worth quoting has 5 or more")
    add("--only", nargs="+", metavar="NAME", default=[], help=f"of {', '.join(RACES)}: those that begin so")
    add("--json", action="store_true", help="one JSON object")
    add("--keep", type=Path, metavar="DIR", help="prepare there and leave it for the next run")
    own = Path(__file__).resolve().parents[1]
    add("--checkout", type=Path, default=own, metavar="DIR", help="another checkout of atomci")
    calm = "count only rounds in which all other processes used at most this many cores (Linux)"
    add("--calm", type=float, metavar="CORES", help=calm)
    options = parser.parse_args()
    plan = Plan(max(1, options.pairs), options.calm)
    with tempfile.TemporaryDirectory(prefix="atomci-bench-") as scratch:
        folder = (options.keep or Path(scratch)).resolve()
        try:
            about, races = bench(folder, options.checkout.resolve(), plan, options.only)
        except BenchError as error:
            say(f"error: {error}")
            return 1
    if options.json:
        print(json.dumps(about | {"targets": [race.as_dict() for race in races]}, indent=1))
        return 0
    for key, value in about.items():
        shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        print(f"{key:12} {shown}")
    print("\n".join(["", *table(races)]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
