"""A pytest plugin (`-p atomci.testing.recorder`) that appends one JSON line per attempt of a test.

JUnit loses re-runs, node ids and lines; these lines are the truth that JUnit is rendered from. The
file is named by ATOMCI_TEST_LOG. Kept to the standard library, since it runs inside the tests' process.
"""

from __future__ import annotations

import inspect
import json
import os
import re
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from atomci.artifacts.redaction import redactor_for

__all__ = ["AttemptRecorder", "pytest_configure"]

LOG_VARIABLE = "ATOMCI_TEST_LOG"
_DETAILS = 20_000
# `file:3: in name` of a traceback as pytest shows it, `File "file", line 3` as Python does.
_FRAME = re.compile(r'^(?:E\s+)?\s*(?:File "(.+?)", line (\d+)|(\S.*?):(\d+): in )', re.MULTILINE)


def pytest_configure(config: pytest.Config) -> None:
    """Register the recorder in the process that collects results; xdist's workers report to it."""
    path = os.environ.get(LOG_VARIABLE)
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(AttemptRecorder(Path(path), config.rootpath), "atomci-recorder")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Keep where an exception went through, also on xdist's workers, whose reports carry plain data only."""
    report = yield
    call = getattr(report, "call", None)
    if call is not None and call.excinfo is not None:
        frames = [(str(frame.path), frame.lineno + 1) for frame in call.excinfo.traceback]
        report.atomci_frames = frames  # type: ignore[attr-defined]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep which fixtures a test gets, as only the process that runs it knows."""
    report = yield
    if report.when == "setup":
        report.atomci_fixtures = list(_fixtures(item))  # type: ignore[attr-defined]
    return report


class AttemptRecorder:
    """Folds the phases of a test into one line: set-up and tear-down show only when they go wrong."""

    def __init__(self, path: Path, root: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")
        self._root = root
        # Now: what a test sets later on is no secret of this machine.
        self._redactor = redactor_for(root, os.environ)
        self._attempts: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._fixtures: dict[str, list[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test ended."""
        if report.when == "setup":
            self._attempts[report.nodeid] += 1
            self._seconds[report.nodeid] = 0
            self._fixtures[report.nodeid] = getattr(report, "atomci_fixtures", [])
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        outcome = _outcome(report)
        if outcome is not None:
            self._write(report, outcome, self._attempts[report.nodeid], self._seconds[report.nodeid])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that can't be imported is a test that went wrong."""
        if report.failed:
            self._write(report, "error", 1, 0.0)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Let --maxfail end the loop without an exception, since pytest-cov saves nothing after one."""
        try:
            return (yield)
        except (session.Failed, KeyboardInterrupt) as stop:
            # xdist stops by a class of its own that derives from KeyboardInterrupt; Ctrl-C is the bare one.
            if type(stop) is KeyboardInterrupt or not session.testsfailed:
                raise
            return True

    def pytest_unconfigure(self) -> None:
        """The last line is written."""
        self._file.close()

    def _write(self, report: Any, outcome: str, attempt: int, seconds: float) -> None:
        path, line = self._place(report)
        row = {
            "event": "test",
            "nodeid": report.nodeid,
            "outcome": outcome,
            "attempt": attempt,
            "seconds": round(seconds, 6),
            "path": path,
            "line": line,
        }
        if fixtures := self._fixtures.get(report.nodeid):
            row["fixtures"] = fixtures
        if outcome in ("failed", "error", "rerun"):
            row |= {"message": _message(report), "details": report.longreprtext[-_DETAILS:]}
        elif outcome in ("skipped", "xfailed"):
            row["message"] = _reason(report)
        # A lone surrogate can't be written as UTF-8 by anyone who reads this.
        text = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace").decode()
        self._file.write(self._redactor.clean(text) + "\n")
        self._file.flush()

    def _place(self, report: Any) -> tuple[str, int]:
        """Where it went wrong if that is in the project, else where the test is; line 0 when unknown."""
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None and (path := _inside(self._root, crash.path)):
            return path, crash.lineno
        if report.failed:
            # A file that can't be imported, or that pytest refuses: the last frame in the project.
            shown = [(a or c, int(b or d)) for a, b, c, d in _FRAME.findall(report.longreprtext)]
            for file, line in reversed([*getattr(report, "atomci_frames", ()), *shown]):
                if path := _inside(self._root, file):
                    return path, line
        location = getattr(report, "location", None)
        if location is not None:
            return location[0].replace(os.sep, "/"), (location[1] or 0) + 1
        return report.nodeid.partition("::")[0], 1


def _inside(root: Path, path: str) -> str | None:
    """A file of the project by its path from the root."""
    absolute = Path(os.path.normpath(root / path))
    if not absolute.is_relative_to(root) or ".venv" in absolute.parts:
        return None
    return absolute.relative_to(root).as_posix()


def _fixtures(item: pytest.Item) -> Iterator[str]:
    """A test's fixtures and those that they build on: `PATH::NAME` in the project, else NAME."""
    if not isinstance(item, pytest.Function):
        return
    for name in item.fixturenames:
        for definition in reversed(item._fixtureinfo.name2fixturedefs.get(name, ())):
            code = getattr(inspect.unwrap(definition.func), "__code__", None)
            path = _inside(item.config.rootpath, code.co_filename) if code else None
            if path or not name.startswith("_"):  # pytest's and plugins' own
                yield f"{path}::{name}" if path else name
            if name not in definition.argnames:
                break  # it hides those further up


def _outcome(report: pytest.TestReport) -> str | None:
    if report.outcome == "rerun":  # type: ignore[comparison-overlap]  # pytest-rerunfailures adds it
        return "rerun"
    if hasattr(report, "wasxfail"):
        if report.when == "call" or report.skipped:
            return "xfailed" if report.skipped else "xpassed"
        return None
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        return "skipped"
    return "passed" if report.when == "call" else None


def _message(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else report.longreprtext
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if crash is None and lines:
        lines = lines[-1:]
    return lines[0][:500] if lines else "failed"


def _reason(report: Any) -> str:
    if hasattr(report, "wasxfail"):
        return str(report.wasxfail)
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
