"""The catalog against the source document, itself and the code."""

import ast
import importlib
import inspect
import json
from collections import Counter
from pathlib import Path

import pytest

from atomci.atoms.loading.builtin import HOLDS, built_in, module_of
from atomci.catalog import ATOMS, PHASES, PIPELINES, Atom, Phase, atom
from atomci.engine.outputs import declared_outputs
from atomci.engine.plan import catalog_with, closure

SOURCE = Path(__file__).parents[2] / "src" / "atomci"
LISTED = Path(__file__).parents[1] / "fixtures" / "atoms.txt"
NAMES = {row.name for row in ATOMS}
BUILT = built_in()


def test_names_and_order_are_those_of_the_source_document() -> None:
    assert [f"{row.number:03d} {row.name}" for row in ATOMS] == LISTED.read_text().splitlines()


def test_numbers_and_phases_ascend() -> None:
    assert [row.number for row in ATOMS] == list(range(119))
    assert [row.phase for row in ATOMS] == sorted(row.phase for row in ATOMS)
    assert [phase.number for phase in PHASES] == list(range(21))


def test_every_need_and_order_names_an_atom() -> None:
    assert {name for row in ATOMS for name in (*row.needs, *row.after)} <= NAMES


def test_needs_go_in_no_circle() -> None:
    plan = closure([phase.name for phase in PHASES], catalog_with({}))
    place = {row.name: index for index, row in enumerate(plan.atoms)}
    assert len(place) == 119
    for row in ATOMS:
        assert all(place[before] < place[row.name] for before in (*row.needs, *row.after)), row.name


def test_what_reads_the_log_of_runs_is_never_taken_over() -> None:
    """Its own run writes to the log meanwhile."""
    reading = [row for row in ATOMS if any(path.startswith("artifacts/runs/") for path in row.reads)]
    assert reading
    assert [row.name for row in reading if row.effect == "pure"] == []


def test_each_artifact_has_one_writer() -> None:
    writers = Counter(path for row in ATOMS for path in declared_outputs(row))
    assert [path for path, count in writers.items() if count > 1] == []


def _before(row: Atom) -> set[str]:
    found: set[str] = set()
    queue = [*row.needs, *row.after]
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += [*atom(name).needs, *atom(name).after]
    return found


def test_an_artifact_that_is_read_is_written_before() -> None:
    writer = {path: row.name for row in ATOMS for path in declared_outputs(row)}
    late = []
    for row in ATOMS:
        for path in row.reads:
            # A file of a folder that is written counts as written with it.
            found = writer.get(path) or next((w for p, w in writer.items() if path.startswith(p)), None)
            if row.name in BUILT and path.startswith("artifacts/") and "*" not in path:
                late += [] if found in _before(row) else [(row.name, path, found)]
    assert late == []


def test_pipelines_name_atoms_once_and_are_no_atom_themselves() -> None:
    for pipeline in PIPELINES:
        assert set(pipeline.atoms) <= NAMES
        assert len(set(pipeline.atoms)) == len(pipeline.atoms)
        assert pipeline.name not in NAMES


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_a_phase_has_one_module_and_its_functions_are_those_of_its_atoms(phase: Phase) -> None:
    own = [row.name for row in ATOMS if row.phase == phase.number]
    files = list((SOURCE / "atoms").glob(f"{phase.name}_*.py"))
    assert [f"atomci.atoms.{file.stem}" for file in files] == [module_of(phase)] * len(files)
    assert len(files) == any(name in BUILT for name in own)
    module = importlib.import_module(module_of(phase)) if files else None
    for name in own:
        pair = [getattr(module, function, None) for function in (name, name + HOLDS)]
        assert any(pair) == (name in BUILT)
        assert all(len(inspect.signature(function).parameters) == 1 for function in pair if function)


def test_an_atom_of_which_only_the_check_is_written_has_one_artifact_for_the_evidence() -> None:
    for phase in PHASES:
        own = [row for row in ATOMS if row.phase == phase.number and row.name in BUILT]
        module = importlib.import_module(module_of(phase)) if own else None
        for row in own:
            if not hasattr(module, row.name):
                assert len(declared_outputs(row)) == 1, row.name


def test_no_function_elsewhere_bears_an_atoms_name() -> None:
    homes = {name: module_of(PHASES[row.phase]) for row in ATOMS for name in (row.name, row.name + HOLDS)}
    strays = [
        f"{module}: {node.name}"
        for file in SOURCE.rglob("*.py")
        for module in [".".join(("atomci", *file.relative_to(SOURCE).with_suffix("").parts))]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and homes.get(node.name, module) != module
    ]
    assert strays == []


def test_list_shows_what_is_planned(sample) -> None:
    rows = {row["name"]: row for row in json.loads(sample.atomci("list", "--json").out)["atoms"]}
    assert {name for name, row in rows.items() if row["planned"]} == NAMES - BUILT
    lines = sample.atomci("list").out.splitlines()
    for row in ATOMS:
        (line,) = [line for line in lines if line.split()[:2] == [f"{row.number:03d}", row.name]]
        assert ("planned" in line.split()[2:3]) == rows[row.name]["planned"]
    for pipeline in PIPELINES:
        (line,) = [line for line in lines if line.split()[:1] == [pipeline.name]]
        built = BUILT.intersection(pipeline.atoms)
        words = "" if built == set(pipeline.atoms) else "in part" if built else "planned"
        assert line.split(pipeline.name, 1)[1].strip() == f"{words:8}  {pipeline.summary}".strip(), line


@pytest.mark.parametrize("target", ["score_parallelization_opportunities", "atom_096", "phase_16", "streams"])
def test_running_a_planned_atom_exits_3_with_that_word(sample, target: str) -> None:
    done = sample.atomci("run", target)
    assert done.code == 3
    assert "planned" in done.err
    assert "enumerate_workflows_from_backlog" in done.err or target.startswith(("score", "atom"))
    assert not (sample.root / "artifacts").exists()


@pytest.mark.parametrize("verb", ["fleet", "streams"])
def test_a_planned_verb_exits_3_with_that_word(sample, verb: str) -> None:
    done = sample.atomci(verb, "--anything", "x")
    assert done.code == 3
    assert "planned" in done.err
