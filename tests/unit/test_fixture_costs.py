"""What `--fixture-costs` counts."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from fixture_costs import FixtureCosts


def definition(name: str) -> Any:
    return SimpleNamespace(argname=name, scope="session")


def test_a_fixture_pays_for_what_it_does_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    monkeypatch.setattr("fixture_costs.time.perf_counter", lambda: float(next(clock)))
    costs = FixtureCosts()

    outer = costs.pytest_fixture_setup(definition("outer"))
    next(outer)  # at 0
    inner = costs.pytest_fixture_setup(definition("inner"))
    next(inner)  # at 1
    with pytest.raises(StopIteration):
        inner.send("made")  # at 2
    with pytest.raises(StopIteration):
        outer.send("made")  # at 3

    assert costs.rows() == [("outer", "session", 1, 2.0), ("inner", "session", 1, 1.0)]


def test_the_workers_are_summed_and_one_that_crashed_is_left_out() -> None:
    session: Any = SimpleNamespace(config=SimpleNamespace(workeroutput={}))
    worker, whole = FixtureCosts(), FixtureCosts()
    worker.times["made", "session"], worker.seconds["made", "session"] = 2, 1.5
    worker.pytest_sessionfinish(session)

    for node in (session.config, session.config, SimpleNamespace()):
        whole.pytest_testnodedown(node)

    assert whole.rows() == [("made", "session", 4, 3.0)]
