"""Is coverage the same when only the tests run that a change reaches? On real projects, line by line.

    python bench/coverage_under_selection.py [PROJECT...] [--edits 30] [--seed 1] [--json] [--keep DIR]

Draws small edits of a released project: of its functions, its modules and its tests. For each, atomci runs
the tests that it selects, from the same record of the untouched project, and plain pytest with pytest-cov
runs all. Every line and branch in both coverage.xml has to be the same. Edits after which a test fails tell
nothing, and aren't counted. Run it with a Python that has atomci. Needs uv and git.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from impact import say
from impact_projects import PROJECTS, BenchError, Project, call, prepare

_REPORT = "artifacts/reports/coverage.xml"
_TARGETS = ("enforce_coverage_budget", "export_junit_and_coverage_artifacts")
_SETTINGS = "[run]\nbranch = true\nrelative_files = true\nsource = {}\n[report]\nfail_under = 1\n"


@dataclass(frozen=True)
class Compared:
    """One edit: how many of all tests ran, processor seconds of both, and the lines that differ."""

    edit: str
    mode: str
    reason: str
    ran: int
    tests: int
    part_seconds: float
    whole_seconds: float
    lines: int
    differing: Sequence[str]


Edit = Callable[[list[str], ast.Module, random.Random], list[str] | None]


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _first_of_body(lines: list[str], tree: ast.Module, draw: random.Random) -> tuple[int, str] | None:
    """Before which line of which function something fits, and how far it is indented."""
    found = []
    for function in _functions(tree):
        body = [node for node in function.body if not _is_text(node)] or function.body[-1:]
        if body[0].lineno > function.lineno:
            found.append((min([body[0].lineno, *_decorated(body[0])]), body[0].col_offset))
    if not found:
        return None
    line, column = draw.choice(found)
    return line - 1, lines[line - 1][:column]


def _decorated(node: ast.stmt) -> list[int]:
    return [decorator.lineno for decorator in getattr(node, "decorator_list", [])]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _in_function(*text: str) -> Edit:
    def edit(lines: list[str], tree: ast.Module, draw: random.Random) -> list[str] | None:
        if (place := _first_of_body(lines, tree, draw)) is None:
            return None
        row, indent = place
        return [*lines[:row], *(indent + line for line in text), *lines[row:]]

    return edit


def _at_top(*text: str) -> Edit:
    """Between two statements of the module."""

    def edit(lines: list[str], tree: ast.Module, draw: random.Random) -> list[str] | None:
        # What comes from the future comes first.
        first = max((n for n, node in enumerate(tree.body) if _is_of_the_future(node)), default=0)
        after = [node.end_lineno or node.lineno for node in tree.body[first:]]
        if not after:
            return None
        row = draw.choice(after)
        return [*lines[:row], *text, *lines[row:]]

    return edit


def _is_of_the_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _swap(lines: list[str], tree: ast.Module, draw: random.Random) -> list[str] | None:
    """Two functions that stand one after the other change places."""
    pairs = [
        (one, other)
        for one, other in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(one, ast.FunctionDef) and isinstance(other, ast.FunctionDef)
    ]
    if not pairs:
        return None
    one, other = draw.choice(pairs)
    first = min([one.lineno, *_decorated(one)]) - 1
    middle, last = one.end_lineno or 0, other.end_lineno or 0
    return [*lines[:first], *lines[middle:last], "", *lines[first:middle], *lines[last:]]


def _without_function(lines: list[str], tree: ast.Module, draw: random.Random) -> list[str] | None:
    """A test less."""
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]
    if not found:
        return None
    gone = draw.choice(found)
    first = min([gone.lineno, *_decorated(gone)]) - 1
    return [*lines[:first], *lines[gone.end_lineno :]]


_OF_CODE: Mapping[str, Edit] = {
    "a statement in a function": _in_function("atomci_bench = 1"),
    "a branch in a function": _in_function("if __name__ == 'nobody':", "    atomci_bench = 1"),
    "a comment in a function": _in_function("# a comment", ""),
    "a function more": _at_top(
        "", "def atomci_bench(value):", "    if value:", "        return 1", "    return 2", ""
    ),
    "a constant more": _at_top("", "ATOMCI_BENCH = 1", ""),
    "a comment between": _at_top("", "# a comment", ""),
    "two functions swapped": _swap,
}
_OF_TESTS: Mapping[str, Edit] = {
    "a test less": _without_function,
    "a test more": _at_top("", "def test_atomci_bench():", "    assert True", ""),
}


def edits(project: Project, seed: str) -> Iterator[tuple[str, Path, str]]:
    """What is done, the file, and its text then; without end."""
    draw = random.Random(seed)  # noqa: S311 - it draws edits
    tests = sorted((project.root / project.about.tests).rglob("test_*.py"))
    code = [project.root / path for path in project.files]
    while True:
        kind, files = draw.choice([(_OF_CODE, code)] * 4 + [(_OF_TESTS, tests)])
        name, path = draw.choice(sorted(kind)), draw.choice(files)
        text = path.read_text(encoding="utf-8")
        after = kind[name](text.splitlines(), ast.parse(text), draw)
        if after is None:
            continue
        changed = "\n".join(after) + "\n"
        try:
            ast.parse(changed)
        except SyntaxError:
            continue
        yield f"{name}: {path.relative_to(project.root).as_posix()}", path, changed


def seeded(project: Project, python: Path) -> None:
    """Coverage is asked for, and a run of all tests notes which lines each covers."""
    settings = project.root / ".coveragerc"
    wanted = _SETTINGS.format(project.about.package)
    if not settings.is_file() or settings.read_text(encoding="utf-8") != wanted:
        settings.write_text(wanted, encoding="utf-8")
        for words in (("add", "--force", ".coveragerc"), ("commit", "-q", "-m", "Measure coverage")):
            call(["git", *words], project.root, project.env())
    call(["uv", "pip", "install", "--quiet", "--python", str(project.python()), "pytest-cov"], project.folder)
    project.clean()
    shutil.rmtree(project.root / "artifacts", ignore_errors=True)
    command = [str(python), "-m", "atomci", "run", *_TARGETS, "--all", "--since", "HEAD"]
    call(command, project.root, project.env(), ok=(0, 1))
    if not (project.root / "artifacts/tests/impact-lines.json").is_file():
        raise BenchError(f"{project.name}: atomci noted no lines")
    shutil.rmtree(project.folder / "seed", ignore_errors=True)
    shutil.copytree(project.root / "artifacts", project.folder / "seed")


def compare(project: Project, python: Path, edit: tuple[str, Path, str]) -> Compared | None:
    """Both runs of one edit; None where a test failed."""
    name, path, text = edit
    shutil.rmtree(project.root / "artifacts", ignore_errors=True)
    shutil.copytree(project.folder / "seed", project.root / "artifacts")
    (project.root / _REPORT).unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        began = _processor_seconds()
        printed = call(
            [str(python), "-m", "atomci", "run", *_TARGETS, "--since", "HEAD", "--json"],
            project.root,
            project.env(),
            ok=(0, 1, 3),
        )
        part_seconds = _processor_seconds() - began
        ended = {
            row["atom"]: row
            for row in map(json.loads, printed.splitlines())
            if row["event"] == "atom_finished"
        }
        if ended["run_pytest_unit_with_coverage"]["status"] != "pass":
            say(f"{project.name}: {ended['run_pytest_unit_with_coverage']['reason']}")
            return None
        selection = json.loads((project.root / "artifacts/tests/selection.json").read_bytes())
        if selection["mode"] == "impacted" and not selection.get("exact"):
            raise BenchError(f"{project.name}: tests were left out whose lines aren't known, after {name}")
        part = lines_of(project.root / _REPORT)
        began = _processor_seconds()
        whole = _whole(project)
        whole_seconds = _processor_seconds() - began
    finally:
        project.clean()
    places = sorted({*part, *whole})
    return Compared(
        name,
        selection["mode"],
        ended["run_pytest_unit_with_coverage"]["reason"],
        ended["run_pytest_unit_with_coverage"]["examined"],
        selection["known"],
        round(part_seconds, 2),
        round(whole_seconds, 2),
        len(whole),
        [place for place in places if part.get(place) != whole.get(place)],
    )


def _processor_seconds() -> float:
    """Of all processes that ended since the beginning."""
    times = os.times()
    return times.children_user + times.children_system


def _whole(project: Project) -> Mapping[str, str]:
    """By pytest and pytest-cov alone."""
    report = project.folder / "whole.xml"
    report.unlink(missing_ok=True)
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--cov", f"--cov-report=xml:{report}"]
    call([str(project.python()), *words], project.root, project.env(), ok=(0,))
    (project.root / ".coverage").unlink(missing_ok=True)
    return lines_of(report)


def lines_of(report: Path) -> Mapping[str, str]:
    """By file and line: whether it ran, and how many of its branches did."""
    found = {}
    for file in ET.parse(report).getroot().iter("class"):
        for line in file.iter("line"):
            hits = "no" if line.get("hits") == "0" else f"ran {line.get('condition-coverage', '')}"
            found[f"{file.get('filename')}:{line.get('number')}"] = hits
    return found


def bench(name: str, keep: Path, python: Path, seed: str, count: int) -> list[Compared]:
    """A project's edits, of which those that turn it red aren't counted."""
    project = prepare(name, keep)
    seeded(project, python)
    found: list[Compared] = []
    for tries, edit in enumerate(edits(project, f"{name}:{seed}")):
        if len(found) == count or tries == 2 * count:
            break
        if (one := compare(project, python, edit)) is None:
            say(f"{name}: red after {edit[0]}")
            continue
        found.append(one)
        differ = f"{len(one.differing)} lines differ"
        say(f"{name}: {len(found)}/{count}: {one.mode}, {one.ran} tests, {differ}: {one.edit}")
        if one.differing:
            say(f"  {', '.join(one.differing[:5])}")
    return found


def main() -> int:
    """Parse, measure, print. The exit code is 1 if a line differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("projects", nargs="*", metavar="PROJECT", help=f"of {', '.join(PROJECTS)}; all if none is named")
    add("--edits", type=int, default=30, help="edits of each project")
    add("--seed", default="1", help="another draws other edits")
    add("--json", action="store_true", help="one JSON object")
    add("--keep", type=Path, metavar="DIR", help="prepare there, and use again what is there")
    add("--python", type=Path, default=Path(sys.executable), help="another Python that has atomci")
    options = parser.parse_args()
    names = options.projects or list(PROJECTS)
    if wrong := sorted(set(names) - set(PROJECTS)):
        parser.error(f"no such project: {', '.join(wrong)}; there are {', '.join(PROJECTS)}")
    if shutil.which("uv") is None or shutil.which("git") is None:
        parser.error("needs uv and git on PATH")
    found: dict[str, list[Compared]] = {}
    with tempfile.TemporaryDirectory(prefix="atomci-bench-") as scratch:
        keep = (options.keep or Path(scratch)).resolve()
        try:
            for name in names:
                found[name] = bench(name, keep, options.python.absolute(), options.seed, options.edits)
        except BenchError as error:
            say(f"error: {error}")
            return 1
    if options.json:
        print(json.dumps({name: [asdict(one) for one in rows] for name, rows in found.items()}, indent=1))
    else:
        _print_table(found)
    return int(any(one.differing for rows in found.values() for one in rows))


def _print_table(found: Mapping[str, Sequence[Compared]]) -> None:
    print(
        f"{'project':12} {'edits':>6} {'a part ran':>11} {'differ':>7} {'lines':>6} {'tests':>6} {'cpu':>6}"
    )
    for name, rows in found.items():
        parts = [one for one in rows if one.ran < one.tests]
        differ = sum(bool(one.differing) for one in rows)
        lines = sum(len(one.differing) for one in rows)
        share = sum(one.ran for one in rows) / max(1, sum(one.tests for one in rows))
        spent = sum(one.part_seconds for one in rows) / max(1e-9, sum(one.whole_seconds for one in rows))
        print(f"{name:12} {len(rows):6} {len(parts):11} {differ:7} {lines:6} {share:6.0%} {spent:6.2f}")


if __name__ == "__main__":
    raise SystemExit(main())
