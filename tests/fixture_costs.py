"""`pytest --fixture-costs` prints the ten fixtures that took longest to set up, summed over all workers."""

import json
import time
from collections import defaultdict
from collections.abc import Generator
from typing import Any

import pytest

SHOWN = 10


class FixtureCosts:
    """Times each set-up without those that it asked for, and adds up what workers send."""

    def __init__(self) -> None:
        self.times: dict[tuple[str, str], int] = defaultdict(int)
        self.seconds: dict[tuple[str, str], float] = defaultdict(float)
        # Seconds of the set-ups inside the ones that are under way, innermost last.
        self._inner = [0.0]

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        start = time.perf_counter()
        self._inner.append(0.0)
        try:
            return (yield)
        finally:
            took = time.perf_counter() - start
            self._add(fixturedef.argname, fixturedef.scope, 1, took - self._inner.pop())
            self._inner[-1] += took

    def _add(self, name: str, scope: str, times: int, seconds: float) -> None:
        self.times[name, scope] += times
        self.seconds[name, scope] += seconds

    def rows(self) -> list[tuple[str, str, int, float]]:
        """Name, scope, set-ups and seconds of each, the most expensive first."""
        rows = [(*key, self.times[key], seconds) for key, seconds in self.seconds.items()]
        return sorted(rows, key=lambda row: -row[-1])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if (sent := getattr(session.config, "workeroutput", None)) is not None:
            sent["fixture_costs"] = json.dumps(self.rows())

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        # A worker that crashed sends nothing.
        for row in json.loads(getattr(node, "workeroutput", {}).get("fixture_costs", "[]")):
            self._add(*row)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section(f"{SHOWN} most expensive fixtures")
        terminalreporter.write_line("seconds  set-ups  scope     name")
        for name, scope, times, seconds in self.rows()[:SHOWN]:
            terminalreporter.write_line(f"{seconds:7.2f}  {times:7}  {scope:8}  {name}")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fixture-costs", action="store_true", help=f"print the {SHOWN} most expensive fixtures"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--fixture-costs"):
        config.pluginmanager.register(FixtureCosts(), "fixture-costs")
