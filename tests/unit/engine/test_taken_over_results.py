"""Which results are taken over from an earlier run, and what an override turns."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from made_up import MadeUp

from atomci.artifacts.handed.runs import AtomFinished
from atomci.atoms.loading.load import Loader
from atomci.catalog import Atom
from atomci.deadlines import today
from atomci.engine.config import AtomConfig, Config
from atomci.engine.context import Context, Options, Outcome
from atomci.engine.overrides import Override, Overrides
from atomci.errors import InfrastructureError
from atomci.project import Project

COUNT = Atom(1, "count", 4, "", reads=("*.txt",), writes=("artifacts/count.json", "artifacts/pages/"))
JUDGE = Atom(2, "judge", 4, "", needs=("count",))
FAIL, VACUOUS, ERROR = Outcome("fail", "three"), Outcome("vacuous", "none"), Outcome("error", "broke")


def count(ctx: Context) -> Outcome:
    """Leave what it read."""
    for path in ("artifacts/count.json", "artifacts/pages/index.html"):
        target = ctx.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join((ctx.root / name).read_text() for name in ctx.files("*.txt")))
    return Outcome("pass", "counted", 1, "file")


def taken_over(project: MadeUp) -> set[str]:
    return {event.atom for event in project.events if isinstance(event, AtomFinished) and event.cached}


def test_an_unchanged_atom_does_not_run_again_and_tells_the_same(project: MadeUp) -> None:
    first = project.run((COUNT, count))
    second = project.run((COUNT, count))
    assert project.ran == ["count"]
    assert taken_over(project) == {"count"}
    assert second.outcomes == first.outcomes
    assert "unchanged since run " in project.log("count")


def test_a_result_under_other_conditions_is_not_taken_over(project: MadeUp) -> None:
    project.run((COUNT, count), conditions=("without slow tests",))
    project.run((COUNT, count))
    assert project.ran == ["count", "count"]
    project.run((COUNT, count), event="schedule")
    assert taken_over(project) == {"count"}


@pytest.mark.parametrize(("event", "leaves_out"), [("pull_request", True), ("push", False), ("local", False)])
def test_leaving_out_slow_tests_is_a_condition_and_the_event_is_none(
    project: MadeUp, event: str, leaves_out: bool
) -> None:
    workspace = Loader(Project(project.root)).workspace(Options(event=event))
    assert bool(workspace.conditions) is leaves_out


@pytest.mark.parametrize(
    "damage",
    [
        lambda project: (project.root / "artifacts/count.json").unlink(),
        lambda project: project.write("artifacts/count.json", "edited by hand"),
        lambda project: (project.root / "artifacts/pages/index.html").unlink(),
    ],
)
def test_what_is_taken_over_puts_its_artifacts_back(
    project: MadeUp, damage: Callable[[MadeUp], None]
) -> None:
    project.run((COUNT, count))
    damage(project)
    project.run((COUNT, count))
    assert project.ran == ["count"]
    assert project.read("artifacts/count.json") == "one"
    assert project.read("artifacts/pages/index.html") == "one"


CHANGES: dict[str, Callable[[MadeUp], object]] = {
    "content": lambda project: project.write("data.txt", "two"),
    "new file": lambda project: project.write("more.txt", ""),
    "deleted": lambda project: (project.root / "data.txt").unlink(),
    "damaged": lambda project: [
        path.write_text("{") for path in project.root.glob(".atomci_cache/results/*/*/result.json")
    ],
    "brackets without end": lambda project: [
        path.write_text('{"more": ' + "[" * 9999)
        for path in project.root.glob(".atomci_cache/results/*/*/result.json")
    ],
    "lost": lambda project: [
        (project.root / "artifacts/count.json").unlink(),
        *(path.unlink() for path in project.root.glob(".atomci_cache/**/count.json")),
    ],
}


def rewritten(project: MadeUp, **fields: object) -> None:
    """The kept result with other fields."""
    for path in project.root.glob(".atomci_cache/results/count/*/result.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


CHANGES |= {
    "another text in a kept file": lambda project: [
        (project.root / "artifacts/count.json").unlink(),
        *(path.write_text("hostile") for path in project.root.glob(".atomci_cache/**/count.json")),
    ],
    "of another atom": lambda project: rewritten(project, atom="judge"),
    "what it rests on taken out": lambda project: rewritten(project, observed={}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_input_or_a_broken_cache_runs_it_again(project: MadeUp, change: str) -> None:
    project.run((COUNT, count))
    CHANGES[change](project)
    project.run((COUNT, count))
    assert project.ran == ["count", "count"]
    assert taken_over(project) == set()


@pytest.mark.parametrize("path", ["../stray", "artifacts/../../stray", "data.txt"])
def test_a_kept_result_writes_nowhere_but_below_artifacts(project: MadeUp, path: str) -> None:
    project.run((COUNT, count))
    digest = hashlib.sha256(b"hostile").hexdigest()
    for entry in project.root.glob(".atomci_cache/results/count/*"):
        (entry / "files/artifacts").mkdir(parents=True, exist_ok=True)
        (entry / "files" / path).write_text("hostile")
    rewritten(project, outputs=[{"path": path, "size": 7, "sha256": digest}])
    project.run((COUNT, count))
    assert project.ran == ["count", "count"]
    assert not (project.root.parent / "stray").exists()
    assert project.read("data.txt") == "one"


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project.write("notes.md", "not read"),
        lambda project: project.write("__pycache__/more.txt", "no input"),
        lambda project: os.utime(project.root / "data.txt", (1, 1)),
    ],
)
def test_what_it_does_not_read_changes_nothing(project: MadeUp, change: Callable[[MadeUp], object]) -> None:
    project.run((COUNT, count))
    change(project)
    project.run((COUNT, count))
    assert taken_over(project) == {"count"}


@pytest.mark.parametrize("name", ["PYTEST_ADDOPTS", "MYPYPATH", "RUFF_CONFIG", "PYTHONSAFEPATH"])
def test_a_variable_that_turns_tools_is_an_input(
    project: MadeUp, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    project.run((COUNT, count))
    monkeypatch.setenv(name, "made up")
    project.run((COUNT, count))
    assert taken_over(project) == set()


@pytest.mark.parametrize(
    "table", [AtomConfig(timeout=9.0), AtomConfig(inputs=("*.md",)), AtomConfig(run="scripts/check.sh")]
)
def test_an_atoms_own_table_is_an_input(project: MadeUp, table: AtomConfig) -> None:
    project.run((COUNT, count))
    project.run((COUNT, count), config=Config(atoms={"count": table}))
    assert taken_over(project) == set()


def test_the_script_of_a_swapped_command_is_an_input(project: MadeUp) -> None:
    config = Config(atoms={"count": AtomConfig(run="scripts/check.sh --fast")})
    project.write("scripts/check.sh", "exit 0")
    project.run((COUNT, count), config=config)
    project.run((COUNT, count), config=config)
    assert taken_over(project) == {"count"}
    project.write("scripts/check.sh", "exit 1")
    project.run((COUNT, count), config=config)
    assert taken_over(project) == set()


@pytest.mark.parametrize("outcome", [FAIL, VACUOUS, ERROR, Outcome("skipped", "no tool")])
def test_only_a_pass_is_taken_over(project: MadeUp, outcome: Outcome) -> None:
    atom = COUNT._replace(writes=())
    project.run((atom, outcome))
    project.run((atom, outcome))
    assert project.ran == ["count", "count"]


@pytest.mark.parametrize("effect", ["host", "tree", "network"])
@pytest.mark.parametrize("order", [("pure", "other"), ("other", "pure"), ("other", "other")])
def test_only_a_pure_atom_is_kept_and_taken_over(
    project: MadeUp, effect: str, order: tuple[str, ...]
) -> None:
    for which in order:
        atom = COUNT if which == "pure" else COUNT._replace(effect=effect)  # type: ignore[arg-type]
        project.run((atom, count))
    assert project.ran == ["count", "count"]


@pytest.mark.parametrize("which", [0, 1])
def test_no_cache_neither_takes_over_nor_keeps(project: MadeUp, which: int) -> None:
    for run in range(2):
        project.run((COUNT, count), use_cache=run != which)
    assert project.ran == ["count", "count"]


def test_a_few_results_are_kept_so_that_a_change_undone_is_taken_over(project: MadeUp) -> None:
    for text in ("one", "two", "three", "four", "five", "six"):
        project.write("data.txt", text)
        project.run((COUNT, count))
    assert len(list(project.root.glob(".atomci_cache/results/count/*"))) == 4
    project.write("data.txt", "five")
    project.run((COUNT, count))
    assert taken_over(project) == {"count"}
    assert project.read("artifacts/count.json") == "five"


def test_the_cache_ignores_itself(project: MadeUp) -> None:
    project.run((COUNT, count))
    assert project.read(".atomci_cache/.gitignore") == "*\n"


def override(atom: str, days: int) -> Override:
    return Override(atom=atom, reason="the stubs\n are wrong", until=today() + timedelta(days), owner="ada")


@pytest.mark.parametrize(("days", "holds"), [(0, True), (30, True), (-1, False)])
def test_an_override_holds_through_its_last_day(days: int, holds: bool) -> None:
    sorted_ = Overrides.on(today(), [override("judge", days)])
    assert ("judge" in sorted_.in_force, "judge" in sorted_.lapsed) == (holds, not holds)


def test_an_override_says_until_when_and_why_in_one_line() -> None:
    row = Override(atom="judge", reason="the stubs\n are wrong", until=date(2026, 12, 31), owner="ada")
    assert str(row) == "overridden until 2026-12-31: the stubs are wrong"
    assert row.lapse == "its override expired on 2026-12-31: the stubs are wrong"


@pytest.mark.parametrize(
    ("outcome", "code"), [(FAIL, 0), (VACUOUS, 0), (ERROR, 3), (Outcome("skipped"), 0), (Outcome("pass"), 0)]
)
def test_an_override_lets_a_red_through_and_no_error(project: MadeUp, outcome: Outcome, code: int) -> None:
    row = override("judge", 3)
    done = project.run((JUDGE._replace(needs=()), outcome), config=Config(override=(row,)))
    excused = outcome.status in ("fail", "vacuous")
    assert done.exit_code == code
    assert done.outcomes["judge"].status == outcome.status
    assert project.result("judge").override == (str(row) if excused else "")
    assert project.logged[-1]["overridden"] == ({"judge": str(row)} if excused else {})


def test_an_overridden_red_stops_nobody(project: MadeUp) -> None:
    later = Atom(9, "later", 5, "", needs=("judge",))
    row = override("judge", 3)
    project.run((JUDGE._replace(needs=()), FAIL), (later, Outcome("pass")), config=Config(override=(row,)))
    assert project.ran == ["judge", "later"]


@pytest.mark.parametrize("outcome", [FAIL, Outcome("pass")])
def test_an_override_that_is_over_makes_the_run_red(project: MadeUp, outcome: Outcome) -> None:
    row = override("judge", -1)
    done = project.run((JUDGE._replace(needs=()), outcome), config=Config(override=(row,)))
    assert done.exit_code == 1
    assert project.logged[-1]["expired"] == {"judge": row.lapse}


def test_an_override_of_another_atom_excuses_nothing(project: MadeUp) -> None:
    done = project.run((JUDGE._replace(needs=()), FAIL), config=Config(override=(override("lint", 3),)))
    assert done.exit_code == 1


def test_no_atom_can_excuse_itself_where_no_override_holds(project: MadeUp) -> None:
    claimed = Outcome("fail", "three", overridden="overridden until 2999-01-01: trust me")
    assert project.run((JUDGE._replace(needs=()), claimed)).exit_code == 1


def test_what_follows_a_lapsed_override_is_judged_anew(project: MadeUp) -> None:
    rows = ((COUNT, count), (JUDGE, Outcome("pass")))
    project.run(*rows)
    project.run(*rows, config=Config(override=(override("count", -1),)))
    assert project.ran == ["count", "judge", "judge"]


def test_so_is_what_follows_it_over_others(project: MadeUp) -> None:
    later = Atom(9, "later", 5, "", needs=("judge",))
    rows = ((COUNT, count), (JUDGE, Outcome("pass")), (later, Outcome("pass")))
    project.run(*rows)
    project.run(*rows, config=Config(override=(override("count", -1),)))
    assert project.ran == ["count", "judge", "later", "judge", "later"]


VERDICT = Atom(9, "verdict", 7, "", reads=("artifacts/count.json",), always=True, last=True)


@pytest.mark.parametrize(
    ("outcome", "overrides", "again"),
    [
        (Outcome("pass"), (), False),
        (FAIL, (), True),
        (FAIL, (override("other", 3),), True),
        (Outcome("pass"), (override("other", -1),), True),
        (Outcome("pass"), (override("elsewhere", -1),), True),
        (Outcome("pass"), (override("other", 3),), False),
    ],
)
def test_a_verdict_is_taken_over_only_where_there_is_nothing_else_to_judge(
    project: MadeUp, outcome: Outcome, overrides: tuple[Override, ...], again: bool
) -> None:
    other = Atom(8, "other", 7, "", effect="host")
    project.run((COUNT, count), (other, Outcome("pass")), (VERDICT, Outcome("pass")))
    project.run(
        (COUNT, count), (other, outcome), (VERDICT, Outcome("pass")), config=Config(override=overrides)
    )
    assert project.ran == ["count", "other", "verdict", "other", *(["verdict"] if again else [])]


def test_an_artifact_that_cannot_be_kept_is_told(project: MadeUp) -> None:
    project.write(".atomci_cache", "a file where a folder is to be")
    done = project.run((COUNT, count))
    assert done.outcomes["count"].status == "error"
    assert InfrastructureError.exit_code == done.exit_code
