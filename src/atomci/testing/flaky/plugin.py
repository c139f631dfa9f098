"""A pytest plugin (`-p atomci.testing.flaky.plugin`): a test runs again where that may help, and one that is
quarantined may fail.

The plan is a JSON file named by ATOMCI_FLAKY: `times` a test may run again, the `causes` that allow it, the
tests that are known to be `flaky`, the `quarantined` ones with what is said of each, and all that are `named`
so, also those whose time is over. Each attempt is a whole protocol of pytest, so that time limits, warnings
and what else plugins wrap around a test begin anew. Between two attempts a test's own fixtures are torn down,
and of those of wider scope the ones that failed; what others share stays. A test that another plugin runs
again is left to it. Kept to the standard library, since it runs inside the tests' process, and in each worker
of xdist.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from atomci.testing.flaky.kinds import cause_of, never_again
from atomci.testing.flaky.plan import (
    PLAN_VARIABLE,
    claims_of,
    reruns_of_a_suite,
    without_parameters,
)
from atomci.testing.session import CENSUS, Census, from_the_root

__all__ = ["Attempts", "pytest_configure"]

_OTHERS = ("rerunfailures", "flaky", "pytest-retry")
"""Plugins that run tests again by the mark `flaky`, or by these options."""
_SHOWN = {"rerun": "R", "quarantined": "q"}
_OPTIONS = ("reruns", "retries", "force_flaky")


def pytest_configure(config: pytest.Config) -> None:
    """In each process; after the plugins of others, so that this one is around them."""
    if path := os.environ.get(PLAN_VARIABLE):
        plan = json.loads(Path(path).read_text(encoding="utf-8"))
        config.pluginmanager.register(Attempts(config, plan, claims_of(Path(path))))


class Attempts:
    """Decides, report by report, whether the test runs again and whether its failure counts."""

    def __init__(self, config: pytest.Config, plan: Mapping[str, Any], claims: Path) -> None:
        self._config = config
        self._quarantined: Mapping[str, dict[str, Any]] = plan["quarantined"]
        self._names = _Names(config, plan["named"])
        self._times = 0 if _is_looked_at(config) else int(plan["times"])
        self._causes = frozenset(plan["causes"])
        self._flaky = frozenset(plan["flaky"])
        # Now: what a test puts in place of files, and takes away only after it was reported, holds here too.
        self._claims = claims.open("ab", buffering=0)
        self._attempt = 0
        self._again = False
        self._calling = False
        self._broken: list[tuple[pytest.FixtureDef[Any], Any]] = []

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
                before.restore()
                ended = item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            return ended
        finally:
            self._attempt, self._again = 0, False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Before the next attempt only what is the test's own goes, wherever it stands in its file."""
        if not self._again:
            return (yield)
        with _only_its_own(item):
            ended = yield
        for fixture, request in self._broken:
            if fixture.cached_result is not None:  # pytest would raise again what it raised, without trying
                fixture.finish(request)
        self._broken.clear()
        return ended

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: Any
    ) -> Generator[None, object, object]:
        """Remember what failed, for the next attempt of whichever test meets it."""
        try:
            return (yield)
        except BaseException:
            if fixturedef.scope != "function":  # those go with their test
                self._broken.append((fixturedef, request))
            raise

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
        """A tear-down that fails may be another test's, so it always counts."""
        report = yield
        nodeid = from_the_root(self._config, item.nodeid)
        if said := self._quarantined.get(nodeid) or self._quarantined.get(without_parameters(nodeid)):
            report.atomci_quarantine = said  # type: ignore[attr-defined]
        if not report.failed or report.when == "teardown":
            return report
        if said:
            # Others that report, such as pytest's own JUnit, know what is expected to fail.
            report.outcome = "skipped"
            report.wasxfail = f"quarantined until {said['until']} ({said['owner']}): {said['reason']}"
            report.atomci_outcome = "quarantined"  # type: ignore[attr-defined]
            return report
        if self._calling or not call.excinfo:
            return report
        if (cause := self._cause(item, call.excinfo.value)) and self._may(item):
            report.outcome = report.atomci_outcome = "rerun"  # type: ignore[assignment, attr-defined]
            report.atomci_rerun_for = cause  # type: ignore[attr-defined]
            self._again = True
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, tuple[str, Any]] | None:
        """As pytest-rerunfailures shows a re-run."""
        outcome = getattr(report, "atomci_outcome", "")
        return (outcome, _SHOWN[outcome], (outcome.upper(), {"yellow": True})) if outcome else None

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Before anyone can take it away."""
        self._names.meet(from_the_root(self._config, item.nodeid))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that skips itself has no tests today."""
        if report.skipped:
            self._names.skip(from_the_root(self._config, report.nodeid))

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
        try:
            self._claims.write(b".")
            return self._claims.tell() <= reruns_of_a_suite(tests)
        except OSError:  # a full disk: no re-run is better than one that nobody counts
            return False

    def pytest_unconfigure(self) -> None:
        """Nothing is counted any more."""
        self._claims.close()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What no test has is told with what was collected."""
        if isinstance(census := self._config.pluginmanager.getplugin(CENSUS), Census):
            census.unmatched = self._names.unmatched(session)


class _Names:
    """Which of the names that are quarantined are those of tests."""

    def __init__(self, config: pytest.Config, named: Iterable[str]) -> None:
        self._config = config
        self._missed = dict.fromkeys(named)
        self._files = {name.partition("::")[0] for name in named}
        self._tests: set[str] = set()

    def meet(self, nodeid: str) -> None:
        """A test is there."""
        if nodeid.partition("::")[0] in self._files:
            self._tests.add(nodeid)
            for name in (nodeid, without_parameters(nodeid)):
                self._missed.pop(name, None)

    def skip(self, place: str) -> None:
        """Of a file nobody knows which tests it has."""
        for name in [name for name in self._missed if name.partition("::")[0] == place]:
            del self._missed[name]

    def unmatched(self, session: pytest.Session) -> dict[str, str]:
        """Names that no test has, of files that were to be collected, with the closest name that one has."""
        if session.testsfailed or getattr(self._config.option, "lf", False):
            return {}
        return {name: self._closest(name) for name in self._missed if self._was_asked(name)}

    def _closest(self, name: str) -> str:
        """Of a class its first test, else of the same file what is spelt nearly so."""
        file = name.partition("::")[0]
        own = sorted({without_parameters(nodeid) for nodeid in self._tests if nodeid.startswith(f"{file}::")})
        inside = [nodeid for nodeid in own if nodeid.startswith(f"{name}::")]
        return next(iter(inside or difflib.get_close_matches(name, own, 1)), "")

    def _was_asked(self, name: str) -> bool:
        start = self._config.invocation_params.dir
        file = start / name.partition("::")[0]
        places = [start / place for place in self._config.args if "::" not in place]
        # Files alone are a part of the suite, folders are all of it.
        return file in places or any(place.is_dir() for place in places)


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


@contextmanager
def _only_its_own(item: pytest.Item) -> Iterator[None]:
    """pytest keeps what the next test needs, and that is this one."""
    state: Any = item.session._setupstate
    whole = state.teardown_exact
    state.teardown_exact = lambda _: whole(item.parent)
    try:
        yield
    finally:
        del state.teardown_exact


def _is_looked_at(config: pytest.Config) -> bool:
    """Whether somebody looks at the failure in a debugger, or at set-ups alone."""
    return any(config.getoption(name, False) for name in ("usepdb", "setuponly", "setupplan"))


def _is_of_another(item: pytest.Item) -> bool:
    if not any(item.config.pluginmanager.hasplugin(name) for name in _OTHERS):
        return False
    asked = any(item.config.getoption(name, None) for name in _OPTIONS)
    return asked or item.get_closest_marker("flaky") is not None
