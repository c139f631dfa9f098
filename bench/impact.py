"""Do the tests selected for a change hold one that fails? On real projects, by breaking them again and again.

    python bench/impact.py [PROJECT...] [--killed 35] [--seeds 1,2] [--json] [--keep DIR]

Takes released projects from PyPI (impact_projects.py), lets each selector see the untouched project, and
draws small changes by seed (impact_mutants.py). For each it runs the suite. If a test fails that passed
before and fails again when repeated alone, the change is `killed`, and each selector is asked which tests it
would run (impact_selectors.py). `caught` is the share of killed changes for which these hold a failing test,
`selected` the mean share of the suite. The slow tests run last, and only where the others don't settle it:
nothing failed, or a selector wants none of the tests that did, but slow ones.

What is known of a change is kept in DIR: a later run goes on from there, and asks only selectors that are
new. Run it with a Python that has atomci. Needs uv and git.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from impact_mutants import Mutant, applied, draw, mutants_of
from impact_projects import PROJECTS, BenchError, Project, prepare
from impact_selectors import OURS, Selector, selectors
from impact_suites import Baseline, baseline, holds, run_suite

_REPEATED = 5


@dataclass(frozen=True)
class Known:
    """What became of a change: the tests that it breaks; `outcome` is killed, survived or flaky.

    `whole` is False while the slow tests haven't run.
    """

    outcome: str
    failing: tuple[str, ...] = ()
    whole: bool = True


@dataclass(frozen=True)
class Asked:
    """A selector's answer about a killed change: the tests that it wants, by number; None for all.

    `others` are files and tests that the untouched suite doesn't know.
    """

    chosen: Sequence[int] | None
    why: str
    seconds: float
    others: Sequence[str] = ()


class Ledger:
    """JSON Lines of what is known, by key; the last line of a key counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Any] = {}
        if path.is_file():
            rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
            self._known = {row.pop("key"): row for row in rows}

    def get(self, key: str) -> dict[str, Any] | None:
        """What is known."""
        return self._known.get(key)

    def add(self, key: str, row: dict[str, Any]) -> None:
        """Know it from now on."""
        self._known[key] = row
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, **row}) + "\n")


@dataclass(frozen=True)
class Bench:
    """A prepared project and all that is known of its changes."""

    project: Project
    suite: Baseline
    changes: Ledger
    answers: Ledger

    @classmethod
    def of(cls, name: str, keep: Path) -> Bench:
        """Made where it isn't there yet."""
        say(f"{name}: preparing")
        project = prepare(name, keep)
        project.clean()
        suite = baseline(project)
        say(f"{name}: {len(suite.tests)} tests, {suite.seconds:.0f} s, {len(suite.failing)} fail untouched")
        ledgers = (Ledger(project.folder / f"{kind}.jsonl") for kind in ("changes", "answers"))
        return cls(project, suite, *ledgers)

    def killed(self, seed: str, wanted: int) -> Iterator[tuple[int, Mutant, Known]]:
        """Changes that break a test, in the order of the seed."""
        root = self.project.root
        drawn = draw(root, mutants_of(root, self.project.files), f"{self.project.name}:{seed}")
        found = 0
        for number, mutant in enumerate(drawn):
            if found == wanted:
                return
            known = self._what_it_breaks(number, mutant)
            if known.outcome == "killed":
                found += 1
                say(f"{self.project.name} seed {seed}: {found}/{wanted} of {number + 1}: {mutant.name}")
                yield number, mutant, known

    def _what_it_breaks(self, number: int, mutant: Mutant) -> Known:
        row = self.changes.get(mutant.name)
        if row is None:
            return self._found(number, mutant, self._quick)
        return Known(row["outcome"], tuple(row["failing"]), row.get("whole", True))

    def with_slow_tests(self, number: int, mutant: Mutant, known: Known) -> Known:
        """The same of the whole suite."""

        def rest() -> Known:
            slow = self._broken_by(self.suite.slow)
            return Known("killed", tuple(sorted({*known.failing, *slow})))

        return known if known.whole else self._found(number, mutant, rest)

    def _found(self, number: int, mutant: Mutant, run: Callable[[], Known]) -> Known:
        with applied(self.project.root, mutant, number):
            known = run()
        self.project.clean()
        self.changes.add(mutant.name, asdict(known))
        return known

    def _quick(self) -> Known:
        """Of all but the slow tests, and of these where all others pass."""
        left_out = [word for test in self.suite.slow for word in ("--deselect", test)]
        failing = self._broken_by(left_out)
        whole = not failing or not self.suite.slow
        if not failing and self.suite.slow:
            failing = self._broken_by(self.suite.slow)
        if not failing:
            return Known("survived")
        again = run_suite(self.project, failing[:_REPEATED], limit=120, one=self._longest)
        return Known("killed" if again.failed or again.broken else "flaky", tuple(failing), whole)

    def _broken_by(self, words: Sequence[str]) -> list[str]:
        """Tests that pass in the untouched project; all if pytest can't even start."""
        record = run_suite(self.project, words, limit=3 * self.suite.seconds + 60, one=self._longest)
        failing = sorted(record.failed - set(self.suite.failing))
        return list(self.suite.tests) if record.broken and not failing else failing

    @property
    def _longest(self) -> float:
        """What one test may take, in seconds."""
        return max(20.0, self.suite.seconds)

    def ask(self, selector: Selector, number: int, mutant: Mutant) -> Asked:
        """Its answer, asked unless this version of it was."""
        about = mutant.file if selector.by_file else mutant.name
        key = f"{selector.name} {selector.version} {about}"
        row = self.answers.get(key)
        if row is None:
            with applied(self.project.root, mutant, number):
                answer = selector.answer(self.project, mutant.file)
            self.project.clean()
            numbers = {test: place for place, test in enumerate(self.suite.tests)}
            wanted = None if answer.chosen is None else [numbers[one] for one in answer.tests(self.suite)]
            others = answer.others(self.suite)
            row = asdict(Asked(wanted, answer.why, answer.seconds, others))
            self.answers.add(key, row)
        return Asked(**row)

    def selected(self, asked: Asked) -> int:
        """How many tests."""
        return len(self.suite.tests if asked.chosen is None else asked.chosen)

    def is_unsettled(self, asked: Asked, known: Known) -> bool:
        """Whether only a slow test can say if it catches the change."""
        slow = {self.suite.tests[place] for place in asked.chosen or ()} & set(self.suite.slow)
        return bool(slow) and not known.whole and not self.catches(asked, known)

    def catches(self, asked: Asked, known: Known) -> bool:
        """Whether a failing test is among them; one that is new, or a file, goes by its file and its name."""
        if asked.chosen is None:
            return True
        chosen = {self.suite.tests[place] for place in asked.chosen}
        if not chosen.isdisjoint(known.failing):
            return True
        parts = {part for test in chosen for part in (test.partition("[")[0], test.partition("::")[0])}
        new = {*known.failing} - {*self.suite.tests}
        return any(test.partition("[")[0] in parts or holds(asked.others, test) for test in new)


@dataclass(frozen=True)
class Figure:
    """Of a selector on a project: means over the killed changes of all seeds."""

    project: str
    selector: str
    killed: int
    caught: float
    selected: float
    seconds: float


def measure(bench: Bench, asked: Sequence[Selector], seeds: Sequence[str], wanted: int) -> Iterator[Any]:
    """Of each selector its figure, and then what it made of each killed change."""
    asked = [selector for selector in asked if _sees(bench.project, selector)]
    rows: list[tuple[Mutant, Known, dict[str, Asked]]] = []
    for seed in seeds:
        for number, mutant, known in bench.killed(seed, wanted):
            answers = {selector.name: bench.ask(selector, number, mutant) for selector in asked}
            unsettled = any(bench.is_unsettled(answer, known) for answer in answers.values())
            full = bench.with_slow_tests(number, mutant, known) if unsettled else known
            rows.append((mutant, full, answers))
    for selector in asked:
        found = [(mutant, known, answers[selector.name]) for mutant, known, answers in rows]
        yield Figure(
            bench.project.name,
            selector.name,
            len(found),
            statistics.mean(bench.catches(answer, known) for _, known, answer in found),
            statistics.mean(bench.selected(answer) for *_, answer in found) / len(bench.suite.tests),
            statistics.mean(answer.seconds for *_, answer in found),
        )
        for mutant, known, answer in found:
            yield {
                "project": bench.project.name,
                "selector": selector.name,
                "file": mutant.file,
                "line": mutant.change.line,
                "change": mutant.name,
                "caught": bench.catches(answer, known),
                "selected": bench.selected(answer),
                "of": len(bench.suite.tests),
                "why": answer.why,
                "failing": len(known.failing),
                "some": known.failing[:5],
            }


def _sees(project: Project, selector: Selector) -> bool:
    """Whether it can work with the project. That another one can't is a fact; ours has to."""
    say(f"{project.name}: {selector.name} sees the untouched project")
    try:
        selector.prepare(project)
    except BenchError as error:
        if selector.name == OURS:
            raise
        say(f"{project.name}: {selector.name} can't, and is left out: {error}")
        project.clean()
        return False
    return True


def table(figures: Sequence[Figure]) -> list[str]:
    """One line a figure."""
    head = f"{'project':12} {'selector':10} {'killed':>7} {'caught':>8} {'selected':>9} {'asked in':>9}"
    rows = (
        f"{one.project:12} {one.selector:10} {one.killed:7} {one.caught:8.1%} {one.selected:9.1%} "
        f"{one.seconds:7.2f} s"
        for one in figures
    )
    return [head, *rows]


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("projects", nargs="*", metavar="PROJECT", help=f"of {', '.join(PROJECTS)}; all if none is named")
    add("--killed", type=int, default=35, help="changes that break a test, for each seed")
    add("--seeds", default="1,2", help="each draws other changes")
    add("--selectors", default="atomci,testmon,impacted,names", help="whom to ask")
    add("--json", action="store_true", help="one JSON object, with each change")
    add("--keep", type=Path, metavar="DIR", help="prepare there, and go on from what is known there")
    add("--python", type=Path, default=Path(sys.executable), help="another Python that has atomci")
    options = parser.parse_args()
    names = options.projects or list(PROJECTS)
    if wrong := sorted(set(names) - set(PROJECTS)):
        parser.error(f"no such project: {', '.join(wrong)}; there are {', '.join(PROJECTS)}")
    if shutil.which("uv") is None or shutil.which("git") is None:
        parser.error("needs uv and git on PATH")
    wanted = options.selectors.split(",")
    asked = [selector for selector in selectors(options.python.absolute()) if selector.name in wanted]
    found: list[Any] = []
    with tempfile.TemporaryDirectory(prefix="atomci-bench-") as scratch:
        keep = (options.keep or Path(scratch)).resolve()
        try:
            for name in names:
                bench = Bench.of(name, keep)
                found += measure(bench, asked, options.seeds.split(","), options.killed)
        except BenchError as error:
            say(f"error: {error}")
            return 1
    figures = [one for one in found if isinstance(one, Figure)]
    if options.json:
        changes = [one for one in found if not isinstance(one, Figure)]
        print(json.dumps({"figures": [asdict(one) for one in figures], "changes": changes}, indent=1))
    else:
        print("\n".join(table(figures)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
