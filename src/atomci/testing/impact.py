"""Which unit tests a change reaches. What can't be reasoned about widens to the full suite, never to less."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path

from atomci.artifacts.testing import SelectedTest, Selection
from atomci.testing.imports import ImportGraph, read_graph

__all__ = ["PYTHON_FILES", "everything", "select", "unit_tests"]

_OTHER_LAYERS = ("tests/integration/", "tests/e2e/", "tests/contracts/", "tests/auger/")
_CONFIGURATION = ("pyproject.toml", "uv.lock", "pytest.ini", "tox.ini", "setup.cfg", "setup.py")
# Read by people and by other tools; a test that reads one names it.
_PROSE = re.compile(
    r"(docs|\.github|\.vscode|\.devcontainer)/.*|[^/]*\.(md|rst)|(LICENSE|CODEOWNERS|NOTICE)[^/]*"
    r"|\.(git(ignore|attributes)|editorconfig|pre-commit-config\.yaml)|Taskfile\.yml"
)
PYTHON_FILES = ("test_*.py", "*_test.py")


def everything(reason: str, tests: Sequence[str], changed: Sequence[str] = ()) -> Selection:
    """The full suite."""
    return Selection(mode="full", reason=reason, changed=tuple(changed), tests=(), total=len(tests))


def unit_tests(files: Iterable[str], patterns: Sequence[str] = PYTHON_FILES) -> list[str]:
    """The files under tests/unit that pytest collects, by its setting `python_files`."""
    return [file for file in files if _is_test(file, patterns)]


def select(
    root: Path, files: Sequence[str], changed: Sequence[str] | None, patterns: Sequence[str] = PYTHON_FILES
) -> Selection:
    """Map changed paths to files under tests/unit, with a reason for each.

    `files` are all project files; `changed` is None when git can't tell.
    """
    tests = unit_tests(files, patterns)
    if changed is None:
        return everything(
            "git can't tell what changed (no repository, unknown ref or shallow history)", tests
        )
    python = [file for file in files if file.endswith(".py") and file.startswith(("src/", "tests/"))]
    graph = read_graph(root, python)
    if (blind := _blind_spot(root, changed, python, tests, graph)) is not None:
        return everything(blind, tests, changed)
    reasons: dict[str, list[str]] = {}
    for path in changed:
        reached = _reached(path, tests, graph)
        if not reached and path.startswith("src/"):
            return everything(f"no test is known to reach {path}", tests, changed)
        for test, why in reached.items():
            reasons.setdefault(test, []).append(why)
    if any(path.startswith("src/") for path in changed):
        for test in tests:
            if hidden := _hides(test, graph):
                reasons.setdefault(test, []).append(hidden)
    picked = tuple(SelectedTest(path=test, reasons=tuple(reasons[test])) for test in sorted(reasons))
    reason = f"{len(picked)} of {len(tests)} test files reach the change"
    return Selection(
        mode="impacted" if picked else "none",
        reason=reason if picked else "no unit test reaches what changed",
        changed=tuple(changed),
        tests=picked,
        total=len(tests),
    )


def _is_test(file: str, patterns: Sequence[str]) -> bool:
    name = file.rpartition("/")[2]
    named = any(fnmatch(name, pattern) for pattern in patterns)
    return file.startswith("tests/unit/") and file.endswith(".py") and named


def _blind_spot(
    root: Path, changed: Sequence[str], python: Sequence[str], tests: Sequence[str], graph: ImportGraph
) -> str | None:
    """A change whose effect no import shows, or code that hides what it imports."""
    unit = [file for file in python if not file.startswith(_OTHER_LAYERS)]
    for path in changed:
        if (reason := _blind(path, root, unit, tests)) is not None:
            return reason
    hiding = sorted(graph.dynamic & set(unit) - set(tests))
    if hiding and any(path.startswith("src/") for path in changed):
        return f"{hiding[0]} imports modules by computed name, or can't be parsed"
    return None


def _blind(path: str, root: Path, unit: Sequence[str], tests: Sequence[str]) -> str | None:
    if path.startswith(_OTHER_LAYERS):
        return None
    if not path.startswith(("src/", "tests/")):
        return _outside(path, root, unit)
    return _inside(path, unit, tests)


def _inside(path: str, unit: Sequence[str], tests: Sequence[str]) -> str | None:
    if path.rpartition("/")[2] in ("conftest.py", "__init__.py"):
        return f"{path} reaches tests without being imported"
    if not path.endswith(".py"):
        return f"{path} is data, read without being imported"
    if path not in unit:
        return f"{path} is gone; who used it can't be seen any more"
    if path.startswith("tests/") and path not in tests:
        return f"{path} is shared by tests"
    return None


def _outside(path: str, root: Path, unit: Sequence[str]) -> str | None:
    if path in _CONFIGURATION or path.startswith("requirements"):
        return f"{path} configures every test"
    if not _PROSE.fullmatch(path):
        return f"{path} lies outside src/ and tests/, and any test may read it"
    name = path.rpartition("/")[2]
    for file in unit:
        if name in (root / file).read_text(encoding="utf-8", errors="replace"):
            return f"{path} is named in {file}"
    return None


def _hides(test: str, graph: ImportGraph) -> str | None:
    if test in graph.dynamic:
        return "imports modules by computed name, or can't be parsed"
    return "starts programs, which may be the project's" if test in graph.starts_programs else None


def _reached(path: str, tests: Sequence[str], graph: ImportGraph) -> dict[str, str]:
    """Test files that a changed file reaches, each with its reason."""
    distances = graph.distances_to(path)
    found = {path: "it changed"} if path in tests else {}
    for test in tests:
        if test in distances:
            steps = distances[test]
            found[test] = f"imports {path}" + ("" if steps == 1 else f" through {steps - 1} other modules")
    if path.startswith("src/"):
        name = f"test_{path.rpartition('/')[2]}"
        found |= {
            test: f"is named after {path}"
            for test in tests
            if test.endswith(f"/{name}") and test not in found
        }
    return found
