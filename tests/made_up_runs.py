"""Runs that nobody ran: their events, written as the engine writes them, of any size and as hostile as wanted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from atomci.artifacts.handed.runs import (
    AtomFinished,
    AtomStarted,
    CoverageMeasured,
    Event,
    Excerpt,
    RunFinished,
    RunStarted,
)
from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.handed.testing import FileCoverage, TestResult
from atomci.artifacts.json_text import json_of

RUN = "20261124T050442-89e07a"
HOSTILE = (
    "</script><img src=x onerror=alert(1)>\u202eevil\u202c \x1b[31mred\x1b[0m \x00\x9b `|` ${x} <!--<script>"
)


def started(*atoms: str, run: str = RUN, **more: Any) -> RunStarted:
    """The first event."""
    known = {"python": "3.13.1", "system": "Linux x86_64", "trigger": "local", "jobs": 2, "version": "0.1.0"}
    return RunStarted(
        time=at(0), run=run, atoms=atoms, **{"targets": ("local_ci",), **known, **more}  # type: ignore[arg-type]
    )


def at(seconds: float) -> str:
    """A time of the run, which began at four minutes past five."""
    return f"2026-11-24T05:{4 + int(seconds) // 60:02d}:{seconds % 60:06.3f}+00:00"


def turn(
    atom: str, began: float, ended: float, status: str = "pass", *, between: Sequence[Event] = (), **more: Any
) -> tuple[Event, ...]:
    """All events of an atom, with what it told between its start and its end."""
    known: dict[str, Any] = {
        "reason": "",
        "examined": 3,
        "unit": "files",
        "cached": False,
        "findings": (),
        "commands": (),
        "outputs": (),
        "log": f"artifacts/runs/{RUN}/{atom}.log",
    }
    end = AtomFinished(
        time=at(ended), atom=atom, status=status, seconds=ended - began, **{**known, **more}  # type: ignore[arg-type]
    )
    return (AtomStarted(time=at(began), atom=atom), *between, end)


def finished(seconds: float, exit_code: int = 0, *, run: str = RUN, **more: Any) -> RunFinished:
    """The last event."""
    known: dict[str, Any] = {"counts": {}, "atoms": {}, "interrupted": exit_code == 130}
    return RunFinished(time=at(seconds), run=run, exit_code=exit_code, seconds=seconds, **{**known, **more})


def written(root: Path, *events: Event | Sequence[Event], run: str = RUN) -> Path:
    """The events in the run's folder below a project's root; the path of the log."""
    log = root / "artifacts" / "runs" / run / "events.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    flat = [row for part in events for row in (part if isinstance(part, Sequence) else (part,))]
    log.write_bytes(b"".join(json_of(event) + b"\n" for event in flat))
    return log


def large_red_run(root: Path, findings: int = 10_000, tests: int = 5_000) -> Path:
    """A red run with so many findings and tests, some of them failed, flaky or hostile; the path of its log."""
    found = tuple(_finding(number) for number in range(findings))
    results = [_result(number) for number in range(tests)]
    failed = tuple(
        Finding(path=r.path, line=r.line, tool="pytest", rule=r.nodeid, message=r.message)
        for r in results
        if r.outcome == "failed"
    )
    lines = {number: f"    value_{number} = compute({number})" for number in range(1, 120)}
    excerpts = [Excerpt(atom="run_ruff_lint", path=f"src/demo/module_{n}.py", lines=lines) for n in range(40)]
    files = tuple(
        FileCoverage(
            path=f"src/demo/module_{n}.py",
            percent=40.0 + n,
            missing_lines=tuple(range(n, n + 9)),
            missing_branches=(f"{n}->{n + 3}",),
        )
        for n in range(60)
    )
    measured = CoverageMeasured(
        atom="enforce_coverage_budget", budget=85.0, percent=81.5, met=False, statements=20_000, files=files
    )
    atoms = (
        turn(
            "run_ruff_lint", 0.1, 1.4, "fail", between=excerpts, findings=found, reason=f"{findings} findings"
        ),
        turn("run_black_check", 0.1, 2.2, reason="nothing to change"),
        turn("run_mypy_typecheck", 1.4, 5.1),
        turn("aggregate_static_findings", 5.1, 5.2),
        turn("select_impacted_unit_tests", 2.2, 2.3, cached=True),
        turn(
            "run_pytest_unit_with_coverage", 2.3, 14.8, "fail", between=results, findings=failed, unit="tests"
        ),
        turn("enforce_coverage_budget", 14.8, 15.2, between=[measured], reason="81.5 %, and 85 % are wanted"),
        turn("run_local_ci_script", 5.3, 5.4, "error", reason="it crashed: " + HOSTILE),
    )
    names = [row[0].atom for row in atoms]  # type: ignore[union-attr]
    counts = {"pass": 5, "fail": 2, "error": 1}
    log = written(root, started(*names), *atoms, finished(15.3, 1, counts=counts))
    (log.parent / "run_local_ci_script.log").write_text(f"$ run\n{HOSTILE}\n", encoding="utf-8")
    return log


def _finding(number: int) -> Finding:
    message = HOSTILE if number == 1 else f"`module_{number}` imported but unused"
    return Finding(
        path=f"src/demo/module_{number % 40}.py",
        line=number % 100 + 1,
        column=5,
        tool=("ruff", "mypy", "bandit")[number % 3],
        rule=f"F{400 + number % 30}",
        message=message,
        level=("error", "warning", "note")[number % 3],  # type: ignore[arg-type]
        fixable=number % 2 == 0,
        url="javascript:alert(1)" if number == 1 else "https://docs.astral.sh/ruff/rules/unused-import",
    )


def _result(number: int) -> TestResult:
    path = f"tests/unit/test_part_{number % 90}.py"
    bad = number % 700 == 3
    return TestResult(
        nodeid=f"{path}::test_number[{number}]",
        outcome="failed" if bad else "skipped" if number % 400 == 1 else "passed",
        seconds=(number % 37) / 50,
        path=path,
        line=number % 80 + 1,
        message=f"assert {number} == {number + 1}" if bad else "",
        details=(
            f"def test_number(number):\n>       assert number == {number + 1}\nE       \x1b[31massert {number}\x1b[0m\n"
            if bad
            else ""
        ),
    )
