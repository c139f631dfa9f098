"""Exit code, the gate's atom, gate.json, the events and the pages give one verdict, whatever the atoms do."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nightly import NIGHTLY

from atomci.artifacts import handles
from atomci.artifacts.handed.runs import Event, RunFinished
from atomci.artifacts.handed.schemas import Gate, ReportFile, Reports, Stage
from atomci.atoms.loading.builtin import built_in
from atomci.atoms.parts.verdicts.gate import bound_to_the_run
from atomci.atoms.phase_07_local_ci import compute_local_ci_exit_code
from atomci.catalog import PIPELINES, Atom
from atomci.cli.view.github import github_lines
from atomci.cli.view.runs import _Lines
from atomci.deadlines import today
from atomci.engine.config import AtomConfig, Config
from atomci.engine.context import Context, Implementation, Options, Outcome, Workspace
from atomci.engine.overrides import Override
from atomci.engine.plan import catalog_with, make_plan
from atomci.engine.runner import run_plan
from atomci.project import Project

VERDICT = "compute_local_ci_exit_code"
EXAMPLES = 300 if NIGHTLY else 12
NAMES = tuple(row for row in next(p for p in PIPELINES if p.name == "local_ci").atoms if row != VERDICT)
STATUSES = st.sampled_from(["pass", "pass", "pass", "fail", "vacuous", "error", "skipped"])
EXITS = {"pass": {0}, "fail": {0, 1}, "vacuous": {0, 1}, "error": {1, 3}, "skipped": {0, 1, 3}}
STAGES = {"stage1_lint_types": handles.LINT_TYPES_STAGE, "stage2_unit_tests": handles.UNIT_STAGE}


class World(NamedTuple):
    """What a run meets. `ends` is how atoms end that aren't named: all pass."""

    ends: Mapping[str, str] = {}
    plugins: tuple[tuple[int, int, tuple[str, ...]], ...] = ()
    """Each with its number, its phase and what it needs; they join the gate."""
    disabled: frozenset[str] = frozenset()
    overrides: Mapping[str, int] = {}
    """Atoms, and the days from today on which their overrides end."""
    keep_going: bool = False
    jobs: int = 1
    only: bool = False
    unwritten: frozenset[str] = frozenset()
    """Atoms that leave nothing."""
    left: Mapping[str, str] = {}
    """Stages of an earlier run."""
    missing: str = ""
    """A report that wasn't produced."""
    kept: bool = False
    """A green run was here before it, and its results are taken over."""
    own: tuple[str, int, str] | None = None
    """What stands in for the verdict: how it ends, and what it writes."""


def worlds() -> st.SearchStrategy[World]:
    """Any of them."""
    every = st.sampled_from([*NAMES, "run_ruff_lint", "run_pytest_unit_with_coverage", "plugin_1001"])
    plugin = st.tuples(
        st.sampled_from([1001, 1002]),
        st.integers(0, 20),
        st.sampled_from([(), ("run_ruff_lint",), ("stage2_unit_tests",)]),
    )
    words = st.sampled_from(["green", "overridden", "red", "broken"])
    return st.builds(
        World,
        ends=st.dictionaries(st.one_of(every, st.just("plugin_1002")), STATUSES, max_size=4),
        plugins=st.lists(plugin, max_size=2, unique_by=lambda row: row[0]).map(tuple),
        disabled=st.frozensets(st.one_of(every, st.just(VERDICT)), max_size=1),
        overrides=st.dictionaries(every, st.sampled_from([-1, 0, 30]), max_size=2),
        keep_going=st.booleans(),
        jobs=st.sampled_from([1, 3]),
        only=st.booleans(),
        unwritten=st.frozensets(every, max_size=1),
        left=st.dictionaries(st.sampled_from(list(STAGES)), STATUSES),
        missing=st.sampled_from(["", "", "junit"]),
        kept=st.booleans(),
        own=st.one_of(st.none(), st.tuples(STATUSES, st.sampled_from([0, 1, 3, 7]), words)),
    )


def ran(root: Path, world: World) -> tuple[int, list[Event], Workspace]:
    """Run the gate in it: its exit code, its events."""
    plugins = {
        f"plugin_{number}": (Atom(number, f"plugin_{number}", phase, "", needs=needs), ("local_ci",))
        for number, phase, needs in world.plugins
    }
    catalog = catalog_with(plugins, built_in())
    for name, status in world.left.items():
        write(root, STAGES[name], stage_of(name, status, "an old excuse"))
    rows = [
        Override(atom=name, reason="why", until=today() + timedelta(days), owner="o")
        for name, days in world.overrides.items()
        if name in catalog.atoms
    ]
    config = Config(atoms={name: AtomConfig(enabled=False) for name in world.disabled}, override=tuple(rows))
    options = Options(
        keep_going=world.keep_going, jobs=world.jobs, use_cache=world.kept, event="local", in_ci=False
    )
    workspace = Workspace(Project(root), catalog, config, options)
    events: list[Event] = []
    targets = [VERDICT, "stage3_static_artifacts_emit"] if world.only else ["local_ci"]
    plan = make_plan(targets, catalog, only=world.only)
    code = run_plan(workspace, plan, lambda atom: implementation(atom, world), [events.append]).exit_code
    return code, events, workspace


def implementation(atom: Atom, world: World) -> Implementation:
    """An atom that ends as the world says; the gate's verdict is the real one."""
    if atom.last and world.own is None:
        return Implementation(compute_local_ci_exit_code)

    def run(ctx: Context) -> Outcome:
        status = world.own[0] if atom.last and world.own else world.ends.get(atom.name, "pass")
        if atom.name not in world.unwritten:
            for path in atom.writes:
                write(ctx.root, path, content_of(atom, status, world))
        return Outcome(status, "why", 1)  # type: ignore[arg-type]

    made = Implementation(run, origin="made up")
    return bound_to_the_run(made) if atom.last else made


def content_of(atom: Atom, status: str, world: World) -> Any:
    """What it writes."""
    if atom.last and world.own:
        return Gate(exit_code=world.own[1], verdict=world.own[2], reasons=())  # type: ignore[arg-type]
    if atom.name in STAGES:
        return stage_of(atom.name, status)
    if atom.name == "stage3_static_artifacts_emit":
        reports = [ReportFile(name="junit", path="x", missing="not produced")] if world.missing else []
        return Reports(reports=tuple(reports))
    return {}


def stage_of(name: str, status: str, excuse: str = "") -> Stage:
    overridden = excuse if status in ("fail", "vacuous") else ""
    return Stage(stage=name, status=status, reasons=("why",), owes=("junit",), overridden=overridden)  # type: ignore[arg-type]


def write(root: Path, path: object, value: object) -> None:
    from atomci.artifacts import store

    target = root / str(path)
    if str(path).endswith("/"):
        target.mkdir(parents=True, exist_ok=True)
    elif str(path).startswith("artifacts/") and "*" not in str(path):
        store.write(target, value)


def check(root: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that says how the run went says the same."""
    if world.kept:
        ran(root, World(kept=True))
    code, events, workspace = ran(root, world)
    (log,) = root.glob(f"artifacts/runs/{events[-1].run}/events.jsonl")  # type: ignore[union-attr]
    last = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    ended = events[-1]
    assert isinstance(ended, RunFinished)
    assert (last["event"], last["exit_code"], ended.exit_code) == ("run_finished", code, code)
    status = ended.atoms[VERDICT]
    if (root / handles.GATE).is_file():
        gate = json.loads((root / handles.GATE).read_text(encoding="utf-8"))
        assert (gate["exit_code"], gate["verdict"]) == (code, ended.verdict)
        assert bool(gate["reasons"]) == (gate["verdict"] != "green") or world.own
        assert code in EXITS[status]
        assert status == "skipped" or (status == "pass") == (gate["verdict"] == "green")
    else:
        assert status in ("skipped", "error") or world.own
        assert status != "pass"
    assert f": {ended.verdict} in" in "\n".join(_Lines(plan_of(events), workspace.project).of(ended))
    summary = root / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    with github_lines(lambda event: [], lambda event: "", root) as listener:
        listener(ended)
    assert summary.read_text(encoding="utf-8").startswith(f"### {ended.verdict} in")


def plan_of(events: list[Event]) -> Any:
    return make_plan(["local_ci"], catalog_with({}, built_in()))


@pytest.fixture(autouse=True)
def _no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atomci.engine.inputs.files.Git.files", lambda git: None)


PLUGIN = ((1001, 4, ()),)
RED_PLUGIN = {"plugin_1001": "fail"}


@pytest.mark.parametrize(
    ("world", "code", "verdict"),
    [
        (World(), 0, "green"),
        (World(RED_PLUGIN, PLUGIN), 1, "red"),
        (World(RED_PLUGIN, PLUGIN, keep_going=True), 1, "red"),
        (World(RED_PLUGIN, PLUGIN, keep_going=True, jobs=3), 1, "red"),
        (World(RED_PLUGIN, ((1001, 20, ()),), jobs=3), 1, "red"),
        (World({"plugin_1001": "error"}, PLUGIN, keep_going=True), 3, "broken"),
        (World({"plugin_1001": "vacuous"}, PLUGIN, keep_going=True), 1, "red"),
        (World(RED_PLUGIN, PLUGIN, overrides={"plugin_1001": 9}), 0, "overridden"),
        (World(RED_PLUGIN, PLUGIN, overrides={"plugin_1001": -1}, keep_going=True), 1, "red"),
        (World({}, PLUGIN, overrides={"plugin_1001": -1}), 1, "red"),
        (World(RED_PLUGIN, PLUGIN, disabled=frozenset({"plugin_1001"})), 0, "green"),
        (World({"run_pytest_unit_with_coverage": "fail"}, unwritten=frozenset(NAMES)), 1, "red"),
        (World(RED_PLUGIN, PLUGIN, kept=True, keep_going=True), 1, "red"),
        (World({}, PLUGIN, overrides={"plugin_1001": -1}, kept=True), 1, "red"),
        (World(kept=True), 0, "green"),
        (World(own=("pass", 0, "green")), 0, "green"),
        (World({"run_ruff_lint": "fail"}, own=("pass", 0, "green"), keep_going=True), 1, "red"),
        (World(own=("fail", 1, "red")), 1, "red"),
        (World(own=("pass", 1, "red")), 3, "broken"),
        (World(only=True, left={"stage1_lint_types": "fail", "stage2_unit_tests": "pass"}), 1, "red"),
    ],
)
def test_one_red_atom_makes_all_of_them_red(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World, code: int, verdict: str
) -> None:
    check(tmp_path, world, monkeypatch)
    gate = json.loads((tmp_path / handles.GATE).read_text(encoding="utf-8"))
    assert (gate["exit_code"], gate["verdict"]) == (code, verdict)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(world=worlds())
def test_they_agree_whatever_atoms_do(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        check(Path(folder), world, patch)


def test_a_killed_run_leaves_no_earlier_verdict(tmp_path: Path) -> None:
    ran(tmp_path, World())
    seen: list[bool] = []

    def look(event: Event) -> None:
        seen.append((tmp_path / handles.GATE).exists())

    assert (tmp_path / handles.GATE).exists()
    catalog = catalog_with({}, built_in())
    workspace = Workspace(Project(tmp_path), catalog, Config(), Options(event="local", in_ci=False))
    plan = make_plan(["local_ci"], catalog)
    run_plan(workspace, plan, lambda atom: implementation(atom, World()), [look])
    assert seen.index(True) >= len(seen) - 2, "only once the verdict is given anew"
