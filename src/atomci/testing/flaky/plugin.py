"""A pytest plugin (`-p atomci.testing.flaky.plugin`): a test runs again where that may help.

The plan is a JSON file named by ATOMCI_FLAKY: `times` a test may run again, the `causes` that allow it, and
the tests that are known to be `flaky`. Each attempt is a whole protocol of pytest, so that time limits,
warnings and what else plugins wrap around a test begin anew. Between two attempts every fixture is torn down,
of wider scope too, since what failed may be one of those. A test that another plugin runs again is left to
it. Kept to the standard library, since it runs inside the tests' process, and in each worker of xdist.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from atomci.testing.flaky.kinds import cause_of, never_again
from atomci.testing.flaky.plan import PLAN_VARIABLE, claims_of, reruns_of_a_suite
from atomci.testing.session import from_the_root

__all__ = ["Attempts", "pytest_configure"]

_OTHERS = ("rerunfailures", "flaky", "pytest-retry")
"""Plugins that run tests again by the mark `flaky`, or by these options."""
_OPTIONS = ("reruns", "retries", "force_flaky")


def pytest_configure(config: pytest.Config) -> None:
    """In each process; after the plugins of others, so that this one is around them."""
    if path := os.environ.get(PLAN_VARIABLE):
        config.pluginmanager.register(Attempts(config, Path(path)), "atomci-attempts")


class Attempts:
    """Decides, report by report, whether the test runs again."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        plan = json.loads(path.read_text(encoding="utf-8"))
        self._config = config
        self._times = 0 if _is_looked_at(config) else int(plan["times"])
        self._causes = frozenset(plan["causes"])
        self._flaky = frozenset(plan["flaky"])
        self._claims = claims_of(path)
        self._attempt = 0
        self._again = False
        self._calling = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """The first attempt is pytest's own; the others are the same hook, called from here."""
        if self._attempt or _is_of_another(item):
            return (yield)
        before = _Before(item)
        self._attempt = 1
        try:
            ended = yield
            while self._again:
                self._again = False
                self._attempt += 1
                _tear_down(item)
                before.restore()
                ended = item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            return ended
        finally:
            self._attempt, self._again = 0, False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """What is reported meanwhile is a subtest, after which the test goes on."""
        self._calling = True
        try:
            return (yield)
        finally:
            self._calling = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A tear-down that fails may be another test's, so nothing runs again for it."""
        report = yield
        if not report.failed or report.when == "teardown" or self._calling or not call.excinfo:
            return report
        if (cause := self._cause(item, call.excinfo.value)) and self._may(item):
            report.outcome = "rerun"  # type: ignore[assignment]
            report.atomci_rerun_for = cause  # type: ignore[attr-defined]
            self._again = True
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, tuple[str, Any]] | None:
        """As pytest-rerunfailures shows it."""
        if report.outcome == "rerun":  # type: ignore[comparison-overlap]
            return "rerun", "R", ("RERUN", {"yellow": True})
        return None

    def _cause(self, item: pytest.Item, error: BaseException) -> str:
        if never_again(error):
            return ""
        if (cause := cause_of(error)) in self._causes:
            return cause
        known = from_the_root(self._config, item.nodeid) in self._flaky
        return "flaky" if known and "flaky" in self._causes else ""

    def _may(self, item: pytest.Item) -> bool:
        stops = item.session.shouldstop or item.session.shouldfail
        return 0 < self._attempt <= self._times and not stops and self._claimed(len(item.session.items))

    def _claimed(self, tests: int) -> bool:
        """Whether the suite has a re-run left; processes share the count."""
        with self._claims.open("ab", buffering=0) as file:
            file.write(b".")
            return file.tell() <= reruns_of_a_suite(tests)


class _Before:
    """What a test's own run adds to its item, which the next attempt mustn't find."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item
        self._markers = list(item.own_markers)
        self._properties = list(item.user_properties)

    def restore(self) -> None:
        item: Any = self._item
        item.own_markers[:] = self._markers
        item.user_properties[:] = self._properties
        item._report_sections.clear()
        if getattr(item, "_excinfo", None):  # of unittest: more than one error
            item._excinfo = None
        if item.__dict__.get("_instance") is not None:  # a method is called on a new instance
            item._obj = None
            del item._instance


def _tear_down(item: pytest.Item) -> None:
    """All fixtures; what breaks there is the test's error."""
    session: Any = item.session
    call = pytest.CallInfo.from_call(
        lambda: session._setupstate.teardown_exact(None),
        "teardown",
        reraise=(pytest.exit.Exception, KeyboardInterrupt),
    )
    if call.excinfo is not None:
        report = item.ihook.pytest_runtest_makereport(item=item, call=call)
        item.ihook.pytest_runtest_logreport(report=report)


def _is_looked_at(config: pytest.Config) -> bool:
    """Whether somebody looks at the failure in a debugger, or at set-ups alone."""
    return any(config.getoption(name, False) for name in ("usepdb", "setuponly", "setupplan"))


def _is_of_another(item: pytest.Item) -> bool:
    if not any(item.config.pluginmanager.hasplugin(name) for name in _OTHERS):
        return False
    asked = any(item.config.getoption(name, None) for name in _OPTIONS)
    return asked or item.get_closest_marker("flaky") is not None
