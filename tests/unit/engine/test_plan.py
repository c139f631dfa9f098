"""From what people type to a graph of atoms."""

import pytest

from atomci.atoms.loading.builtin import built_in, catalog_of
from atomci.catalog import ATOMS, PIPELINES, Atom
from atomci.engine.plan import catalog_with, closure, make_plan, most_urgent_first, resolve
from atomci.errors import InfrastructureError, UsageError

CATALOG = catalog_of({})
BUILT = CATALOG.built


@pytest.mark.parametrize("target", ["run_ruff_lint", "atom_031", "031", "31"])
def test_an_atom_goes_by_name_id_and_number(target: str) -> None:
    assert resolve(target, CATALOG) == ("run_ruff_lint",)


@pytest.mark.parametrize("target", ["phase_04", "phase_4"])
def test_a_phase_is_all_its_atoms(target: str) -> None:
    assert resolve(target, CATALOG) == tuple(row.name for row in ATOMS if row.phase == 4)


def test_a_pipeline_is_its_atoms() -> None:
    for pipeline in PIPELINES:
        assert resolve(pipeline.name, CATALOG) == pipeline.atoms


def test_atom_000_is_found_though_its_number_is_zero() -> None:
    assert resolve("atom_000", CATALOG) == ("detect_host_os_and_shell",)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("local-ci", "local_ci"),
        ("run_rufflint", "run_ruff_lint"),
        ("trige", "triage"),
        ("phase_99", "phase_09"),
    ],
)
def test_a_slip_of_the_finger_is_answered_with_what_was_meant(typed: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(typed, CATALOG)
    assert repr(typed) in caught.value.message
    assert "did you mean" in caught.value.hint
    assert meant in caught.value.hint


@pytest.mark.parametrize("typed", ["zzzzzz", "atom_119", "atom_999", "phase_21", ""])
def test_what_resembles_nothing_is_refused_too(typed: str) -> None:
    with pytest.raises(UsageError):
        resolve(typed, CATALOG)


def test_a_plan_holds_what_targets_need_and_no_more() -> None:
    plan = make_plan(["atom_035"], CATALOG)
    assert {row.number for row in plan.atoms} == {31, 32, 33, 34, 35}


def test_a_plan_is_in_an_order_that_respects_needs() -> None:
    plan = make_plan(["local_ci"], CATALOG)
    names = [row.name for row in plan.atoms]
    for row in plan.atoms:
        for before in (*row.needs, *row.after):
            assert before not in names or names.index(before) < names.index(row.name)


def test_after_orders_without_adding() -> None:
    alone = make_plan(["stage3_static_artifacts_emit"], CATALOG)
    assert [row.number for row in alone.atoms] == [50]
    both = make_plan(["stage3_static_artifacts_emit", "stage1_lint_types"], CATALOG)
    assert "stage1_lint_types" in both.edges["stage3_static_artifacts_emit"]


def test_the_atom_that_judges_comes_after_all_but_what_needs_it() -> None:
    late = Atom(1001, "late", 20, "")
    told = Atom(1002, "told", 7, "", needs=("compute_local_ci_exit_code",))
    plan = make_plan(
        ["local_ci", "told"], catalog_with({"late": (late, ("local_ci",)), "told": (told, ())}, BUILT)
    )
    names = [row.name for row in plan.atoms]
    assert names[-2:] == ["compute_local_ci_exit_code", "told"]
    assert "late" in plan.edges["compute_local_ci_exit_code"]
    assert most_urgent_first(plan)[-1].name == "told"


def test_only_takes_the_targets_alone() -> None:
    plan = make_plan(["atom_035", "atom_039"], CATALOG, only=True)
    assert [row.number for row in plan.atoms] == [35, 39]


def test_a_target_given_twice_runs_once() -> None:
    plan = make_plan(["triage", "phase_04", "atom_031"], CATALOG)
    assert len(plan.atoms) == len({row.name for row in plan.atoms}) == 5


def test_a_planned_atom_stops_the_plan_and_is_named() -> None:
    planned = next(row.name for row in ATOMS if row.name not in built_in())
    with pytest.raises(InfrastructureError, match=rf"planned.*{planned}"):
        make_plan(["phase_04", planned], CATALOG)


def test_a_circle_of_plugins_is_named() -> None:
    one = Atom(1001, "one", 4, "", needs=("two",))
    two = Atom(1002, "two", 4, "", needs=("one",))
    with pytest.raises(UsageError, match=r"circle.*one"):
        closure(["one"], catalog_with({"one": (one, ()), "two": (two, ())}))


def test_a_plugins_atom_is_found_by_all_its_names_and_in_its_pipeline() -> None:
    row = Atom(1001, "check_words", 4, "")
    catalog = catalog_with({"check_words": (row, ("triage",))})
    for target in ("check_words", "atom_1001", "1001"):
        assert resolve(target, catalog) == ("check_words",)
    assert "check_words" in resolve("triage", catalog)
    assert "check_words" in resolve("phase_04", catalog)
    assert not catalog.planned("check_words")


def test_the_longest_chain_takes_a_free_slot_first() -> None:
    plan = closure(["local_ci"], catalog_with({}))
    order = [row.number for row in most_urgent_first(plan)]
    assert sorted(order) == sorted(row.number for row in plan.atoms)
    assert order[:3] == [36, 38, 37]
    assert order.index(31) < order.index(32) < order.index(33)
    assert order[-1] == 51
