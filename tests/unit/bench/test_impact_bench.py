"""The benchmark of selections: what it draws, what counts as caught, and that it goes on where it stopped."""

import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

BENCH = Path(__file__).parents[3] / "bench"


@pytest.fixture(scope="module")
def bench() -> Iterator[Any]:
    """Its modules."""
    names = ("impact", "impact_mutants", "impact_projects", "impact_selectors", "impact_suites")
    before = list(sys.path)
    sys.path.insert(0, str(BENCH))
    yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    sys.path[:] = before


def mutants(bench: Any, root: Path, source: str) -> list[Any]:
    (root / "a.py").write_text(source, encoding="utf-8")
    found: list[Any] = bench.impact_mutants.mutants_of(root, ["a.py"])
    return found


def test_a_seed_draws_the_same_changes_again_and_another_seed_others(bench: Any, tmp_path: Path) -> None:
    found = mutants(bench, tmp_path, "x = [1, 2, 3, 4, 5, 6]\ny = x == 1\nz = x and y\n")

    def drawn(seed: str) -> list[str]:
        return [one.name for one in bench.impact_mutants.draw(tmp_path, found, seed)]

    assert drawn("1") == drawn("1")
    assert sorted(drawn("1")) == sorted(drawn("2"))
    assert drawn("1") != drawn("2")


def test_texts_change_too_but_no_docstring(bench: Any, tmp_path: Path) -> None:
    found = mutants(bench, tmp_path, '"""Doc."""\nx = {"a": b}\n')

    assert [one.change.text for one in found] == ["'ax'"]


def test_a_change_is_taken_back_and_no_two_have_the_same_second(bench: Any, tmp_path: Path) -> None:
    one, *_ = mutants(bench, tmp_path, "x = 1\n")
    file = tmp_path / "a.py"
    before, seconds = file.stat(), set()

    for number in range(3):
        with bench.impact_mutants.applied(tmp_path, one, number):
            assert file.read_text(encoding="utf-8") == "x = 2\n"
            seconds.add(int(file.stat().st_mtime))

    assert len(seconds - {int(before.st_mtime)}) == 3
    assert file.read_text(encoding="utf-8") == "x = 1\n"
    assert file.stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize(
    "chosen", ["tests/test_a.py", "tests", "tests/test_a.py::A", "tests/test_a.py::A::b"]
)
def test_a_selector_may_name_folders_files_classes_or_tests(bench: Any, chosen: str) -> None:
    assert bench.impact_suites.holds({chosen}, "tests/test_a.py::A::b[1]")
    assert not bench.impact_suites.holds({chosen}, "other/test_a.py::B::b[1]")


def test_tests_that_a_selector_leaves_out_of_a_file_are_not_chosen(bench: Any) -> None:
    suite = bench.impact_suites.Baseline(("t.py::a", "t.py::b", "u.py::a"), 1.0, (), ())
    answer = bench.impact_selectors.Answer(frozenset({"t.py"}), left_out=frozenset({"t.py::b"}))

    assert answer.tests(suite) == ["t.py::a"]
    assert answer.others(suite) == ["t.py"], "a test that is new there runs"


def known(bench: Any, *failing: str, whole: bool = True) -> Any:
    return bench.impact.Known("killed", failing, whole)


@pytest.mark.parametrize(
    ("chosen", "failing", "caught"),
    [
        (None, "t.py::a", True),
        ((0,), "t.py::a", True),
        ((1,), "t.py::a", False),
        ((), "t.py::a", False),
        ((1,), "t.py", True),  # can't be collected any more
        ((2,), "t.py", False),
        ((1,), "t.py::b[new]", True),
        ((0,), "t.py::b[new]", False),
        ((0, "t.py"), "t.py::b[new]", True),
    ],
)
def test_caught_is_a_change_of_which_a_chosen_test_fails(
    bench: Any, chosen: tuple[int | str, ...] | None, failing: str, caught: bool
) -> None:
    suite = bench.impact_suites.Baseline(("t.py::a", "t.py::b[1]", "u.py::a"), 1.0, (), ())
    one = bench.impact.Bench(None, suite, None, None)

    tests = None if chosen is None else [number for number in chosen if isinstance(number, int)]
    others = [name for name in chosen or () if isinstance(name, str)]

    assert one.catches(bench.impact.Asked(tests, "", 0.0, others), known(bench, failing)) is caught


@pytest.mark.parametrize(
    ("chosen", "failing", "whole", "unsettled"),
    [((1,), "t.py::a", False, True), ((1,), "t.py::a", True, False), ((0, 1), "t.py::a", False, False)],
)
def test_slow_tests_run_only_where_they_alone_can_tell(
    bench: Any, chosen: tuple[int, ...], failing: str, whole: bool, unsettled: bool
) -> None:
    suite = bench.impact_suites.Baseline(("t.py::a", "t.py::slow"), 1.0, (), ("t.py::slow",))
    one = bench.impact.Bench(None, suite, None, None)
    asked = bench.impact.Asked(chosen, "", 0.0)

    assert one.is_unsettled(asked, known(bench, failing, whole=whole)) is unsettled


@pytest.fixture
def made_up(bench: Any, tmp_path: Path) -> Any:
    """A repository with two modules, of which one has a test, and this Python for its environment."""

    @dataclass(frozen=True)
    class Here(bench.impact_projects.Project):
        def python(self, environment: str = "") -> Path:
            return Path(sys.executable)

    about = bench.impact_projects.Released(version="1", sha256="", package="pkg", tests="tests")
    project = Here("made-up", about, tmp_path)
    for path, text in {
        "pkg/one.py": "def one() -> int:\n    return 1\n",
        "tests/test_one.py": "from pkg.one import one\n\n\ndef test_one() -> None:\n    assert one() == 1\n",
        "tests/test_no.py": "def test_no() -> None:\n    assert not 1\n",
        "pytest.ini": "[pytest]\npythonpath = .\n",
        ".gitignore": "__pycache__/\n.pytest_cache/\n",
    }.items():
        (project.root / path).parent.mkdir(parents=True, exist_ok=True)
        (project.root / path).write_text(text, encoding="utf-8")
    for words in (("init", "-q"), ("add", "--all"), ("commit", "-q", "-m", "released")):
        subprocess.run(["git", *words], cwd=project.root, env=project.env(), check=True)
    return project


def test_figures_come_from_failing_tests_and_a_later_run_goes_on(
    bench: Any, made_up: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    impact, selectors = bench.impact, bench.impact_selectors
    asked: list[str] = []

    def selector(name: str, *chosen: str) -> Any:
        def ask(_: Any, changed: str) -> Any:
            asked.append(f"{name} {changed}")
            return selectors.Answer(frozenset(chosen))

        return selectors.Selector(name, "1", lambda _: None, ask)

    both = [selector("good", "tests/test_one.py"), selector("bad", "tests/test_no.py")]

    def measured() -> list[Any]:
        suite = bench.impact_suites.baseline(made_up, runs=1)
        ledgers = [impact.Ledger(made_up.folder / f"{name}.jsonl") for name in ("changes", "answers")]
        return list(impact.measure(impact.Bench(made_up, suite, *ledgers), both, ["1"], 1))

    first = measured()
    figures = {one.selector: one for one in first if isinstance(one, impact.Figure)}

    assert (figures["good"].killed, figures["good"].caught, figures["good"].selected) == (1, 1.0, 1.0)
    assert (figures["bad"].caught, figures["bad"].selected) == (0.0, 0.0), "a test that fails anyway"
    assert asked == ["good pkg/one.py", "bad pkg/one.py"]
    assert not subprocess.check_output(["git", "status", "--porcelain"], cwd=made_up.root)

    monkeypatch.setattr(impact, "run_suite", None)
    shutil.rmtree(made_up.root / "tests")
    made_up.clean()
    assert measured() == first
    assert len(asked) == 2
