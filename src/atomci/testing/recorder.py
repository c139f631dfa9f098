"""A pytest plugin (`-p atomci.testing.recorder`) that appends one JSON line per attempt of a test.

The last line says of the session what was collected, what ran, and whether it ended by itself. Until the end
it says what is running, so that a process that dies leaves where it was.

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
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from atomci.artifacts.redaction import redactor_for
from atomci.testing.measurement.measuring import Measuring
from atomci.testing.session import CENSUS, NOTHING, Census, from_the_root, narrowing

__all__ = ["AttemptRecorder", "pytest_configure", "pytest_load_initial_conftests"]

LOG_VARIABLE = "ATOMCI_TEST_LOG"
_RECORDER = "atomci-recorder"
_MARK = re.compile(r"^E\s+")
_DETAILS = 20_000
_NAMES_KEPT = 10
_EXCUSED = ("rerun", "quarantined")
"""Failures that plugins let pass: ours, and pytest-rerunfailures."""
# A test may put others in their place, and its result is written before they are put back.
_getpid = os.getpid
_in_one_line = json.JSONEncoder(ensure_ascii=False).encode
_normal = os.path.normpath
# `file:3: in name` of a traceback as pytest shows it, `File "file", line 3` as Python does.
_FRAME = re.compile(r'^(?:E\s+)?\s*(?:File "(.+?)", line (\d+)|(\S.*?):(\d+): in )', re.MULTILINE)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Begin before a conftest can end it all; xdist's workers report to the process that started them."""
    path = os.environ.get(LOG_VARIABLE)
    if not path:
        return (yield)
    measuring = Measuring(early_config)
    early_config.pluginmanager.register(measuring)
    if "PYTEST_XDIST_WORKER" in os.environ:
        return (yield)
    recorder = AttemptRecorder(Path(path), early_config)
    early_config.pluginmanager.register(recorder, _RECORDER)
    try:
        with measuring.lent():
            return (yield)
    except BaseException as error:
        recorder.broke_off(error)
        raise


def pytest_configure(config: pytest.Config) -> None:
    """Count what each process collects that runs tests."""
    if LOG_VARIABLE not in os.environ:
        return
    census = Census(config)
    config.pluginmanager.register(census, CENSUS)
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(_Worker(census))


class _Worker:
    """In a worker of xdist: hands over what was counted there."""

    def __init__(self, census: Census) -> None:
        self._census = census

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """xdist sends it along."""
        session.config.workeroutput[CENSUS] = self._census.counted(session)  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Keep where an exception went through, also on xdist's workers, whose reports carry plain data only."""
    report = yield
    call = getattr(report, "call", None)
    if call is not None and call.excinfo is not None:
        report.atomci_frames = _frames(call.excinfo)  # type: ignore[attr-defined]
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

    def __init__(self, path: Path, config: pytest.Config) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb")
        self._end_of_results = 0
        self._process = _getpid()
        self._config = config
        self._root = config.invocation_params.dir
        # Now: what a test sets later on is no secret of this machine.
        self._redactor = redactor_for(self._root, os.environ)
        self._attempts: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._fixtures: dict[str, list[str]] = {}
        self._outcomes: dict[str, str] = {}
        self._running: dict[str, None] = {}
        self._counted = [NOTHING]
        self._state = b""
        self._phase = "configuration"
        self._why = ""
        self._stopped = False
        self._tell()

    def broke_off(self, error: BaseException) -> None:
        """What ended pytest before there was a session."""
        error = getattr(error, "cause", error)  # pytest wraps what a conftest raises
        self._why = self._told(pytest.ExceptionInfo.from_exception(error))
        self._tell()

    def pytest_sessionstart(self) -> None:
        """All is configured."""
        self._phase = "collection"
        self._tell()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        self._running[nodeid] = None
        self._tell()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test ended."""
        self._running.pop(nodeid, None)

    # Last, since pytest turns a test with failed subtests into a failed one while it reports.
    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test ended."""
        if report.when == "setup":
            self._attempts[report.nodeid] += 1
            self._seconds[report.nodeid] = 0
            self._fixtures[report.nodeid] = getattr(report, "atomci_fixtures", [])
        part = hasattr(report, "context")  # a subtest, whose time is the test's too
        if not part:
            self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        outcome = _outcome(report)
        if outcome is not None and not (part and outcome == "passed"):
            self._write(report, outcome, self._attempts[report.nodeid], self._seconds.get(report.nodeid, 0.0))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that can't be imported is a test that went wrong, one that skips itself a skipped one."""
        if report.failed or report.skipped:
            self._write(report, "error" if report.failed else "skipped", 1, 0.0)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """A worker of xdist is about to run tests."""
        self._counted.append({**NOTHING, "selected": list(ids)})

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of xdist ended; one that crashed hands nothing over."""
        if counted := (getattr(node, "workeroutput", None) or {}).get(CENSUS):
            self._counted.append(counted)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Let --maxfail end the loop without an exception, since pytest-cov saves nothing after one."""
        if isinstance(census := session.config.pluginmanager.getplugin(CENSUS), Census):
            self._counted.append(census.counted(session))
        self._phase = "tests"
        self._tell()
        try:
            return (yield)
        except (session.Failed, KeyboardInterrupt) as stop:
            # xdist stops by a class of its own that derives from KeyboardInterrupt; Ctrl-C is the bare one.
            if type(stop) is KeyboardInterrupt or not session.testsfailed:
                raise
            self._why, self._stopped = str(stop), True
            return True

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Ctrl-C, pytest.exit, and whatever else stops pytest."""
        self._why = self._told(excinfo)

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """A hook raised."""
        self._why = self._told(excinfo)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """The end mark, before another hook may end the process."""
        self._phase = "end"
        self._running.clear()
        self._tell(**self._totals(), exit_status=int(exitstatus))

    def pytest_unconfigure(self) -> None:
        """Nothing is written any more."""
        self._file.close()

    def _told(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
        """What stopped it, and where in the project."""
        error = excinfo.value
        text = str(error).partition("\n")[0]
        kind = "pytest.exit" if isinstance(error, pytest.exit.Exception) else type(error).__name__
        said = text if kind in ("Interrupted", "Failed") else f"{kind}: {text}".removesuffix(": ")
        for file, line in reversed(_frames(excinfo)):
            if path := _inside(self._root, file):
                return f"{said} ({path}:{line})"
        return said

    def _totals(self) -> dict[str, Any]:
        """What was collected, narrowed and run; of workers, which all collect the same, the most complete."""
        most = max(self._counted, key=lambda counted: int(counted["collected"]))
        selected = {nodeid: None for counted in self._counted for nodeid in counted["selected"]}
        missing = [nodeid for nodeid in selected if nodeid not in self._outcomes]
        outcomes = Counter(self._outcomes.values())
        return {
            **most,
            "collected": max(most["collected"], len(selected)),
            "selected": len(selected),
            "run": len(selected) - len(missing),
            "missing": [self._own_id(nodeid) for nodeid in missing[:_NAMES_KEPT]],
            **{outcome: outcomes[outcome] for outcome in ("skipped", "xfailed", "xpassed")},
            "narrowing": narrowing(self._config),
        }

    def _tell(self, **totals: Any) -> None:
        """Write what is known of the session, behind the results."""
        running = [self._own_id(nodeid) for nodeid in self._running]
        state = {"event": "session", "phase": self._phase, "why": self._why, "stopped": self._stopped}
        self._state = self._line({**state, "running": running, **totals})
        self._put(b"")

    def _put(self, result: bytes) -> None:
        """A result goes where the session's state was, and that goes behind it."""
        if _getpid() != self._process:
            return  # a test forked, and the copy went on
        self._file.seek(self._end_of_results)
        self._file.write(result + self._state)
        self._end_of_results += len(result)
        self._file.truncate()
        self._file.flush()

    def _line(self, row: dict[str, Any]) -> bytes:
        # A lone surrogate can't be written as UTF-8 by anyone who reads this.
        text = _in_one_line(row).encode("utf-8", "replace").decode()
        return (self._redactor.clean_json(text) + "\n").encode()

    def _own_id(self, nodeid: str) -> str:
        return from_the_root(self._config, nodeid)

    def _write(self, report: Any, outcome: str, attempt: int, seconds: float) -> None:
        self._outcomes[report.nodeid] = outcome
        path, line = self._place(report)
        row = {
            "event": "test",
            "nodeid": self._own_id(report.nodeid),
            "outcome": outcome,
            "attempt": attempt,
            "seconds": round(seconds, 6),
            "path": path,
            "line": line,
        }
        if fixtures := self._fixtures.get(report.nodeid):
            row["fixtures"] = fixtures
        if cause := getattr(report, "atomci_rerun_for", ""):
            row["rerun_for"] = cause
        if said := getattr(report, "atomci_quarantine", ""):
            row["quarantine"] = said
        if outcome in ("failed", "error", *_EXCUSED):
            row |= {"message": _message(report), "details": report.longreprtext[-_DETAILS:]}
        elif outcome in ("skipped", "xfailed"):
            row["message"] = _reason(report)
        self._put(self._line(row))

    def _place(self, report: Any) -> tuple[str, int]:
        """Where it went wrong if that is in the project, else where the test is; line 0 when unknown."""
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None and (path := _inside(self._root, crash.path)):
            return path, crash.lineno
        if report.failed or _outcome(report) in _EXCUSED:
            # A file that can't be imported, or that pytest refuses: the last frame in the project.
            shown = [(a or c, int(b or d)) for a, b, c, d in _FRAME.findall(report.longreprtext)]
            for file, line in reversed([*getattr(report, "atomci_frames", ()), *shown]):
                if path := _inside(self._root, file):
                    return path, line
        location = getattr(report, "location", None)
        if location is not None:
            return self._own_id(location[0].replace(os.sep, "/")), (location[1] or 0) + 1
        return self._own_id(report.nodeid).partition("::")[0], 1


def _frames(excinfo: pytest.ExceptionInfo[BaseException]) -> list[tuple[str, int]]:
    return [(str(frame.path), frame.lineno + 1) for frame in excinfo.traceback]


@lru_cache(maxsize=4096)  # a fixture's file is asked for with each test
def _inside(root: Path, path: str) -> str | None:
    """A file of the project by its path from the root."""
    absolute = Path(_normal(root / path))
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
            path = _inside(item.config.invocation_params.dir, code.co_filename) if code else None
            if path or not name.startswith("_"):  # pytest's and plugins' own
                yield f"{path}::{name}" if path else name
            if name not in definition.argnames:
                break  # it hides those further up


def _outcome(report: pytest.TestReport) -> str | None:
    said = getattr(report, "atomci_outcome", report.outcome)
    if said in _EXCUSED:
        return str(said)
    if hasattr(report, "wasxfail"):
        if report.when == "call" or report.skipped:
            return "xfailed" if report.skipped else "xpassed"
        return None
    if report.failed:
        # A worker of xdist that dies leaves a report of no phase.
        return "error" if report.when in ("setup", "teardown") else "failed"
    if report.skipped:
        return "skipped"
    return "passed" if report.when == "call" else None


def _message(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else report.longreprtext
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if crash is None and lines:
        lines = [_MARK.sub("", lines[-1])]
    return lines[0][:500] if lines else "failed"


def _reason(report: Any) -> str:
    if hasattr(report, "wasxfail"):
        return str(report.wasxfail)
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
