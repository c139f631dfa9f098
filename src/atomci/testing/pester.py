"""Pester and PSScriptAnalyzer: pester.ps1 runs them and writes JSON, read here as results and findings."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from atomci.artifacts.schemas import Finding
from atomci.artifacts.store import ArtifactError
from atomci.artifacts.testing import Diagnostic, PesterRun, PesterTest, TestResult
from atomci.tools.process import Completed

__all__ = [
    "INSTALL",
    "arguments",
    "diagnostics",
    "is_test",
    "missing_modules",
    "read_run",
    "readable",
    "results_of",
]

DRIVER = Path(__file__).with_name("pester.ps1")
INSTALL = "Install-Module {} -Scope CurrentUser"

_NOISE = re.compile("[\0\ufffd\ufeff]")
_ENCODINGS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
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
        return msgspec.json.decode(raw.decode(encoding), type=PesterRun)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{path.name} is cut short or not what the driver writes: {error}") from None


def missing_modules(run: PesterRun) -> list[str]:
    """Names of the modules that aren't installed, as Install-Module takes them."""
    found = {"Pester": run.pester, "PSScriptAnalyzer": run.analyzer}
    return [name for name, version in found.items() if version is None]


def results_of(run: PesterRun) -> tuple[TestResult, ...]:
    """One per test, and one for each file or block that broke by itself, first."""
    broken = tuple(_result(run, row, "error") for row in run.broken)
    return broken + tuple(_result(run, row, _OUTCOMES.get(row.result, "skipped")) for row in run.tests)


def diagnostics(run: PesterRun) -> tuple[Finding, ...]:
    """What PSScriptAnalyzer found, in the lint lane."""
    return tuple(_diagnostic(run, row) for row in run.diagnostics)


def readable(done: Completed) -> Completed:
    """What PowerShell said, without what UTF-16 that was read as UTF-8 put into it."""
    return replace(done, stdout=_NOISE.sub("", done.stdout), stderr=_NOISE.sub("", done.stderr))


def _diagnostic(run: PesterRun, row: Diagnostic) -> Finding:
    return Finding(
        path=_relative(run, row.path),
        line=max(row.line, 1),
        column=max(row.column, 1),
        tool="PSScriptAnalyzer",
        rule=row.rule,
        message=row.message,
        level=_LEVELS.get(row.severity, "error"),
        lane="lint",
    )


def _result(
    run: PesterRun, row: PesterTest, outcome: Literal["passed", "failed", "skipped", "error"]
) -> TestResult:
    file = _relative(run, row.path)
    path, line = file, row.line
    # A file that isn't PowerShell has its line from the parser, which knows better than the stack.
    if outcome in ("failed", "error") and not (row.line and not row.name):
        path, line = next(_frames(run, row), (file, row.line))
    first = row.message.strip().partition("\n")[0]
    return TestResult(
        nodeid=f"{file}::{row.name}" if row.name else file,
        outcome=outcome,
        seconds=row.seconds,
        path=path,
        line=max(line, 1),
        message=first or ("" if outcome == "passed" else row.result.lower()),
        details="\n".join(part for part in (row.message, row.stack) if part) if outcome != "passed" else "",
    )


def _frames(run: PesterRun, row: PesterTest) -> Iterator[tuple[str, int]]:
    """Places inside the project that a stack trace names, innermost first; then those in the message."""
    for match in _FRAME.finditer(f"{row.stack}\n{row.message}"):
        path = _relative(run, match["path"] or match["said"])
        if not (path.startswith("../") or PurePosixPath(path).is_absolute() or ":" in path):
            yield path, int(match["line"] or match["there"])


def _relative(run: PesterRun, path: str) -> str:
    """POSIX and relative to the driver's root where it lies below that; else as PowerShell names it."""
    shown, root = path.replace("\\", "/"), run.root.replace("\\", "/").rstrip("/") + "/"
    # A drive letter says that case makes no difference.
    same = shown.lower().startswith(root.lower()) if root[1:2] == ":" else shown.startswith(root)
    return shown[len(root) :] if same else shown
