"""From a run's events to what went wrong, each with its class and the reason for it. Reads no file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from atomci.artifacts.handed.failures import Failure, Kind, Layer
from atomci.artifacts.handed.runs import AtomFinished, Event
from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.handed.testing import TestResult
from atomci.report.excerpts import excerpt
from atomci.report.failures.words import NO_FAULT, told

__all__ = ["Rows", "failures_of"]

_RED = ("error", "vacuous", "fail")
_BAD = ("failed", "error")
_AT_MOST = 50
_LAYERS: Mapping[int, Layer] = {
    1: "static",
    4: "static",
    5: "unit",
    9: "integration",
    10: "e2e",
    13: "static",
}
_FOLDERS: Mapping[str, Layer] = {"tests/integration/": "integration", "tests/e2e/": "e2e"}
_TESTERS = {
    "run_pytest_unit_with_coverage": "unit",
    "run_pytest_integration": "integration",
    "run_pytest_e2e": "e2e",
}
_BUDGETS = ("enforce_coverage_budget", "generate_coverage_xml_html")
_EXCEPTION = re.compile(
    r"^(?:E\s+)?((?:\w+\.)*[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|Group)?)\b(?::|$)"
)
_COMPARED = ("assert ", "AssertionError")
_EXPECTED = (*_COMPARED, "Failed: ", "[XPASS(strict)]", "DID NOT RAISE")
_CUT_SHORT = re.compile(r"didn't finish|killed by|crashed")
_NOT_IMPORTED = re.compile(r"(?:ModuleNotFound|Import|Syntax|Indentation|Name|Attribute)Error")
_PYTEST_TIMEOUT = re.compile(r"Timeout \(?>|pytest-timeout|\+{3,} Timeout \+{3,}")


@dataclass(frozen=True)
class Rows:
    """What classes need of the catalog: each atom's phase, and the atoms before it."""

    phases: Mapping[str, int]
    before: Mapping[str, Collection[str]] = field(default_factory=dict)

    def behind(self, atom: str) -> set[str]:
        """All that an atom stands on."""
        found: set[str] = set()
        queue = [*self.before.get(atom, ())]
        while queue:
            name = queue.pop()
            if name not in found:
                found.add(name)
                queue += self.before.get(name, ())
        return found


def failures_of(events: Iterable[Event], rows: Rows, tail: Callable[[str], str]) -> tuple[Failure, ...]:
    """What went wrong, atom by atom; one that only repeats another's red is left out.

    `tail` gives the end of an atom's log, empty without one.
    """
    events = list(events)
    ended = {event.atom: event for event in events if isinstance(event, AtomFinished)}
    red = {name for name, row in ended.items() if row.status in _RED and not _excused(row)}
    tests: dict[Layer, list[TestResult]] = defaultdict(list)
    for event in events:
        if isinstance(event, TestResult):
            tests[_layer_of(event.nodeid)].append(event)
    found: list[Failure] = []
    # Not as they ended, which is another order each time.
    for name in sorted(red, key=lambda atom: (rows.phases.get(atom, len(rows.phases)), atom)):
        if not red & rows.behind(name):
            found += _of_atom(ended[name], rows, tests, tail(name))
    return (*found, *_flaky(tests, ended))


def _excused(row: AtomFinished) -> bool:
    return row.override.startswith("overridden")


def _layer_of(nodeid: str) -> Layer:
    return next((layer for folder, layer in _FOLDERS.items() if nodeid.startswith(folder)), "unit")


def _of_atom(
    row: AtomFinished, rows: Rows, tests: Mapping[Layer, list[TestResult]], tail: str
) -> Iterator[Failure]:
    layer = _LAYERS.get(rows.phases.get(row.atom, -1), "infra")
    if (own := _TESTERS.get(row.atom)) is not None:
        bad = [result for result in tests[layer] if result.outcome in _BAD] if own == layer else []
        if bad:
            yield from (_of_test(row, layer, result) for result in bad[:_AT_MOST])
            return
    if row.atom in _BUDGETS and row.status == "fail" and row.unit == "statements":
        yield _failure(row, "unit", "coverage", "less is covered than the budget asks for")
        return
    if row.status == "fail" and row.findings:
        yield from _of_findings(row, layer)
        return
    yield _of_text(row, layer, tail)


def _of_findings(row: AtomFinished, layer: Layer) -> Iterator[Failure]:
    """By kind; the first stands for all."""
    groups: dict[tuple[Kind, str], list[Finding]] = defaultdict(list)
    for finding in row.findings:
        groups[_of_finding(finding)].append(finding)
    for (kind, reason), found in groups.items():
        first = found[0]
        yield Failure(
            atom=row.atom,
            layer="static" if layer == "infra" else layer,
            kind=kind,
            reason=reason,
            message=f"{first.message} [{first.rule}]",
            path=first.path,
            line=first.line,
            count=len(found),
            log=row.log,
        )


def _of_finding(finding: Finding) -> tuple[Kind, str]:
    if finding.tool == "atomci":
        return "config", "a file of the project isn't set up as it should be"
    if finding.lane == "format":
        return "format", f"{finding.tool} would write it differently"
    if finding.lane == "type":
        return "type", f"{finding.tool} finds that the types don't fit"
    if finding.fixable:
        return "lint-fixable", f"{finding.tool} repairs it by itself"
    return "lint", f"{finding.tool} leaves it to you"


def _of_test(row: AtomFinished, layer: Layer, result: TestResult) -> Failure:
    kind, reason = _of_result(result)
    return Failure(
        atom=row.atom,
        layer="infra" if kind in ("disk", "network") else layer,
        kind=kind,
        reason=reason,
        message=result.message,
        path=result.path or result.nodeid.partition("::")[0],
        line=result.line,
        test=result.nodeid,
        excerpt=tuple(excerpt(result)),
        log=row.log,
    )


def _of_result(result: TestResult) -> tuple[Kind, str]:
    """A test's class, by how and where it went wrong."""
    end = result.details[-2000:]
    if "Fatal Python error" in (result.details[:18], result.message[:18]):
        return "crash", "the interpreter died"
    compared = result.message.startswith(_COMPARED)  # what a text says that is compared is no cause
    if not compared and (_PYTEST_TIMEOUT.search(result.message) or _PYTEST_TIMEOUT.search(end)):
        return "time-out", "the test took longer than its limit"
    if not compared and (found := told(result.message)) is not None and found[0] in NO_FAULT:
        return found[0], f"the test failed because {found[1]}"
    if result.outcome == "error":
        return _of_error(result, end)
    if not result.message.startswith(_EXPECTED) and (match := _EXCEPTION.match(result.message)):
        return "test-raised", f"the code under test raised {match[1]}"
    return "test-assert", "what the test expects isn't so"


def _of_error(result: TestResult, end: str) -> tuple[Kind, str]:
    if "::" in result.nodeid:
        return "test-error", "its set-up or tear-down failed, not the test itself"
    raised = _NOT_IMPORTED.search(result.message) or _NOT_IMPORTED.search(end)
    return "collection", f"pytest can't import it: {raised[0]}" if raised else "pytest can't collect it"


def _of_text(row: AtomFinished, layer: Layer, tail: str) -> Failure:
    """An atom without findings and tests, by what is said of it; its reason counts before its log."""
    found = told(row.reason) or (told(tail) if row.status == "error" else None)
    if found is not None:
        kind, reason = found
        return _failure(row, layer if kind == "config" else "infra", kind, reason)
    if row.status == "vacuous":
        return _failure(row, layer, "nothing-examined", "nothing was there to look at")
    if row.status == "fail":
        return _failure(row, layer, "config", "a file or setting of the project isn't as it should be")
    if layer in _TESTERS.values() and _CUT_SHORT.search(row.reason):
        return _failure(row, layer, "crash", "it ended before it was done")
    return _failure(row, "infra", "tool-broke", "a tool broke, and said nothing of the code")


def _failure(row: AtomFinished, layer: Layer, kind: Kind, reason: str) -> Failure:
    return Failure(atom=row.atom, layer=layer, kind=kind, reason=reason, message=row.reason, log=row.log)


def _flaky(tests: Mapping[Layer, list[TestResult]], ended: Mapping[str, AtomFinished]) -> Iterator[Failure]:
    """Tests that failed and then passed, which is no green."""
    atoms = {layer: atom for atom, layer in _TESTERS.items()}
    for layer, results in tests.items():
        last = {result.nodeid: result for result in results}
        again = {result.nodeid: result for result in results if result.outcome == "rerun"}
        for nodeid, first in again.items():
            if last[nodeid].outcome not in _BAD and (row := ended.get(atoms[layer])) is not None:
                yield Failure(
                    atom=row.atom,
                    layer=layer,
                    kind="flaky",
                    reason=f"it failed, and passed at attempt {last[nodeid].attempt}",
                    message=first.message,
                    path=first.path,
                    line=first.line,
                    test=nodeid,
                    excerpt=tuple(excerpt(first)),
                    log=row.log,
                )
