"""Is `atomci update` faster than `copier update`? On a project made here, by the clock.

    python bench/update.py [--runs 7] [--json]

Makes a template of 60 files and 22 questions with two releases, 12 files apart, and projects of the
first with an edit each. Times whole processes that take turns: an update, an update with nothing to do,
and `atomci status --offline` against `git status` in a project of 200 files; then twenty updates in one
process. Each ratio is the median of the pairs' ratios. Run it with the Python that has atomci and copier.

Needs git, no network. A missed target isn't an error: the exit code is 0 unless something went wrong.
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
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
COPIER = (str(BIN / "copier"), "update", "--defaults", "--quiet")
ATOMCI = (str(BIN / "atomci"), "update")
STATUS = (str(BIN / "atomci"), "status", "--offline")
GIT_STATUS = ("git", "status")
FLEET = 20


@dataclass(frozen=True)
class Sample:
    """One run: what the clock said, and processor seconds of it and its children."""

    seconds: float
    cpu: float


@dataclass(frozen=True)
class Figure:
    """A ratio of medians of pairs, by the clock and by processor time, and what it may be at most."""

    name: str
    other: float
    ours: float
    ratio: float
    cpu_ratio: float
    limit: float


def environment() -> dict[str, str]:
    """No settings of git but a name; compiled Python is kept, as everywhere."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    who = {
        f"GIT_{role}_{part}": "bench@example.com"
        for role in ("AUTHOR", "COMMITTER")
        for part in ("NAME", "EMAIL")
    }
    return {**kept, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


ENV = environment()


def git(folder: Path, *words: str) -> None:
    """Run git to its end."""
    subprocess.run(["git", *words], cwd=folder, env=ENV, check=True, capture_output=True)


def commit(folder: Path, tag: str = "") -> None:
    """Commit all there is."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=change")
    if tag:
        git(folder, "tag", tag)


def make_template(root: Path, files: int) -> Path:
    """Releases v1.0.0 and v1.1.0."""
    (root / "template").mkdir(parents=True)
    questions = "".join(f"q{n}:\n  type: str\n  default: answer {n}\n" for n in range(22))
    (root / "copier.yml").write_text(f"_subdirectory: template\n{questions}")
    (root / "template/{{ _copier_conf.answers_file }}.jinja").write_text("{{ _copier_answers|to_nice_yaml }}")
    paths = [root / f"template/folder{n % 6}/file{n}.txt.jinja" for n in range(files)]
    for n, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        rows = (
            f"line {row} of {n}" + (f" says {{{{ q{row % 22} }}}}" if row % 4 == 0 else "")
            for row in range(40)
        )
        path.write_text("\n".join(rows) + "\n")
    git(root, "init", "--quiet")
    commit(root, "v1.0.0")
    for path in paths[:12]:
        path.write_text(path.read_text().replace("line 5 ", "changed 5 "))
    commit(root, "v1.1.0")
    return root


def make_project(template: Path, root: Path) -> Path:
    """A project of the first release with an edit."""
    words = ("copy", "--defaults", "--quiet", "--vcs-ref", "v1.0.0", str(template), str(root))
    subprocess.run([str(BIN / "copier"), *words], env=ENV, check=True, capture_output=True)
    git(root, "init", "--quiet")
    edited = root / "folder0/file0.txt"
    edited.write_text(edited.read_text() + "mine\n")
    commit(root)
    return root


def children() -> float:
    """Processor seconds of all processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(folder: Path, words: Sequence[str]) -> Sample:
    """Run to the end, which has to be a good one."""
    before, started = children(), time.perf_counter()
    done = subprocess.run(words, cwd=folder, env=ENV, capture_output=True, text=True, check=False)
    seconds, cpu = time.perf_counter() - started, children() - before
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)} failed: {done.stderr}")
    return Sample(seconds, cpu)


def paired(
    name: str,
    limit: float,
    runs: int,
    other: Callable[[], Sample],
    ours: Callable[[], Sample],
    share: int = 1,
) -> Figure:
    """Both take turns; `share` divides ours where one run does several."""
    pairs = [(other(), ours()) for _ in range(runs)]
    return Figure(
        name,
        statistics.median(a.seconds for a, _ in pairs),
        statistics.median(b.seconds for _, b in pairs) / share,
        statistics.median(b.seconds / share / a.seconds for a, b in pairs),
        statistics.median(b.cpu / share / a.cpu for a, b in pairs),
        limit,
    )


def fresh(project: Path, folder: Path) -> Path:
    """A copy of a project, at a path that is the same each time."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(project, folder)
    return folder


IN_ONE_PROCESS = """
import sys
from pathlib import Path
from atomci.template.answers import recorded_answers
from atomci.update.apply import apply_update
from atomci.update.plan import plan_update
from atomci.update.request import Request
from atomci.template.workshop import Workshop
with Workshop() as shop:
    for root in sys.argv[1:]:
        apply_update(plan_update(shop, recorded_answers(Path(root)), Request()))
"""


def measure(folder: Path, runs: int) -> list[Figure]:
    """All figures."""
    template = make_template(folder / "template", 60)
    project = make_project(template, folder / "project")
    place = folder / "place"
    for words in (COPIER, ATOMCI):  # compiles Python
        timed(fresh(project, place), words)
    commit(place)
    current = place.rename(folder / "current")
    large = make_project(make_template(folder / "large-template", 200), folder / "large")
    timed(large, (str(BIN / "atomci"), "update", "--commit"))
    commands = [str(folder / "fleet" / str(n)) for n in range(FLEET)]

    def fleet() -> Sample:
        for path in commands:
            fresh(project, Path(path))
        return timed(folder, (sys.executable, "-c", IN_ONE_PROCESS, *commands))

    def one() -> Sample:
        return timed(fresh(project, place), COPIER)

    return [
        paired("an update of 60 files", 0.30, runs, one, lambda: timed(fresh(project, place), ATOMCI)),
        paired("nothing to do", 0.10, runs, lambda: timed(current, COPIER), lambda: timed(current, ATOMCI)),
        paired("each of twenty in one process", 0.08, max(2, runs // 2), one, fleet, FLEET),
        paired("status --offline, against git status, 200 files", 1.5, runs * 3,
               lambda: timed(large, GIT_STATUS), lambda: timed(large, STATUS)),
    ]  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="atomci-bench-") as folder:
        figures = measure(Path(folder), options.runs)
    if options.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=1))
        return
    for figure in figures:
        met = "met" if figure.ratio <= figure.limit else "missed"
        print(
            f"{figure.name:50} {figure.other:7.3f} s {figure.ours:7.3f} s  ratio {figure.ratio:.3f}"
            f"  (processor {figure.cpu_ratio:.3f})  at most {figure.limit:.2f}: {met}"
        )


if __name__ == "__main__":
    main()
