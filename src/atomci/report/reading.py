"""A run's report, made of its events and of what those name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import structs

from atomci.artifacts import handles
from atomci.artifacts.handed.manifests import MANIFEST, Manifest
from atomci.artifacts.handed.runs import (
    AtomFinished,
    AtomStarted,
    CoverageMeasured,
    Event,
    Excerpt,
    Result,
    RunFinished,
    RunStarted,
)
from atomci.artifacts.handed.testing import CoverageBudget, TestResult, TestSession
from atomci.artifacts.handles import result_of
from atomci.artifacts.printed.reported import AtomReport, CoverageReport, RedRow, RunReport, TestReport
from atomci.artifacts.redaction import Redactor, redactor_for
from atomci.artifacts.store import ArtifactError, read_if_there
from atomci.catalog import ATOMS, Atom
from atomci.decoding import decoded
from atomci.errors import UsageError
from atomci.report.timeline import AtomSpan, beside, critical_path

__all__ = ["RED", "log_of", "report_of", "reported"]

T = TypeVar("T")

RED = ("error", "vacuous", "fail")
_BAD_TESTS = ("failed", "error")
_TESTS = (handles.UNIT_RESULTS.path, handles.INTEGRATION_RESULTS.path, handles.E2E_RESULTS.path)
_BUDGETS = {
    "enforce_coverage_budget": handles.BUDGET,
    "generate_coverage_xml_html": handles.ALL_BUDGET,
}
_LOG_LINES = 40
_LOG_BYTES = 16_000
_ROWS = {row.name: row for row in ATOMS}
# Of tests, what needs a look comes first.
_ORDER = ("failed", "error", "rerun", "quarantined", "xpassed", "skipped", "xfailed", "passed")


@dataclass
class _Told:
    """A run's events, by kind."""

    started: RunStarted
    finished: RunFinished | None = None
    last: str = ""
    begun: dict[str, str] = field(default_factory=dict)
    ended: dict[str, AtomFinished] = field(default_factory=dict)
    tests: list[TestResult] = field(default_factory=list)
    coverage: CoverageMeasured | CoverageBudget | None = None
    judged_by: str = ""
    """The atom that the coverage is of."""
    sources: dict[str, dict[int, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def report_of(log: Path, root: Path | None = None) -> RunReport:
    """The report of the run whose events.jsonl this is.

    `root` is the project in which it ran: what the events name is read there, as long as it is still that
    run's. Raises UsageError where the file holds no run.
    """
    events, unread = _events(log)
    report = reported(events, log.parent, root)
    return structs.replace(report, notes=(*unread, *report.notes)) if unread else report


def reported(events: Sequence[Event], folder: Path, root: Path | None = None) -> RunReport:
    """The report of a run that told these events, the first of which says that it started.

    `folder` has its logs; `root` is as for `report_of`.
    """
    started = events[0]
    assert isinstance(started, RunStarted)
    told = _Told(started, last=started.time)
    for event in events:
        _take(told, event)
    if told.finished is None:
        told.notes.append("the events end before the run: it was killed, or it goes on")
    if root is not None:
        _add_what_was_reused(told, root)
    spans = _spans(told)
    tests, problems = _tests(told.tests), tuple(_problems(told, folder))
    return RunReport(
        run=told.started.run,
        atomci=told.started.version,
        targets=told.started.targets,
        time=told.started.time,
        seconds=told.finished.seconds if told.finished else _since(told, told.last),
        verdict=told.finished.verdict if told.finished else "unfinished",
        exit_code=told.finished.exit_code if told.finished else None,
        jobs=told.started.jobs,
        python=told.started.python,
        system=told.started.system,
        event=told.started.trigger,
        commit=_commit(folder),
        counts=_counts(told),
        atoms=tuple(_atoms(told, spans)),
        problems=problems,
        tests=tests,
        coverage=_coverage(told),
        sources=told.sources,
        notes=tuple(told.notes),
    )


def _events(log: Path) -> tuple[list[Event], list[str]]:
    """The events, and what can't be read. Raises UsageError."""
    events: list[Event] = []
    unread = []
    for number, line in enumerate(_lines(log), 1):
        try:
            events.append(decoded(line, Event))
        except msgspec.DecodeError as error:
            if not events:
                raise _no_run(log, f"line {number}: {error}") from None
            unread.append(number)
    if not events or not isinstance(events[0], RunStarted):
        raise _no_run(log, "it doesn't begin with run_started" if events else "it is empty")
    more = f", and {len(unread) - 1} more" if len(unread) > 1 else ""
    # They are torn, or a newer atomci wrote them.
    return events, [f"line {unread[0]} of the events{more} can't be read, and isn't shown"] if unread else []


def _lines(log: Path) -> list[bytes]:
    try:
        return log.read_bytes().splitlines()
    except OSError as error:
        raise _no_run(log, error.strerror or str(error)) from None


def _no_run(log: Path, why: str) -> UsageError:
    return UsageError(
        f"{log} holds no run's events: {why}", "name a run of artifacts/runs/, or its events.jsonl"
    )


def _take(told: _Told, event: object) -> None:
    if isinstance(event, TestResult):
        told.tests.append(event)
    elif isinstance(event, Excerpt):
        told.sources.setdefault(event.path, {}).update(event.lines)
    elif isinstance(event, AtomStarted):
        told.begun[event.atom], told.last = event.time, event.time
    elif isinstance(event, AtomFinished):
        told.ended[event.atom], told.last = event, event.time
    elif isinstance(event, CoverageMeasured):
        told.coverage, told.judged_by = event, event.atom
    elif isinstance(event, RunFinished):
        told.finished, told.last = event, event.time


def _add_what_was_reused(told: _Told, root: Path) -> None:
    """Of an atom whose result was taken over, the events tell only the end: its artifacts tell the rest."""
    for atom in (row for row in told.ended.values() if row.cached):
        owed = [
            path for path in atom.outputs if path.startswith("artifacts/tests/") and path.endswith(".jsonl")
        ]
        if not owed and atom.atom not in _BUDGETS:
            continue
        if not _is_of_run(root, atom.atom, told.started.run):
            told.notes.append(
                f"{atom.atom} took over an earlier result, and another run has replaced that since"
            )
            continue
        redactor = redactor_for(root, os.environ)
        told.tests += (row for path in owed for row in _recorded(root / path, redactor))
        if atom.atom in _BUDGETS and (found := _artifact(root / _BUDGETS[atom.atom], CoverageBudget)):
            told.coverage, told.judged_by = found, atom.atom


def _is_of_run(root: Path, atom: str, run: str) -> bool:
    result = _artifact(root / result_of(atom), Result)
    return result is not None and result.run == run


def _artifact(path: Path, kind: type[T]) -> T | None:
    try:
        return read_if_there(path, kind)
    except (ArtifactError, OSError):
        return None


def _recorded(path: Path, redactor: Redactor) -> list[TestResult]:
    """The tests of a layer's results, as far as they can be read, without secrets."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    rows = _rows(text)
    # What is shown of them is a third of the text, and seldom holds a secret.
    shown = dict.fromkeys(part for row in rows for part in (row.nodeid, row.path, row.message, row.details))
    return _rows(redactor.clean_json(text)) if redactor.holds(shown) else rows


def _rows(text: str) -> list[TestResult]:
    rows: list[TestResult] = []
    for line in text.split("\n"):
        try:
            row: object = decoded(line, TestResult | TestSession)
        except msgspec.DecodeError:
            break
        if isinstance(row, TestResult):
            rows.append(row)
    return rows


def _since(told: _Told, time: str) -> float:
    """Seconds since the run began; 0 where a time can't be read."""
    try:
        passed = datetime.fromisoformat(time) - datetime.fromisoformat(told.started.time)
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, round(passed.total_seconds(), 3))


def _spans(told: _Told) -> dict[str, AtomSpan]:
    """Of the atoms that had a turn. One that hasn't ended lasts until the last event."""
    found = {}
    for name, began in told.begun.items():
        row = told.ended.get(name)
        found[name] = AtomSpan(name, _since(told, began), _since(told, row.time if row else told.last))
    return found


def _before(atoms: Sequence[str]) -> dict[str, set[str]]:
    rows: list[Atom] = [_ROWS[name] for name in atoms if name in _ROWS]
    return {row.name: {*row.needs, *row.after} & set(atoms) for row in rows}


def _atoms(told: _Told, spans: Mapping[str, AtomSpan]) -> Iterator[AtomReport]:
    path = [span.name for span in critical_path(list(spans.values()), _before(told.started.atoms))]
    waited = dict(zip(path[1:], path, strict=False))
    for name in dict.fromkeys((*told.started.atoms, *told.ended)):
        yield _atom(told, name, spans, critical=name in path, waited_for=waited.get(name, ""))


def _atom(
    told: _Told, name: str, spans: Mapping[str, AtomSpan], *, critical: bool, waited_for: str
) -> AtomReport:
    row, span, known = told.ended.get(name), spans.get(name), _ROWS.get(name)
    begun = "had begun" if span else "had not begun"
    report = AtomReport(
        name=name,
        number=known.number if known else None,
        summary=known.summary if known else "",
        status="unfinished",
        reason=f"it {begun} when the events end",
        began=span.began if span else None,
        ended=span.ended if span and row else None,
        beside=beside(span, list(spans.values())) if span else (),
        critical=critical,
        waited_for=waited_for,
    )
    if row is None:
        return report
    return structs.replace(
        report,
        status=row.status,
        reason=row.reason,
        examined=row.examined,
        unit=row.unit,
        cached=row.cached,
        findings=len(row.findings),
        commands=row.commands,
        log=row.log,
        override=row.override,
        overridden=bool(told.finished and name in told.finished.overridden),
        left_out=row.left_out,
        because=row.because,
    )


def _problems(told: _Told, folder: Path) -> Iterator[RedRow]:
    """Broken atoms, failed tests, findings, errors first; then what is red since another is, or excused."""
    tests = {row.nodeid: row for row in told.tests if row.outcome in _BAD_TESTS}
    found = [row for atom in told.ended.values() for row in _of_atom(atom, tests, folder, told)]
    red = {row.atom for row in found}
    order = {"error": 2, "warning": 3, "note": 4}

    def urgency(problem: RedRow) -> tuple[bool, int]:
        if problem.finding is None:
            return bool(problem.overridden), 5 if _stood_on(problem.atom) & red else 0
        is_test = problem.finding.rule in tests
        return bool(problem.overridden), 1 if is_test else order[problem.finding.level]

    yield from sorted(found, key=urgency)


def _stood_on(name: str) -> set[str]:
    """The atoms whose outcomes an atom's own comes from, over others too."""
    found: set[str] = set()
    queue = [name]
    while queue:
        row = _ROWS.get(queue.pop())
        new = {*row.needs, *row.after} - found if row else set()
        found |= new
        queue += new
    return found


def _of_atom(
    atom: AtomFinished, tests: Mapping[str, TestResult], folder: Path, told: _Told
) -> Iterator[RedRow]:
    excused = told.finished.overridden.get(atom.atom, "") if told.finished else ""
    for finding in atom.findings:
        test = tests.get(finding.rule)
        yield RedRow(
            atom=atom.atom, finding=finding, details=test.details if test else "", overridden=excused
        )
    if atom.status in RED and not atom.findings:
        end = _end_of_log(log_of(folder, atom.atom))
        yield RedRow(atom=atom.atom, reason=atom.reason or atom.status, details=end, overridden=excused)


def log_of(folder: Path, atom: str) -> Path:
    """An atom's log in the folder of its run; events from elsewhere may name what isn't one."""
    return folder / f"{re.sub(r'[^A-Za-z0-9_-]', '_', atom)}.log"


def _end_of_log(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LOG_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-_LOG_LINES:])


def _tests(results: Sequence[TestResult]) -> tuple[TestReport, ...]:
    """One row for each test: how its last attempt ended; the slowest first of those that ended alike."""
    attempts: dict[str, list[TestResult]] = {}
    for result in results:
        attempts.setdefault(result.nodeid, []).append(result)
    rows = [_test(tries) for tries in attempts.values()]
    return tuple(sorted(rows, key=lambda row: (_ORDER.index(row.outcome), not row.flaky, -row.seconds)))


def _test(tries: Sequence[TestResult]) -> TestReport:
    """Of several ends, such as in two layers, the worst: a pass elsewhere hides no failure."""
    last = min(tries, key=lambda row: (row.outcome == "rerun", _ORDER.index(row.outcome)))
    failed_before = any(row.outcome == "rerun" for row in tries)
    return TestReport(
        nodeid=last.nodeid,
        outcome=last.outcome,
        seconds=last.seconds,
        attempts=max(row.attempt for row in tries),
        flaky=failed_before and last.outcome == "passed",
        path=last.path,
        line=last.line,
        message=last.message,
        quarantine=last.quarantine,
    )


def _coverage(told: _Told) -> CoverageReport | None:
    found = told.coverage
    if found is None:
        return None
    judged = told.ended.get(told.judged_by)
    return CoverageReport(
        said=judged.reason if judged else "",
        percent=found.percent,
        budget=found.budget,
        met=found.met,
        statements=found.statements,
        files=tuple(sorted(found.files, key=lambda file: file.percent)),
    )


def _counts(told: _Told) -> dict[str, int]:
    if told.finished:
        return dict(told.finished.counts)
    found: dict[str, int] = {}
    for row in told.ended.values():
        found[row.status] = found.get(row.status, 0) + 1
    return found


def _commit(folder: Path) -> str:
    """What the manifest beside the events says."""
    manifest = _artifact(folder / MANIFEST, Manifest)
    return (manifest.commit or "") if manifest else ""
