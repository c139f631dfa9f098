"""Is the gate faster than typing its commands one after the other? On a real project, by the clock.

    python bench/gate.py [--runs 5] [--json] [--keep DIR] [--checkout DIR]

Takes a released project of more than 20 000 lines from PyPI, prepares it once (its tests in tests/unit,
a git repository, an environment with the locked tools and this checkout of atomci), and times
`atomci run local_ci` against PLAIN: cold, with nothing changed since, and the start of the command
line against an import of click. The two sides take turns, and each figure is the median of its runs.

Needs uv and git. With --keep the prepared folder stays, and a later run on it needs no network. A
missed target isn't an error: the exit code is 0 unless the measurement itself went wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PLAIN = "ruff check . && black --check . && mypy && pytest -q tests/unit --cov=src"
GATE = "atomci run local_ci"

PROJECT = "werkzeug==3.1.3"
SDIST_SHA256 = "60723ce945c19328679790e3282cc758aa4a6040e4bb330f53d30fa546d44746"
MIN_LINES = 20_000
TOOLS = ("ruff", "black", "mypy", "pytest", "pytest-cov", "pytest-xdist")
TEST_NEEDS = ("markupsafe", "cryptography", "watchdog", "ephemeral-port-reserve", "pytest-timeout")
BUILD_NEEDS = ("hatchling", "flit-core<4")

# Removed before every cold run of either side. Black's cache is moved into the project by the environment.
CACHES = (
    ".ruff_cache",
    ".black_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".atomci_cache",
    "artifacts",
    ".coverage",
)
STARTS = 25

# The project's own choices, but for what today's versions of the tools no longer take.
SETTINGS = """
[tool.pytest.ini_options]
testpaths = ["tests"]
filterwarnings = ["error"]
markers = ["dev_server: tests that start the dev server"]
addopts = ["--strict-markers", "-m", "not dev_server"] # those wait for free ports

[tool.coverage.run]
branch = true

[tool.coverage.report]
fail_under = 70

[tool.mypy]
files = ["src"]
strict = true
warn_unused_ignores = false # and what this mypy finds in code that passed the mypy of its day:
disable_error_code = ["arg-type", "assignment", "call-overload", "misc", "operator", "str-unpack"]

[[tool.mypy.overrides]]
module = ["pkg_resources.*", "colorama.*", "cryptography.*", "ephemeral_port_reserve", "watchdog.*"]
ignore_missing_imports = true

[tool.black]
line-length = 88

[tool.ruff]
src = ["src"]

[tool.ruff.lint]
select = ["B", "E", "F", "I", "UP", "W"]
ignore = ["E402", "E501", "UP007"] # imports at the end of files; what black leaves long; a cast's string
isort = { force-single-line = true, order-by-type = false }
"""
IGNORED = [".venv/", "__pycache__/", *(f"{name}/" for name in CACHES if name != ".coverage"), ".coverage"]


class BenchError(Exception):
    """The measurement went wrong, so there is no figure to show."""


@dataclass(frozen=True)
class Target:
    """What the gate's median may be at most, as a part of the other side's."""

    name: str
    sides: tuple[str, str]
    limit: float


COLD = Target("cold", (PLAIN, GATE), 0.75)
WARM = Target("nothing changed", (PLAIN, GATE), 0.10)
START = Target("start-up", ('python -c "import click"', "atomci list"), 1.5)


@dataclass(frozen=True)
class Sample:
    """One run: what the clock said, processor seconds of its process tree, cores that others used."""

    seconds: float
    cpu: float | None
    others: float | None


@dataclass
class Pairs:
    """Runs of two sides that took turns."""

    target: Target
    ours: list[Sample] = field(default_factory=list)
    theirs: list[Sample] = field(default_factory=list)
    discarded: int = 0

    @property
    def ratio(self) -> float:
        """Of the medians, which the target is about."""
        return median(self.ours) / median(self.theirs)

    @property
    def paired_ratio(self) -> float:
        """The median of each pair's own ratio, which a change of load between pairs doesn't move."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return statistics.median(ours.seconds / theirs.seconds for ours, theirs in pairs)

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {
            "name": self.target.name,
            "limit": self.target.limit,
            "met": self.ratio <= self.target.limit,
            "ratio": round(self.ratio, 4),
            "paired_ratio": round(self.paired_ratio, 4),
            "discarded_pairs": self.discarded,
            "sides": [
                {
                    "command": command,
                    "median": round(median(samples), 4),
                    "min": round(min(s.seconds for s in samples), 4),
                    "runs": [asdict(sample) for sample in samples],
                }
                for command, samples in zip(self.target.sides, (self.theirs, self.ours), strict=True)
            ],
        }


def median(samples: Sequence[Sample]) -> float:
    """Of the seconds."""
    return statistics.median(sample.seconds for sample in samples)


@dataclass(frozen=True)
class Prepared:
    """The project at `root`, with its environment."""

    root: Path
    lines: int

    @property
    def scripts(self) -> Path:
        """Where the environment keeps its programs."""
        return self.root / ".venv" / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.scripts / ("python.exe" if os.name == "nt" else "python")

    @property
    def env(self) -> dict[str, str]:
        """The environment of both sides."""
        kept = clean_environment()
        kept["PATH"] = os.pathsep.join((str(self.scripts), kept["PATH"]))
        kept["BLACK_CACHE_DIR"] = str(self.root / ".black_cache")
        return kept


def clean_environment() -> dict[str, str]:
    """This process's variables without those that change what the tools do or how Python starts."""
    odd = ("PYTHON", "PYTEST", "COVERAGE", "MYPY", "RUFF", "BLACK", "ATOMCI", "VIRTUAL_ENV", "UV_PROJECT")
    here = {"CI", "GITHUB_ACTIONS"}
    return {k: v for k, v in os.environ.items() if not k.startswith(odd) and k not in here}


# ---- preparing ----


def prepare(folder: Path, checkout: Path) -> Prepared:
    """The project in `folder`, made unless it is there already; atomci is brought up to date either way."""
    root = folder / "project"
    made, recipe = folder / "prepared.txt", f"{PROJECT} {TOOLS} {TEST_NEEDS} {BUILD_NEEDS}\n{SETTINGS}"
    if not (made.is_file() and made.read_text(encoding="utf-8") == recipe):
        for old in (root, folder / "sdist"):
            shutil.rmtree(old, ignore_errors=True)
        for stamp in (made, folder / "atomci.txt"):
            stamp.unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        lay_out(unpack(folder / "sdist"), root)
        make_environment(root, checkout)
        make_green(root)
        made.write_text(recipe, encoding="utf-8")
    prepared = Prepared(root, count_lines(root))
    if prepared.lines < MIN_LINES:
        raise BenchError(f"{PROJECT} has {prepared.lines} lines of Python, fewer than {MIN_LINES}")
    install_atomci(prepared, checkout, folder / "atomci.txt")
    return prepared


def unpack(folder: Path) -> Path:
    """The source distribution's folder."""
    folder.mkdir()
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{PROJECT} --hash=sha256:{SDIST_SHA256}\n", encoding="utf-8")
    pip = ["uv", "tool", "run", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    call([*pip, "--require-hashes", "--requirement", wanted.name, "--dest", "."], folder)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def lay_out(source: Path, root: Path) -> None:
    """src/, tests/unit/ and a pyproject.toml with the tools' settings."""
    shutil.copytree(source / "src", root / "src")
    shutil.copytree(source / "tests", root / "tests" / "unit")
    for name in ("README.md", "LICENSE.txt"):
        shutil.copyfile(source / name, root / name)
    own = (source / "pyproject.toml").read_text(encoding="utf-8")
    metadata, mark, _ = own.partition("[tool.pytest.ini_options]\n")
    if not mark:
        raise BenchError("the project's pyproject.toml isn't laid out as expected")
    (root / "pyproject.toml").write_text(metadata.rstrip() + "\n" + SETTINGS, encoding="utf-8")
    (root / ".gitignore").write_text("\n".join(IGNORED) + "\n", encoding="utf-8")


def make_environment(root: Path, checkout: Path) -> None:
    """`.venv` with the versions of this checkout's lock, byte-compiled, and the project in it."""
    export = ["uv", "export", "--frozen", "--all-groups", "--no-hashes", "--no-emit-project", "--quiet"]
    locked = call(export, checkout)
    constraints = root.parent / "constraints.txt"
    constraints.write_text(locked, encoding="utf-8")
    call(["uv", "venv", "--quiet", "--python", sys.executable, ".venv"], root)
    wanted = [*TOOLS, *TEST_NEEDS, *BUILD_NEEDS, *runtime_needs(checkout)]
    uv_pip(root, "install", "--constraints", str(constraints), *wanted)
    uv_pip(root, "install", "--no-deps", "--no-build-isolation", "--editable", ".")


def runtime_needs(checkout: Path) -> list[str]:
    """What atomci itself depends on."""
    import tomllib

    table = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[str] = table["project"]["dependencies"]
    return found


def make_green(root: Path) -> None:
    """The tools' own fixes, once, and the first commit."""
    prepared = Prepared(root, 0)
    for argv in (["ruff", "check", "--fix", "--quiet", "."], ["black", "--quiet", "."]):
        call([str(prepared.scripts / argv[0]), *argv[1:]], root, prepared.env)
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false"]
    call(["git", "init", "--quiet", "--initial-branch=main"], root)
    call(["git", "add", "--all"], root)
    call(["git", *identity, "commit", "--quiet", "--no-verify", "--message", PROJECT], root)


def install_atomci(prepared: Prepared, checkout: Path, stamp: Path) -> None:
    """A wheel of the checkout as it is now, so that nobody's later edit changes it between two runs."""
    digest = hashlib.sha256()
    for file in sorted([checkout / "pyproject.toml", *(checkout / "src").rglob("*.py")]):
        digest.update(file.relative_to(checkout).as_posix().encode() + b"\0" + file.read_bytes())
    now = f"{digest.hexdigest()}\n"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == now:
        return
    fresh = ["--reinstall-package", "atomci", "--refresh-package", "atomci"]
    uv_pip(prepared.root, "install", "--no-deps", "--no-build-isolation", *fresh, str(checkout))
    stamp.write_text(now, encoding="utf-8")


def uv_pip(root: Path, *words: str) -> None:
    """uv pip, on the project's environment."""
    verb, *rest = words
    python = str(Prepared(root, 0).python)
    env = clean_environment() | {"UV_COMPILE_BYTECODE": "1"}
    call(["uv", "pip", verb, "--quiet", "--python", python, *rest], root, env)


def count_lines(root: Path) -> int:
    """Lines of Python in src/ and tests/."""
    files = (file for name in ("src", "tests") for file in (root / name).rglob("*.py"))
    return sum(file.read_bytes().count(b"\n") for file in files)


def call(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """A command that has to work."""
    done = subprocess.run(
        argv, cwd=cwd, env=env or clean_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"{' '.join(argv)}\nexit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


# ---- measuring ----


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


class Clock:
    """Runs from its making to `stop`."""

    def __init__(self) -> None:
        self._busy, self._cpu, self._started = busy_cpu(), child_cpu(), time.perf_counter()

    def stop(self) -> Sample:
        """What happened in between."""
        seconds, cpu, busy = time.perf_counter() - self._started, child_cpu(), busy_cpu()
        if cpu is None or self._cpu is None:
            return Sample(seconds, None, None)
        used = cpu - self._cpu
        if busy is None or self._busy is None:
            return Sample(seconds, used, None)
        # The kernel counts the machine's time in hundredths of a second.
        return Sample(seconds, used, max(0.0, busy - self._busy - used) / max(seconds, 0.01))


def child_cpu() -> float | None:
    """Processor seconds of all children so far."""
    try:
        import resource
    except ImportError:
        return None
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def busy_cpu() -> float | None:
    """Processor seconds of the whole machine so far, on Linux: all but idle and waiting."""
    stat = Path("/proc/stat")
    if not stat.is_file():
        return None
    user, nice, system, _, _, irq, softirq, steal = map(int, stat.read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def wait_for_calm(calm: float | None) -> None:
    """Until other processes use fewer cores than that for two seconds, for half an hour at most."""
    if calm is None:
        return
    deadline = time.monotonic() + 1800
    while time.monotonic() < deadline:
        clock = Clock()
        time.sleep(2)
        if (clock.stop().others or 0.0) <= calm:
            return


@dataclass(frozen=True)
class Plan:
    """How often, and with how many cores' worth of other work a pair may be counted (None: any)."""

    runs: int
    calm: float | None = None

    def take_turns(self, target: Target, theirs: Callable[[], Sample], ours: Callable[[], Sample]) -> Pairs:
        """Run both sides in pairs, each first in every other pair."""
        pairs = Pairs(target)
        runs = max(self.runs, STARTS) if target is START else self.runs
        while len(pairs.ours) < runs:
            if target is not START:
                wait_for_calm(self.calm)
            if len(pairs.ours) % 2 == 0:
                first, second = theirs(), ours()
            else:
                second, first = ours(), theirs()
            others = max(first.others or 0.0, second.others or 0.0)
            ratio = f"{second.seconds:.3f} / {first.seconds:.3f} = {second.seconds / first.seconds:.3f}"
            if self.calm is not None and others > self.calm and pairs.discarded < 10 * runs:
                pairs.discarded += 1
                say(f"{target.name}: {ratio}, discarded: others used {others:.2f} cores")
                continue
            pairs.theirs.append(first)
            pairs.ours.append(second)
            say(f"{target.name} {len(pairs.ours)}/{runs}: {ratio}, others {others:.2f} cores")
        return pairs


def gate_benches(prepared: Prepared, plan: Plan) -> list[Pairs]:
    """Cold and warm."""

    def plain() -> Sample:
        sample, output = timed(prepared, PLAIN)
        agree("plain", tests_of_plain(output), expected)
        return sample

    def gate() -> Sample:
        sample, _ = timed(prepared, GATE)
        agree("gate", tests_of_gate(prepared.root), expected)
        return sample

    def cold(run: Callable[[], Sample]) -> Callable[[], Sample]:
        def fresh() -> Sample:
            clear_caches(prepared.root)
            return run()

        return fresh

    def unchanged() -> Sample:
        sample = gate()
        if ran := atoms_that_ran(prepared.root):
            raise BenchError(f"nothing had changed, and yet these ran: {', '.join(ran)}")
        return sample

    expected = tests_of_plain(timed(prepared, PLAIN)[1])
    measured = [plan.take_turns(COLD, cold(plain), cold(gate))]
    plain(), gate()  # both sides' caches are full now
    return [*measured, plan.take_turns(WARM, plain, unchanged)]


def start_bench(prepared: Prepared, plan: Plan) -> Pairs:
    """The command line's start, with the same interpreter."""
    program = str(prepared.scripts / ("atomci.exe" if os.name == "nt" else "atomci"))

    def click() -> Sample:
        return timed(prepared, [str(prepared.python), "-c", "import click"])[0]

    def atomci() -> Sample:
        return timed(prepared, [program, "list"])[0]

    click(), atomci()
    return plan.take_turns(START, click, atomci)


def clear_caches(root: Path) -> None:
    """As after a clone: no tool has been here; the environment stays."""
    for name in CACHES:
        path = root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for name in ("src", "tests"):
        for folder in list((root / name).rglob("__pycache__")):
            shutil.rmtree(folder)


@dataclass(frozen=True)
class Suite:
    """What a side says it did: tests by outcome, and the statements that coverage knows of."""

    passed: int
    skipped: int
    statements: int


def tests_of_plain(output: str) -> Suite:
    """From what pytest and pytest-cov printed."""
    tally = {word: int(count) for count, word in re.findall(r"(\d+) (passed|skipped|xfailed)", output)}
    total = re.search(r"^TOTAL +(\d+)", output, re.MULTILINE)
    if not tally or total is None:
        raise BenchError(f"no result in pytest's output:\n{output[-2000:]}")
    return Suite(tally.get("passed", 0), tally.get("skipped", 0) + tally.get("xfailed", 0), int(total[1]))


def tests_of_gate(root: Path) -> Suite:
    """From the gate's junit.xml and coverage.xml."""
    reports = root / "artifacts" / "reports"
    suite = ET.parse(reports / "junit.xml").getroot().find("testsuite")
    statements = ET.parse(reports / "coverage.xml").getroot().get("lines-valid")
    if suite is None or statements is None:
        raise BenchError("the gate's junit.xml or coverage.xml is empty")
    tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return Suite(tests - skipped - bad, skipped, int(statements))


def agree(side: str, found: Suite, expected: Suite) -> None:
    """Both sides must do the same work in every run."""
    if found != expected:
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


# ---- telling ----


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
        "tools": {name: versions[name] for name in (*TOOLS, "coverage", "click")},
        "load_before": round(load[0], 2),
    }


def cpu_model() -> str:
    """The processor's name where Linux tells it."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.is_file() else ""
    match = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return match[1] if match else platform.processor() or platform.machine()


def table(measured: Sequence[Pairs]) -> list[str]:
    """Two lines a target, and its verdict."""
    lines = [f"{'':16} {'':78} {'median':>9} {'min':>9} {'cpu':>9}"]
    for pairs in measured:
        for command, samples in zip(pairs.target.sides, (pairs.theirs, pairs.ours), strict=True):
            name = pairs.target.name if samples is pairs.theirs else ""
            used = [sample.cpu for sample in samples if sample.cpu is not None]
            cpu = f"{statistics.median(used):7.3f} s" if used else "unknown"
            best = min(sample.seconds for sample in samples)
            lines.append(f"{name:16} {command:78} {median(samples):7.3f} s {best:7.3f} s {cpu:>9}")
        met = "met" if pairs.ratio <= pairs.target.limit else "NOT MET"
        lines.append(
            f"{'':16} ratio {pairs.ratio:.3f} (median of the pairs' ratios {pairs.paired_ratio:.3f}), "
            f"target <= {pairs.target.limit:.2f}: {met}"
        )
    return lines


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)


def bench(folder: Path, checkout: Path, plan: Plan) -> tuple[dict[str, Any], list[Pairs]]:
    """Prepare and measure."""
    say(f"preparing {PROJECT}")
    prepared = prepare(folder, checkout)
    load = os.getloadavg() if hasattr(os, "getloadavg") else (0.0,)
    about = facts(prepared, checkout, load)
    measured = [*gate_benches(prepared, plan), start_bench(prepared, plan)]
    return about | {"suite": asdict(tests_of_gate(prepared.root))}, measured


def main() -> int:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--runs", type=int, default=5, help="pairs per measurement; a figure worth quoting has 5 or more")
    add("--json", action="store_true", help="one JSON object")
    add("--keep", type=Path, metavar="DIR", help="prepare there and leave it for the next run")
    own = Path(__file__).resolve().parents[1]
    add("--checkout", type=Path, default=own, metavar="DIR", help="another checkout of atomci")
    calm = "count only pairs in which all other processes used at most this many cores (Linux)"
    add("--calm", type=float, metavar="CORES", help=calm)
    options = parser.parse_args()
    plan = Plan(max(1, options.runs), options.calm)
    with tempfile.TemporaryDirectory(prefix="atomci-bench-") as scratch:
        folder = (options.keep or Path(scratch)).resolve()
        try:
            about, measured = bench(folder, options.checkout.resolve(), plan)
        except BenchError as error:
            say(f"error: {error}")
            return 1
    if options.json:
        print(json.dumps(about | {"targets": [pairs.as_dict() for pairs in measured]}, indent=1))
        return 0
    for key, value in about.items():
        shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        print(f"{key:12} {shown}")
    print("\n".join(["", *table(measured)]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
