"""Who says which tests a change needs: atomci, pytest-testmon, pytest-impacted, and the names of files."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from impact_projects import IMPACTED, TESTMON, BenchError, Project, call
from impact_suites import Baseline, holds, run_suite

OURS = "atomci"
_ATOMCI_KEEPS = (".atomci_cache", "artifacts")
_TESTMON_KEEPS = (".testmondata",)


@dataclass(frozen=True)
class Answer:
    """Tests, files or folders; None for the whole suite. `why` is what the selector says.

    `left_out` are tests of these files that don't run all the same.
    """

    chosen: frozenset[str] | None
    why: str = ""
    seconds: float = 0.0
    left_out: frozenset[str] = frozenset()

    def tests(self, suite: Baseline) -> list[str]:
        """Those of the suite."""
        if self.chosen is None:
            return list(suite.tests)
        return [test for test in suite.tests if test not in self.left_out and holds(self.chosen, test)]

    def others(self, suite: Baseline) -> list[str]:
        """What else is chosen: files, of which tests that are new run too, or such tests themselves."""
        return sorted((self.chosen or frozenset()) - set(suite.tests))


@dataclass(frozen=True)
class Selector:
    """`seed` lets it see the untouched project, `ask` asks about the project as it is now.

    `keeps` are the files that a seed leaves in the project: each answer starts from them. `version` changes
    when the answers may. `by_file`: any change of a file has the same answer, as long as no import changes.
    """

    name: str
    version: str
    seed: Callable[[Project], None]
    ask: Callable[[Project, str], Answer]
    keeps: Sequence[str] = ()
    by_file: bool = False

    def prepare(self, project: Project) -> None:
        """Seed it, unless this version was."""
        stamp = self._kept(project) / "version.txt"
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == self.version:
            return
        shutil.rmtree(stamp.parent, ignore_errors=True)
        stamp.parent.mkdir()
        self._forget(project)
        self.seed(project)
        for name in self.keeps:
            _copy(project.root / name, stamp.parent / name)
        self._forget(project)
        project.clean()
        stamp.write_text(self.version, encoding="utf-8")

    def answer(self, project: Project, changed: str) -> Answer:
        """From the seed, as if no other change had ever been asked about."""
        self.restore(project)
        began = time.monotonic()
        try:
            found = self.ask(project, changed)
        finally:
            self._forget(project)
        return replace(found, seconds=round(time.monotonic() - began, 3))

    def restore(self, project: Project) -> None:
        """What it kept of the untouched project, and nothing else."""
        self._forget(project)
        for name in self.keeps:
            _copy(self._kept(project) / name, project.root / name)

    def _kept(self, project: Project) -> Path:
        return project.folder / f"seed-{self.name}"

    def _forget(self, project: Project) -> None:
        for name in self.keeps:
            path = project.root / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    elif source.is_file():
        shutil.copy2(source, target)


def selectors(atomci: Path) -> list[Selector]:
    """All four; `atomci` is the Python that has it."""
    return [
        ours(atomci),
        Selector("testmon", "2", _seed_testmon, _ask_testmon, _TESTMON_KEEPS),
        Selector("impacted", "2", _no_seed, _ask_impacted, by_file=True),
        Selector("names", "1", _no_seed, _ask_names, by_file=True),
    ]


def ours(python: Path) -> Selector:
    """Its version is a hash of its code."""
    where = "import atomci, pathlib; print(pathlib.Path(atomci.__file__).parent)"
    source = Path(call([str(python), "-c", where], Path.cwd()).strip())
    digest = hashlib.sha256()
    for file in sorted(source.rglob("*.py")):
        digest.update(file.relative_to(source).as_posix().encode() + b"\0" + file.read_bytes())
    command = [str(python), "-m", "atomci", "run"]

    def seed(project: Project) -> None:
        # Where coverage is measured, only a run with --since notes what tests run; some fail untouched.
        call(
            [*command, "unit", "--all", "--since", "HEAD", "--keep-going"],
            project.root,
            project.env(),
            ok=(0, 1),
        )
        if not (project.root / "artifacts/tests/unit.json").is_file():
            raise BenchError(f"{project.name}: atomci didn't run the tests")

    def ask(project: Project, _: str) -> Answer:
        call([*command, "select_impacted_unit_tests", "--since", "HEAD"], project.root, project.env())
        file = project.root / "artifacts/tests/selection.json"
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["mode"] == "full":
            return Answer(None, found["reason"])
        files = frozenset(test["path"] for test in found["tests"])
        return Answer(files, found["reason"], left_out=frozenset(found.get("left_out", ())))

    return Selector(OURS, digest.hexdigest()[:12], seed, ask, _ATOMCI_KEEPS)


def _no_seed(_: Project) -> None:
    pass


def _seed_testmon(project: Project) -> None:
    record = run_suite(project, ["--testmon"], TESTMON)
    if record.broken or not (project.root / ".testmondata").is_file():
        raise BenchError(f"{project.name}: testmon made no record")


def _ask_testmon(project: Project, _: str) -> Answer:
    """What it would run; a file that can't be collected any more is red without being selected."""
    words = ["--testmon", "--testmon-nocollect", "--collect-only"]
    record = run_suite(project, words, TESTMON, limit=300)
    if record.broken and not record.failed:
        return Answer(None, "pytest couldn't start")
    return Answer(record.selected | record.failed)


def _ask_impacted(project: Project, _: str) -> Answer:
    program = project.python(IMPACTED).with_name("impacted-tests")
    words = ["--module", project.about.package, "--tests-dir", project.about.tests, "--git-mode", "unstaged"]
    printed = call([str(program), *words], project.root, project.env(IMPACTED))
    lines = [line.strip() for line in printed.splitlines() if "/" in line or line.endswith(".py")]
    root = f"{project.root.as_posix()}/"
    return Answer(frozenset(line.removeprefix(root) for line in lines))


def _ask_names(project: Project, changed: str) -> Answer:
    """pkg/module.py has its tests in test_module.py, wherever that lies."""
    path = Path(changed)
    stem = (path.parent.name if path.stem == "__init__" else path.stem).lstrip("_")
    found = (project.root / project.about.tests).rglob("*.py")
    named = [
        file for file in found if file.name in (f"test_{stem}.py", f"{stem}_test.py", f"test__{stem}.py")
    ]
    return Answer(frozenset(file.relative_to(project.root).as_posix() for file in named))
