"""Which unit tests a change reaches. What can't be reasoned about widens to the full suite, never to less."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from atomci.artifacts.handed.testing import SelectedTest, Selection
from atomci.testing.pytest_config import TestFiles
from atomci.testing.selection.earlier_run import EarlierRun
from atomci.testing.selection.imports import ImportGraph, read_graph

__all__ = ["CONFIGURATION", "Collecting", "collects_files", "everything", "is_prose", "select", "unit_tests"]

_UNIT = "tests/unit/"
_OTHER_LAYERS = ("tests/integration/", "tests/e2e/", "tests/contracts/", "tests/auger/")
CONFIGURATION = (
    *("pyproject.toml", "uv.lock", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini"),
    *("setup.cfg", "setup.py", ".coveragerc", ".coveragerc.toml"),
)
# Read by people and by other tools.
_PROSE = re.compile(
    r"(docs|\.github|\.vscode|\.devcontainer)/.*|[^/]*\.(md|rst)|(LICENSE|CODEOWNERS|NOTICE)[^/]*"
    r"|\.(git(ignore|attributes)|editorconfig|pre-commit-config\.yaml)|Taskfile\.yml"
)


@dataclass(frozen=True)
class Collecting:
    """How pytest collects: what it takes for a test file, where it looks for modules, which plugins it loads.

    `unknown` says why other files may hold tests too; empty where none can.
    """

    files: TestFiles = field(default_factory=TestFiles)
    searched: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    unknown: str = ""


def everything(reason: str, tests: Sequence[str], changed: Sequence[str] = ()) -> Selection:
    """The full suite."""
    return Selection(mode="full", reason=reason, changed=tuple(changed), tests=(), total=len(tests))


def is_prose(path: str) -> bool:
    """Whether it is read by people and by other tools, as far as its name tells."""
    return bool(_PROSE.fullmatch(path))


def collects_files(conftest: Path) -> bool:
    """Whether a conftest makes tests of what pytest's own settings don't take for any."""
    text = conftest.read_text(encoding="utf-8", errors="replace")
    return "pytest_collect_file" in text or "pytest_collect_directory" in text


def unit_tests(files: Iterable[str], collected: TestFiles) -> list[str]:
    """The files under tests/unit that pytest collects, by its own settings."""
    return [file for file in files if file.startswith(_UNIT) and collected.holds(file)]


def select(
    root: Path,
    files: Sequence[str],
    changed: Sequence[str] | None,
    how: Collecting | None = None,
    seen: EarlierRun | None = None,
) -> Selection:
    """Map changed paths to files under tests/unit, with a reason for each.

    `files` are all project files; `changed` is None when git can't tell, `seen` where no such run is kept.
    """
    how = how or Collecting()
    tests = unit_tests(files, how.files)
    if changed is None:
        return everything(
            "git can't tell what changed (no repository, unknown ref or shallow history)", tests
        )
    if how.unknown:
        return everything(how.unknown, tests, changed)
    return _Suite(root, files, tests, how, seen).reached_by(changed)


@dataclass(frozen=True)
class _Suite:
    """The unit tests of a project, and what is known of what they run and read."""

    root: Path
    files: Sequence[str]
    tests: Sequence[str]
    how: Collecting
    seen: EarlierRun | None

    @cached_property
    def graph(self) -> ImportGraph:
        return read_graph(self.root, [file for file in self.files if file.endswith(".py")], self.how.searched)

    @cached_property
    def unit(self) -> list[str]:
        """Python files that unit tests may run: src/, their layer, and what these import from elsewhere."""
        python = [file for file in self.files if file.endswith(".py")]
        inside = [file for file in python if file.startswith(("src/", "tests/"))]
        own = [file for file in inside if not file.startswith(_OTHER_LAYERS)]
        return sorted(self.graph.reached_from([*own, *(file for file in python if _is_above(file, _UNIT))]))

    def reached_by(self, changed: Sequence[str]) -> Selection:
        """The tests that some of the paths reach; all where that can't be told of one."""
        reasons: dict[str, list[str]] = {}
        for blind in filter(None, (*map(self._blind, changed), self._hiding(changed))):
            return everything(blind, self.tests, changed)
        for path in changed:
            reached = self._reached(path)
            if not reached and path.startswith("src/") and not self._is_unread(path):
                return everything(f"no test is known to depend on {path}", self.tests, changed)
            for test, why in reached.items():
                reasons.setdefault(test, []).append(why)
        sources = any(path.startswith("src/") for path in changed)
        if sources or any(path.startswith(_UNIT) for path in changed):
            for test in self.tests:
                if hidden := self._hides(test, programs=sources):
                    reasons.setdefault(test, []).append(hidden)
        picked = tuple(SelectedTest(path=test, reasons=tuple(reasons[test])) for test in sorted(reasons))
        reason = f"{len(picked)} of {len(self.tests)} test files are affected by the change"
        none = f"no unit test is affected by the change{', or was seen to read it' if self.seen else ''}"
        return Selection(
            mode="impacted" if picked else "none",
            reason=reason if picked else none,
            changed=tuple(changed),
            tests=picked,
            total=len(self.tests),
        )

    def _hiding(self, changed: Sequence[str]) -> str:
        """Code that hides what it imports."""
        hiding = sorted(self.graph.dynamic & set(self.unit) - set(self.tests))
        if hiding and any(path.startswith("src/") for path in changed):
            return f"{hiding[0]} imports modules by computed name, or can't be parsed"
        return ""

    def _blind(self, path: str) -> str:
        """Why no import shows what a change of this path does; empty where they do."""
        if path in CONFIGURATION or path.startswith("requirements"):
            return f"{path} configures every test"
        imported = path.endswith(".py") and path.startswith(("src/", "tests/"))
        imported = imported and not path.startswith(_OTHER_LAYERS)
        if self.seen:
            if (self.seen.texts if imported else self.seen.read).holds(path):
                return f"{path} was read in a run of all tests"
            return self._by_imports(path) if imported else ""
        if path.startswith(_OTHER_LAYERS) or _PROSE.fullmatch(path):
            return self._may_be_read(path)
        if not path.startswith(("src/", "tests/")):
            return f"{path} lies outside src/ and tests/, and any test may read it"
        return self._by_imports(path)

    def _by_imports(self, path: str) -> str:
        return self._unimported(path) or self._plugged_in(path)

    def _is_unread(self, path: str) -> bool:
        return self.seen is not None and not self.seen.read.holds(path)

    def _may_be_read(self, path: str) -> str:
        return "" if path.endswith(".py") else next(self._readers(path), "")

    def _unimported(self, path: str) -> str:
        if path.rpartition("/")[2] in ("conftest.py", "__init__.py"):
            return f"{path} reaches tests without being imported"
        if not path.endswith(".py"):
            return f"{path} is data, read without being imported"
        if path not in self.files:
            return f"{path} is gone; what used it is no longer known"
        if path.startswith("tests/") and path not in self.tests:
            return f"{path} is shared by tests"
        return ""

    def _plugged_in(self, path: str) -> str:
        for plugin in self.how.plugins:
            for file in self.graph.modules.get(plugin, ()):
                if file == path or file in self.graph.distances_to(path):
                    return f"{path} reaches {file}, which pytest loads as a plugin"
        return ""

    def _readers(self, path: str) -> Iterator[str]:
        """Files that may read it: that name it, its folder or its kind, list folders or start programs."""
        *folders, name = path.split("/")
        words = [re.escape(name), *(rf"(?<![\w.-]){re.escape(folder)}(?![\w.-])" for folder in folders)]
        words += [rf"\.{re.escape(name.rpartition('.')[2])}\b"] if "." in name[1:] else []
        for file in self.unit:
            text = (self.root / file).read_text(encoding="utf-8", errors="replace")
            if name in text:
                yield f"{path} is named in {file}"
            if file in self.graph.lists_folders:
                yield f"{path} may be read by {file}, which lists folders"
            if file in self.graph.starts_programs:
                yield f"{path} may be read by a program that {file} starts"
            if match := next(filter(None, (re.search(word, text) for word in words)), None):
                yield f"{path} may be read by {file}, which names {match[0]}"

    def _hides(self, test: str, *, programs: bool) -> str:
        if test in self.graph.dynamic:
            return "imports modules by computed name, or can't be parsed"
        if programs and self.seen is None and test in self.graph.lists_folders:
            return "lists folders, which may be the project's"
        starts = programs and test in self.graph.starts_programs
        return "starts programs, which may be the project's" if starts else ""

    def _reached(self, path: str) -> dict[str, str]:
        """Test files that a changed file reaches, each with its reason."""
        distances = self.graph.distances_to(path)
        found = {path: "it changed"} if path in self.tests else {}
        for test in self.tests:
            if test in distances:
                steps = distances[test]
                found[test] = f"imports {path}" + (
                    "" if steps == 1 else f" through {steps - 1} other modules"
                )
        for conftest in sorted(file for file in distances if file.rpartition("/")[2] == "conftest.py"):
            for test in self.tests:
                if _is_above(conftest, test):
                    found.setdefault(test, f"is given what {conftest} makes of {path}")
        if path.startswith("src/"):
            name = f"test_{path.rpartition('/')[2]}"
            for test in self.tests:
                if test.endswith(f"/{name}"):
                    found.setdefault(test, f"is named after {path}")
        return found


def _is_above(file: str, path: str) -> bool:
    """Whether it is a conftest of a folder that the path lies in."""
    folder, _, name = file.rpartition("/")
    return name == "conftest.py" and (not folder or path.startswith(f"{folder}/"))
