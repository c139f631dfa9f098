"""What tests that don't run again covered counts, and where that can't be told, more tests run."""

import hashlib

import pytest

from atomci.artifacts.handed import impact
from atomci.artifacts.handed.lines import LinesRecord
from atomci.testing.measurement.line_record import CoveredLines, covered_of
from atomci.testing.measurement.reuse import Reuse
from atomci.testing.measurement.segments import read_segments
from atomci.testing.selection.reach import Everything, Reach

CODE = (
    "import os\n\n\ndef one(x):\n    return x\n\n\ndef two(x):\n    if x:\n        return 1\n    return 2\n"
)
ONE, TWO, THREE = "tests/test_a.py::test_one", "tests/test_b.py::test_two", "tests/test_c.py::test_three"
FILE, OTHER = "src/a.py", "src/b.py"
IMPORT = [(-1, 1), (1, 4), (4, 8), (8, -1)]
IN_ONE, IN_TWO = [(-4, 5), (5, -4)], [(-8, 9), (9, 10), (10, -8)]
PLACES = {ONE: {FILE: IN_ONE}, TWO: {FILE: IN_TWO}, THREE: {OTHER: [(-1, 1), (1, -1)]}}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def project(tmp_path):
    """A record of two modules, of which a change can be tried."""
    texts = {FILE: CODE, OTHER: "LIMIT = 1\n"}
    covered = CoveredLines()

    def bits(place):
        return {file: f"{covered.bits(file, marks):x}" for file, marks in place.items()}

    tests = {nodeid: bits(place) for nodeid, place in PLACES.items()}
    modules = {FILE: bits({FILE: IMPORT})}
    record = LinesRecord(
        hashes={file: digest(text) for file, text in texts.items()},
        segments={file: read_segments(text.encode()) or () for file, text in texts.items()},
        marks={file: tuple(marks) for file, marks in covered.marks.items()},
        tests=tests,
        modules=modules,
        outside={},
        unnoted={},
        imports={"tests/test_a.py": (FILE,)},
    )

    def change(**changed: str):
        now = {**texts, **{{"a": FILE, "b": OTHER}[name]: text for name, text in changed.items()}}
        for file, text in now.items():
            (tmp_path / file).parent.mkdir(exist_ok=True)
            (tmp_path / file).write_text(text, encoding="utf-8")
        return Reuse(record, tmp_path, {file: digest(text) for file, text in now.items()})

    return change


def known(started=()) -> impact.ImpactRecord:
    tests = {nodeid: impact.TestRecord(outcome="passed", started=started) for nodeid in PLACES}
    importers = {FILE: ("tests/test_a.py",)}
    return impact.ImpactRecord(
        python="3", hashes={}, files={}, blocks=(), paths=(), tests=tests, modules={}, importers=importers,
        outside=impact.PlaceRecord(),
    )  # fmt: skip


IMPORTS = {"tests/test_a.py": (FILE,)}


def widened(reuse: Reuse, *chosen: str, imports=IMPORTS, started=()) -> set[str]:
    reach = Reach(tests={nodeid: ["it changed"] for nodeid in chosen})
    reuse.widen(reach, known(started), imports)
    return set(reach.tests)


def test_where_a_function_changed_the_test_that_ran_it_is_enough(project) -> None:
    assert widened(project(a=CODE.replace("return x", "return x + 1")), ONE) == {ONE}


def test_a_test_that_ran_lines_which_moved_apart_runs_again(project) -> None:
    assert widened(project(a=CODE.replace("return x", "# why\n    return x"))) == {ONE}


def test_a_module_that_changed_is_imported_again(project) -> None:
    """By a test that ran code of it, or whose file imports it."""
    assert widened(project(a=CODE + "\n\ndef three():\n    return 3\n")) == {ONE}
    assert widened(project(a="# first\n" + CODE), TWO) == {TWO}


def test_a_change_of_what_coverage_does_not_measure_runs_one_test_to_measure_with(project) -> None:
    assert len(widened(project())) == 1


@pytest.mark.parametrize(
    ("imports", "said"),
    [
        ({}, "tests/test_a.py no longer imports src/a.py"),
        ({"tests/test_a.py": (OTHER,)}, "no longer imports"),
    ],
)
def test_what_is_no_longer_imported_makes_all_tests_run(project, imports, said) -> None:
    with pytest.raises(Everything, match=said):
        widened(project(), imports=imports)


def test_lines_that_programs_covered_make_all_tests_run_that_start_some(project) -> None:
    reuse = project(a=CODE.replace("return x", "return x + 1"))
    reuse.was.unnoted = {FILE: 1}
    assert widened(reuse, ONE) == {ONE}
    with pytest.raises(Everything, match="programs that tests start"):
        widened(reuse, ONE, started=("make",))


def test_a_test_that_the_record_lacks_makes_all_run(project) -> None:
    reuse = project()
    del reuse.was.tests[TWO]
    with pytest.raises(Everything, match="no run recorded which lines"):
        widened(reuse)


def fresh_run(shift: int, **places) -> CoveredLines:
    """A run in which one test ran, and imported the module, whose functions stand some lines lower."""
    fresh = CoveredLines()
    down = {1: 1, 4: 4 + shift, 5: 5 + shift, 8: 8 + shift}

    def moved(marks):
        return [tuple(down[abs(end)] if end > 0 else -down[abs(end)] for end in mark) for mark in marks]

    fresh.modules[FILE] = {FILE: fresh.bits(FILE, moved(IMPORT))}
    fresh.tests[ONE] = {FILE: fresh.bits(FILE, moved(places.get("ran", IN_ONE)))}
    return fresh


def test_the_total_is_that_of_all_tests_in_the_numbers_of_the_file_as_it_is(project) -> None:
    done = project(a=CODE.replace("import os\n", "import os\n\nX = 1\n")).completed(
        fresh_run(2), [TWO, THREE]
    )
    assert done.lost == ""
    assert set(done.added[FILE]) == {(-10, 11), (11, 12), (12, -10)}
    assert set(done.added[OTHER]) == {(-1, 1), (1, -1)}
    assert done.lines == 4
    total = done.covered.total()
    assert set(done.covered.marks_of(FILE, total[FILE])) >= {(-6, 7), (-10, 11), (1, 6)}
    assert (9, 10) not in set(done.covered.marks_of(FILE, total[FILE]))


def test_a_line_that_nobody_covers_any_more_makes_all_tests_run(project) -> None:
    """A test that was left out may cover it now, such as what is made once and kept."""
    done = project(a=CODE).completed(fresh_run(0, ran=[(-4, 5)]), [TWO, THREE])
    assert done.lost == "line 5 of src/a.py isn't covered any more"


def test_a_changed_module_that_was_not_imported_makes_all_tests_run(project) -> None:
    done = project(a=CODE + "\nX = 1\n").completed(CoveredLines(), [ONE, TWO, THREE])
    assert done.lost == "src/a.py wasn't imported"


def test_a_file_of_tests_of_which_no_line_is_measured_was_imported_if_that_was_seen(project) -> None:
    """When it is imported, it runs a function that changed."""
    reuse = project(a=CODE.replace("return x", "return x  # it"))
    reuse.was.modules["tests/test_a.py"] = {FILE: reuse.was.tests[ONE][FILE]}
    unseen = reuse.completed(fresh_run(0), [TWO, THREE])
    assert unseen.lost == "tests/test_a.py wasn't imported"
    fresh = fresh_run(0)
    fresh.modules["tests/test_a.py"] = {FILE: fresh.bits(FILE, IN_ONE)}
    assert reuse.completed(fresh, [TWO, THREE]).lost == ""


def test_a_record_that_is_not_sound_is_refused() -> None:
    record = LinesRecord(
        hashes={}, segments={}, marks={FILE: ((1,),)}, tests={ONE: {FILE: "ff"}}, modules={}, outside={},
        unnoted={}, imports={},
    )  # fmt: skip
    with pytest.raises(ValueError, match="fewer lines"):
        covered_of(record)
