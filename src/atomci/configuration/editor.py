"""atom_020: VS Code runs the same commands as the gate, and understands what they print."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from atomci.analysis.table import TOOLS
from atomci.artifacts.handed.schemas import Finding
from atomci.configuration.calls import calls_in, in_locked_environment, program_of
from atomci.configuration.documents import Document
from atomci.configuration.facts import Fact, expect, problem, seen

__all__ = ["EXTENSIONS", "FILES", "FOLDER", "facts"]

FOLDER = ".vscode"
FILES = ("settings.json", "tasks.json", "launch.json", "extensions.json")
EXTENSIONS = (
    "ms-python.python",
    "ms-python.vscode-pylance",
    "usernamehw.errorlens",
    "ryanluker.vscode-coverage-gutters",
    "redhat.vscode-yaml",
    "eamodio.gitlens",
)
_OF_POWERSHELL = "ms-vscode.powershell"
_COVERAGE = "artifacts/reports/coverage.xml"
_BY_THE_GATE = {"pytest", *(tool.PROGRAM for tool in TOOLS.values())}
_SAMPLE = Finding(path="src/a.py", line=3, column=5, tool="ruff", rule="F401", message="unused import")
_GROUPS = {
    "file": "src/a.py",
    "line": "3",
    "column": "5",
    "severity": "error",
    "message": "unused import",
}

Known = Callable[[str], bool]


def facts(documents: Mapping[str, Document], known: Known, *, powershell: bool = False) -> Iterator[Fact]:
    """`documents` are the files by name; `known` says whether a target of `atomci run` exists.

    `powershell` is whether the project works with PowerShell, which has an extension of its own.
    """
    for name in FILES:
        if name not in documents:
            yield problem(f"{FOLDER}/{name}", "missing")
    for name, document in documents.items():
        if name not in FILES:
            yield seen(document.path, "parses")
    if settings := documents.get("settings.json"):
        yield from _settings(settings)
    if tasks := documents.get("tasks.json"):
        yield from _tasks(tasks, known)
    if launch := documents.get("launch.json"):
        names = [str(row.get("name")) for _, row in launch.rows("configurations")]
        yield expect(bool(names), launch.path, f"launches {', '.join(names)}", "launches nothing")
    if extensions := documents.get("extensions.json"):
        yield _extensions(extensions, (*EXTENSIONS, *([_OF_POWERSHELL] if powershell else [])))


def _settings(document: Document) -> Iterator[Fact]:
    enabled = "python.testing.pytestEnabled"
    yield expect(
        document.get(enabled) is True and document.get("python.testing.unittestEnabled") is not True,
        document.at(enabled),
        "the test explorer shows pytest's tests",
        f"the test explorer is off: {enabled} isn't true, or unittest's is",
    )
    names = "coverage-gutters.coverageFileNames"
    base = document.get("coverage-gutters.coverageBaseDir") or ""
    found = [_joined(base, name) for name in document.get(names) or ()]
    found += document.get("coverage-gutters.manualCoverageFilePaths") or ()
    yield expect(
        any(path.endswith(_COVERAGE) for path in found),
        document.at(names),
        f"coverage gutters show {_COVERAGE}",
        f"coverage gutters don't show {_COVERAGE} but {', '.join(found) or 'nothing'}",
    )


def _joined(base: str, name: str) -> str:
    # Its base folder is a glob, `**` where none is set.
    return f"{base.removesuffix('/')}/{name}" if base.strip("*/") else name


def _extensions(document: Document, wanted: Sequence[str]) -> Fact:
    recommended = {str(name).lower() for name in document.get("recommendations") or ()}
    missing = [name for name in wanted if name not in recommended]
    place = document.at("recommendations")
    good = f"recommends {', '.join(wanted)}"
    return expect(not missing, place, good, f"doesn't recommend {', '.join(missing)}")


def _tasks(document: Document, known: Known) -> Iterator[Fact]:
    called: set[str] = set()
    for index, task in document.rows("tasks"):
        command = _command(task)
        place = document.at("tasks", index, "command")
        label = task.get("label")
        calls = list(calls_in(command))
        targets = [target for call in calls for target in call.targets]
        called.update(targets)
        if unknown := [target for target in targets if not known(target)]:
            yield problem(place, f"task {label!r} runs what doesn't exist: {', '.join(unknown)}")
        if calls and not in_locked_environment(command):
            yield problem(place, f"task {label!r} doesn't run the locked atomci: {command}")
        if not calls and (program := program_of(command)[:1]) and program[0] in _BY_THE_GATE:
            yield problem(place, f"task {label!r} calls {program[0]} itself; the gate calls it by atomci run")
        yield from _matchers(document, index, task, bool(calls))
    shown = ", ".join(sorted(called))
    yield expect(
        "local_ci" in called,
        document.at("tasks"),
        f"tasks call atomci run {shown}",
        "no task calls atomci run local_ci",
    )


def _command(task: Mapping[str, Any]) -> str:
    words = [task.get("command", ""), *(task.get("args") or ())]
    return " ".join(str(word.get("value", "")) if isinstance(word, Mapping) else str(word) for word in words)


def _matchers(document: Document, index: int, task: Mapping[str, Any], calls_gate: bool) -> Iterator[Fact]:
    where = ("tasks", index, "problemMatcher")
    given = task.get("problemMatcher")
    matchers = given if isinstance(given, list) else [given] if given else []
    patterns = [_pattern(matcher) for matcher in matchers if isinstance(matcher, Mapping)]
    place = document.at(*where, "pattern", "regexp")
    found = ""
    for pattern in patterns:
        regexp = str(pattern.get("regexp", ""))
        try:
            compiled = re.compile(regexp)
        except re.error as error:
            yield problem(place, f"the problem matcher's regexp doesn't compile: {error}")
            return
        found = found or _misread(compiled, pattern)
        if not _misread(compiled, pattern):
            yield seen(place, f"task {task.get('label')!r}: the problem matcher reads `{_SAMPLE}`")
            return
    if calls_gate:
        yield problem(place, f"task {task.get('label')!r}: {found or 'no problem matcher'}")


def _pattern(matcher: Mapping[str, Any]) -> Mapping[str, Any]:
    """A matcher's pattern; of several lines the first, which is the only one that a finding has."""
    pattern = matcher.get("pattern")
    first = pattern[0] if isinstance(pattern, list) and pattern else pattern
    return first if isinstance(first, Mapping) else {}


def _misread(regexp: re.Pattern[str], pattern: Mapping[str, Any]) -> str:
    """What of a finding's line the matcher gets wrong; empty when nothing."""
    match = regexp.search(str(_SAMPLE))
    if match is None:
        return f"the problem matcher doesn't match `{_SAMPLE}`"
    for name, wanted in _GROUPS.items():
        group = pattern.get(name)
        if not isinstance(group, int) or group > regexp.groups:
            return f"the problem matcher has no group for {name}"
        if match[group] != wanted:
            return f"the problem matcher takes {match[group]!r} for the {name} of `{_SAMPLE}`"
    return ""
