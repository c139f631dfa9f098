"""A run leaves no verdict of an earlier one, and says how long it took and what was asked."""

import threading
import time
from contextlib import suppress

import pytest
from made_up import MadeUp

from atomci.catalog import Atom
from atomci.engine.context import Context, Outcome
from atomci.engine.runner import never_begun
from atomci.tools.process import Stopped

GATE = Atom(2, "gate", 9, "", writes=("artifacts/gate.json",), last=True)
LINT = Atom(1, "lint", 4, "")


def judge(ctx: Context) -> Outcome:
    (ctx.root / "artifacts" / "gate.json").write_text("green", encoding="utf-8")
    return Outcome("pass")


def test_an_earlier_verdict_is_gone_before_anything_runs(project: MadeUp) -> None:
    project.write("artifacts/gate.json", "green")
    seen: list[bool] = []

    def look(ctx: Context) -> Outcome:
        seen.append((ctx.root / "artifacts" / "gate.json").exists())
        return Outcome("pass")

    assert project.run((LINT, look), (GATE, judge)).exit_code == 0
    assert seen == [False]
    assert project.read("artifacts/gate.json") == "green"


def test_a_run_whose_files_are_not_whole_leaves_no_verdict(
    project: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("atomci.engine.runner.write_index", full)
    done = project.run((LINT, Outcome("pass")), (GATE, judge))

    assert (done.exit_code, project.logged[-1]["exit_code"]) == (3, 3)
    assert "No space left" in done.broken
    assert not (project.root / "artifacts" / "gate.json").exists()


def test_a_run_takes_no_longer_than_its_caller_waits(project: MadeUp) -> None:
    begun = time.monotonic()
    project.run((LINT, Outcome("pass")))

    assert 0 <= project.logged[-1]["seconds"] <= time.monotonic() - begun + 0.001  # it is rounded


def test_a_run_that_was_interrupted_before_it_had_a_plan_is_told_as_one() -> None:
    started, finished = never_begun(["local_ci"], 3)

    assert (started.targets, started.atoms, started.jobs) == (("local_ci",), (), 3)
    assert (finished.run, finished.exit_code, finished.interrupted) == (started.run, 130, True)
    assert (finished.atoms, finished.seconds) == ({}, 0.0)


def test_what_ends_while_a_run_is_interrupted_keeps_its_outcome_and_is_told_once(
    project: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def work(ctx: Context) -> Outcome:
        begun.set()
        with suppress(Stopped):
            ctx.children.pause(10)
        return Outcome("fail", "three")

    def interrupt(_: object) -> str:
        begun.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr("atomci.engine.threads._next", interrupt)
    done = project.run((LINT, work), (GATE, judge))

    assert done.outcomes == {
        "lint": Outcome("fail", "three"), "gate": Outcome("skipped", "the run was interrupted")
    }  # fmt: skip
    ended = [row["atom"] for row in project.logged if row["event"] == "atom_finished"]
    assert ended == ["lint", "gate"]
