"""Which atoms run together, in which order, and what a red one stops. Atoms here are plain functions."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from atomci.catalog import Atom
from atomci.engine.config import Config
from atomci.engine.context import Context, Implementation, Options, Outcome, Workspace
from atomci.engine.plan import Catalog, Plan
from atomci.engine.runner import RunResult, run_plan
from atomci.project import Project

Functions = dict[str, Callable[[Context], Outcome]]


def _atom(number: int, name: str, phase: int = 4, **more: object) -> Atom:
    return Atom(number, name, phase, "", effect=more.pop("effect", "host"), **more)


def _run(
    root: Path, atoms: list[Atom], does: Functions, *, jobs: int = 4, keep_going: bool = False
) -> RunResult:
    names = {atom.name for atom in atoms}
    edges = {atom.name: frozenset({*atom.needs, *atom.after} & names) for atom in atoms}
    plan = Plan(("test",), tuple(atoms), edges)
    options = Options(jobs=jobs, keep_going=keep_going)
    (root / "pyproject.toml").write_text("")
    catalog = Catalog({atom.name: atom for atom in atoms}, {}, frozenset(names))
    workspace = Workspace(Project(root), catalog, Config(), options)
    return run_plan(workspace, plan, lambda atom: Implementation(does[atom.name]), [])


def _passes(ctx: Context) -> Outcome:
    return Outcome("pass", "", 1)


def _statuses(result: RunResult) -> dict[str, str]:
    return {name: outcome.status for name, outcome in result.outcomes.items()}


def test_what_is_ready_runs_at_the_same_time(tmp_path: Path) -> None:
    meeting = threading.Barrier(3)

    def meets(ctx: Context) -> Outcome:
        meeting.wait(timeout=10)
        return Outcome("pass", "", 1)

    atoms = [_atom(n, f"a{n}") for n in range(3)]
    assert _run(tmp_path, atoms, dict.fromkeys(["a0", "a1", "a2"], meets), jobs=3).exit_code == 0


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_more_than_jobs_run_at_a_time(tmp_path: Path, jobs: int) -> None:
    lock, running, most = threading.Lock(), 0, 0

    def counts(ctx: Context) -> Outcome:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        return Outcome("pass", "", 1)

    atoms = [_atom(n, f"a{n}") for n in range(6)]
    _run(tmp_path, atoms, dict.fromkeys([atom.name for atom in atoms], counts), jobs=jobs)
    assert most == jobs


def test_what_writes_the_tree_runs_alone(tmp_path: Path) -> None:
    lock, running, seen = threading.Lock(), set[str](), dict[str, set[str]]()

    def notes(ctx: Context) -> Outcome:
        with lock:
            running.add(ctx.atom.name)
            for name in running:
                seen.setdefault(name, set()).update(running)
        time.sleep(0.05)
        with lock:
            running.discard(ctx.atom.name)
        return Outcome("pass", "", 1)

    atoms = [_atom(n, f"a{n}", effect="tree" if n in (2, 3) else "host") for n in range(6)]
    result = _run(tmp_path, atoms, dict.fromkeys([atom.name for atom in atoms], notes))
    assert set(_statuses(result).values()) == {"pass"}
    assert seen["a2"] == {"a2"}
    assert seen["a3"] == {"a3"}
    assert any(len(others) > 1 for others in seen.values())


def test_files_that_a_tree_atom_wrote_are_seen_by_those_after_it(tmp_path: Path) -> None:
    def writes(ctx: Context) -> Outcome:
        assert ctx.files("made.txt") == []
        (ctx.root / "made.txt").write_text("x")
        return Outcome("pass", "", 1)

    def sees(ctx: Context) -> Outcome:
        return Outcome("pass", "", len(ctx.files("made.txt")))

    atoms = [_atom(0, "writes", effect="tree"), _atom(1, "sees", needs=("writes",))]
    result = _run(tmp_path, atoms, {"writes": writes, "sees": sees})
    assert result.outcomes["sees"].examined == 1


def test_an_atom_starts_after_what_it_needs_and_what_it_comes_after(tmp_path: Path) -> None:
    order: list[str] = []

    def notes(ctx: Context) -> Outcome:
        order.append(ctx.atom.name)
        return Outcome("pass", "", 1)

    atoms = [
        _atom(2, "first"),
        _atom(1, "second", after=("first",)),
        _atom(0, "third", needs=("second",)),
    ]
    _run(tmp_path, atoms, dict.fromkeys(["first", "second", "third"], notes))
    assert order == ["first", "second", "third"]


def test_a_red_atom_lets_what_has_started_end_and_starts_nothing_of_later_phases(tmp_path: Path) -> None:
    started, ended = threading.Event(), threading.Event()

    def fails(ctx: Context) -> Outcome:
        started.wait(timeout=10)
        return Outcome("fail", "bad", 1)

    def runs_on(ctx: Context) -> Outcome:
        started.set()
        assert ended.wait(timeout=10)
        return Outcome("pass", "", ctx.run(_sleep(0)).code + 1)

    def ends(ctx: Context) -> Outcome:
        ended.set()
        return Outcome("pass", "", 1)

    atoms = [
        _atom(0, "red"),
        _atom(1, "same_phase", after=("red",)),
        _atom(2, "later_running", phase=5),
        _atom(3, "later_waiting", phase=5, after=("red",)),
        _atom(4, "report", phase=5, after=("red",), always=True),
    ]
    does: Functions = {
        "red": fails,
        "same_phase": ends,
        "later_running": runs_on,
        "later_waiting": _passes,
        "report": _passes,
    }
    result = _run(tmp_path, atoms, does)
    assert _statuses(result) == {
        "red": "fail",
        "same_phase": "pass",
        "later_running": "pass",
        "later_waiting": "skipped",
        "report": "pass",
    }
    assert result.outcomes["later_waiting"].reason == "stopped: red is red"
    assert result.exit_code == 1


def test_keep_going_runs_all_but_what_needs_the_red_one(tmp_path: Path) -> None:
    atoms = [
        _atom(0, "red"),
        _atom(1, "needs_it", needs=("red",)),
        _atom(2, "later", phase=5, after=("red",)),
        _atom(3, "always_needs_it", needs=("red",), always=True),
    ]
    does: Functions = dict.fromkeys(["needs_it", "later", "always_needs_it"], _passes)
    does["red"] = lambda ctx: Outcome("fail", "", 1)
    result = _run(tmp_path, atoms, does, keep_going=True)
    assert _statuses(result) == {
        "red": "fail",
        "needs_it": "skipped",
        "later": "pass",
        "always_needs_it": "pass",
    }
    assert result.exit_code == 1


def test_passing_without_the_declared_artifact_is_an_error(tmp_path: Path) -> None:
    atoms = [_atom(0, "empty_handed", writes=("artifacts/x/promised.json",))]
    result = _run(tmp_path, atoms, {"empty_handed": _passes})
    assert result.exit_code == 3
    assert "artifacts/x/promised.json" in result.outcomes["empty_handed"].reason


def test_what_an_earlier_run_left_is_not_taken_for_new(tmp_path: Path) -> None:
    left = tmp_path / "artifacts/x/promised.json"
    left.parent.mkdir(parents=True)
    left.write_text("{}")
    atoms = [_atom(0, "empty_handed", writes=("artifacts/x/promised.json",))]
    assert _run(tmp_path, atoms, {"empty_handed": _passes}).exit_code == 3
    assert not left.exists()


def test_an_optional_atom_whose_tool_is_missing_is_skipped_with_the_reason(tmp_path: Path) -> None:
    def misses(ctx: Context) -> Outcome:
        ctx.tool("no-such-tool")
        return Outcome("pass", "", 1)

    atoms = [_atom(0, "optional", optional=True), _atom(1, "required"), _atom(2, "next", needs=("optional",))]
    result = _run(tmp_path, atoms, {"optional": misses, "required": misses, "next": _passes}, keep_going=True)
    assert _statuses(result) == {"optional": "skipped", "required": "error", "next": "pass"}
    assert "no-such-tool" in result.outcomes["optional"].reason
    assert result.exit_code == 3


def _sleep(seconds: float) -> object:
    import sys

    from atomci.tools.process import Command

    return Command((sys.executable, "-c", f"import time; time.sleep({seconds})"))


def test_the_tests_take_a_slot_before_the_static_checks_fill_them(sample) -> None:
    done = sample.atomci("run", "local_ci", "--json", "--jobs", "2")
    assert done.code == 0
    begun = [row["atom"] for row in done.events if row["event"] == "atom_started"]
    assert begun.index("run_pytest_unit_with_coverage") < begun.index("run_mypy_typecheck")
