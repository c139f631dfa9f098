"""Pester and PSScriptAnalyzer: pester.ps1 runs them and writes JSON, read here as results and findings."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import structs

from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.handed.testing import Diagnostic, PesterRun, PesterTest, TestResult
from atomci.artifacts.store import ArtifactError
from atomci.decoding import decoded
from atomci.testing import results
from atomci.tools.process import Completed

__all__ = [
    "INSTALL",
    "Tests",
    "arguments",
    "diagnostics",
    "is_test",
    "missing_modules",
    "read_run",
    "readable",
    "tests_of",
]

DRIVER = Path(__file__).with_name("pester.ps1")
# Not Install-Module: over the Pester 3.4 that Windows has it fails, since another publisher signed that.
INSTALL = "Install-PSResource {}"
# It can't see that Pester's blocks share variables, so each BeforeAll would be red.
_BLIND_IN_TESTS = "PSUseDeclaredVarsMoreThanAssignments"

_NOISE = re.compile("[\0\ufffd\ufeff]")
_ENCODINGS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What PowerShell says of a file that it can't parse: place, the line, what is underlined, the reason.
_UNPARSED = re.compile(r"^(?:\w+: )?At [^\n]+:\d+ char:\d+\r?\n(?:\+ ?[^\n]*\n)+(?P<reason>[^\n]+)")
# `at <ScriptBlock>, PATH:12` as Pester shows a frame, `at f, PATH: line 12` as PowerShell does, and
# `At PATH:12 char:5` in a message.
_FRAME = re.compile(
    r"^at .*, (?P<path>[^\n]+?):(?: line)? ?(?P<line>\d+)\s*$|^At (?P<said>[^\n]+?):(?P<there>\d+) char:\d+",
    re.MULTILINE,
)
_OUTCOMES: dict[str, Literal["passed", "failed", "skipped"]] = {"Passed": "passed", "Failed": "failed"}
_LEVELS: dict[str, Literal["warning", "note"]] = {"Warning": "warning", "Information": "note"}


def arguments(results: str, files: Iterable[str]) -> tuple[str, ...]:
    """What pwsh is started with to run both tools on files, POSIX and relative to where it is started."""
    own = ("-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File", str(DRIVER))
    return (*own, results, *files)


def is_test(path: str) -> bool:
    """Whether Pester takes a file for one with tests; on Windows people write it in any case."""
    return path.lower().endswith(".tests.ps1")


def read_run(path: Path) -> PesterRun:
    """What the driver wrote, in any Unicode encoding that PowerShell writes. Raises ArtifactError."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ArtifactError(f"{path.name} is missing") from None
    encoding = next((name for bom, name in _ENCODINGS.items() if raw.startswith(bom)), "utf-8")
    try:
        return decoded(raw.decode(encoding), PesterRun)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{path.name} is cut short or not what the driver writes: {error}") from None


def missing_modules(run: PesterRun, *, with_tests: bool) -> list[str]:
    """Names of the modules that aren't installed, as Install-PSResource takes them; Pester only for tests."""
    wanted = {"Pester": run.pester if with_tests else "", "PSScriptAnalyzer": run.analyzer}
    return [name for name, version in wanted.items() if version is None]


@dataclass(frozen=True)
class Tests:
    """How each test ended, and findings for what says more than that it did not run."""

    results: tuple[TestResult, ...]
    findings: tuple[Finding, ...]


def tests_of(run: PesterRun, given: Iterable[str], project: Iterable[str]) -> Tests:
    """First files and blocks that broke by themselves, then files without a test, then one for each test.

    All files are POSIX and relative to the root: `given` are those that the driver was given, `project` those
    of which one may be blamed.
    """
    tree = _Tree.of(run.root, project)
    causes = _causes(run)
    told = [_broken(tree, row, causes.count(row)) for row in run.broken]
    told += [_without_tests(path) for path in _files_without_tests(run, tree, given)]
    silent: list[TestResult] = []
    for row, cause in zip(run.tests, causes, strict=True):
        if cause is None:
            told.append(_result(tree, row, _OUTCOMES.get(row.result, "skipped")))
        elif cause is row:
            told.append(_ended(tree, row, causes.count(row)))
        else:
            silent.append(_did_not_run(tree, row, cause))
    return Tests((*told, *silent), results.findings(told, "Pester"))


def diagnostics(run: PesterRun) -> tuple[Finding, ...]:
    """What PSScriptAnalyzer found, in the lint lane."""
    tree = _Tree.of(run.root, ())
    return tuple(
        _diagnostic(tree, row)
        for row in run.diagnostics
        if not (row.rule == _BLIND_IN_TESTS and is_test(row.path))
    )


def readable(done: Completed) -> Completed:
    """What PowerShell said, without what UTF-16 that was read as UTF-8 put into it."""
    return replace(done, stdout=_NOISE.sub("", done.stdout), stderr=_NOISE.sub("", done.stderr))


@dataclass(frozen=True)
class _Tree:
    """The driver's root, and the files below it; a drive letter says that case makes no difference."""

    root: str
    files: Mapping[str, str]

    @classmethod
    def of(cls, root: str, files: Iterable[str]) -> _Tree:
        posix = root.replace("\\", "/").rstrip("/") + "/"
        tree = cls(posix, {})
        return cls(posix, {tree._key(file): file for file in files})

    def _key(self, path: str) -> str:
        return path.lower() if self.root[1:2] == ":" else path

    def own(self, path: str) -> str | None:
        """The file of the project that PowerShell means by a path."""
        return self.files.get(self._key(self.relative(path)))

    def relative(self, path: str) -> str:
        """POSIX and relative to the root where it lies below that; else as PowerShell names it."""
        shown = path.replace("\\", "/")
        return shown[len(self.root) :] if self._key(shown).startswith(self._key(self.root)) else shown


def _diagnostic(tree: _Tree, row: Diagnostic) -> Finding:
    return Finding(
        path=tree.relative(row.path),
        line=max(row.line, 1),
        column=max(row.column, 1),
        tool="PSScriptAnalyzer",
        rule=row.rule,
        message=row.message,
        level=_LEVELS.get(row.severity, "error"),
        lane="lint",
    )


def _causes(run: PesterRun) -> list[PesterTest | None]:
    """What took each test along that failed without a word, None for all others.

    That is the file or block that broke around it, else the first such test of its file: there its run ended.
    """
    first: dict[str, PesterTest] = {}

    def cause(test: PesterTest) -> PesterTest | None:
        if test.result != "Failed" or test.message.strip():
            return None
        around = next((row for row in run.broken if _is_within(test, row)), None)
        return around or first.setdefault(test.path, test)

    return [cause(test) for test in run.tests]


def _is_within(test: PesterTest, row: PesterTest) -> bool:
    return test.path == row.path and (not row.name or test.name.startswith(f"{row.name}."))


def _files_without_tests(run: PesterRun, tree: _Tree, given: Iterable[str]) -> list[str]:
    if run.pester is None:
        return []
    seen = {tree.own(path) for path in (*run.found, *(row.path for row in (*run.broken, *run.tests)))}
    return [path for path in given if is_test(path) and path not in seen]


def _broken(tree: _Tree, row: PesterTest, took: int) -> TestResult:
    result = _result(tree, row, "error")
    more = f"; {took} test{'s' * (took > 1)} did not run" if took else ""
    return structs.replace(result, message=result.message + more)


def _without_tests(path: str) -> TestResult:
    said = "no test was found: the file has no Describe with an It, or ends before it"
    return TestResult(nodeid=path, outcome="error", path=path, line=1, message=said)


def _ended(tree: _Tree, row: PesterTest, took: int) -> TestResult:
    how = "something ended the run of this file, such as exit, or break without a loop"
    lost = f"{took} tests have no result" if took > 1 else "no result"
    return structs.replace(_result(tree, row, "error"), message=f"{lost}: {how}")


def _did_not_run(tree: _Tree, row: PesterTest, cause: PesterTest) -> TestResult:
    why = _first_line(cause.message) or f"{cause.name} has no result"
    return structs.replace(_result(tree, row, "error"), message=f"did not run: {why}")


def _result(
    tree: _Tree, row: PesterTest, outcome: Literal["passed", "failed", "skipped", "error"]
) -> TestResult:
    file = tree.relative(row.path)
    path, line = file, row.line
    # A file that isn't PowerShell has its line from the parser, which knows better than the stack.
    if outcome in ("failed", "error") and not (row.line and not row.name):
        path, line = next(_frames(tree, row), (file, row.line))
    return TestResult(
        nodeid=f"{file}::{row.name}" if row.name else file,
        outcome=outcome,
        seconds=row.seconds,
        path=path,
        line=max(line, 1),
        message=_first_line(row.message) or ("" if outcome == "passed" else row.result.lower()),
        details="\n".join(part for part in (row.message, row.stack) if part) if outcome != "passed" else "",
    )


def _first_line(message: str) -> str:
    unparsed = _UNPARSED.match(message)
    return unparsed["reason"].strip() if unparsed else message.strip().partition("\n")[0]


def _frames(tree: _Tree, row: PesterTest) -> Iterator[tuple[str, int]]:
    """Places that a stack trace names in files of the project, innermost first; then those in the message."""
    for match in _FRAME.finditer(f"{row.stack}\n{row.message}"):
        if path := tree.own(match["path"] or match["said"]):
            yield path, int(match["line"] or match["there"])
