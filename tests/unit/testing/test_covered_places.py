"""Which lines run between two moments, by a coverage that is made up."""

import sys
from types import SimpleNamespace

import pytest

from atomci.testing.observation.covered import Covered


class Data:
    """A file of coverage's data."""

    def __init__(self) -> None:
        self.kept: dict[str, list[object]] = {}

    def add_arcs(self, found) -> None:
        for name, marks in found.items():
            self.kept.setdefault(name, []).extend(marks)

    def add_lines(self, found) -> None:
        self.add_arcs(found)

    def write(self) -> None:
        """Nothing is left to do."""


@pytest.fixture
def running(monkeypatch):
    """A coverage that measures, and what has run since it was asked."""

    class Running:
        def __init__(self, kind) -> None:
            self.data, self.ran, self.finished = kind(), {}, 0

        def switch_context(self, _) -> None:
            if self.ran:
                self.data.add_arcs(self.ran)
                self.ran = {}

        def _post_save_work(self) -> None:
            self.finished += 1

    kind = type("Kind", (Data,), dict(vars(Data)))
    found = Running(kind)
    coverage = SimpleNamespace(Coverage=SimpleNamespace(current=lambda: found), CoverageData=kind)
    monkeypatch.setitem(sys.modules, "coverage", coverage)
    monkeypatch.delattr(sys, "monitoring", raising=False)
    monkeypatch.delenv(
        "PYTEST_XDIST_WORKER", raising=False
    )  # which says that this coverage doesn't count yet
    return found


def test_what_ran_is_told_once_for_each_stretch_and_kept_back_until_coverage_saves(running, tmp_path) -> None:
    covered = Covered(f"{tmp_path.resolve()}/")
    running.ran = {"src/a.py": [(-1, 1), (1, -1)]}
    assert covered.take() == {"src/a.py": 0b11}
    assert running.data.kept == {}
    running.ran = {"src/a.py": [(1, -1), (1, 2)]}
    assert covered.take() == {"src/a.py": 0b110}
    assert covered.take() == {}
    running.data.write()
    assert running.data.kept == {"src/a.py": [(-1, 1), (1, -1), (1, 2)]}
    assert running.finished == 1
    assert covered.as_dict() == {"marks": {"src/a.py": [(-1, 1), (1, -1), (1, 2)]}, "abroad": ""}


def test_what_coverage_saves_by_itself_has_what_was_kept_back(running, tmp_path) -> None:
    covered = Covered(f"{tmp_path.resolve()}/")
    running.ran = {"a.py": [(1, 2)]}
    covered.take()
    running.data.add_arcs({"a.py": [(2, 3)]})
    running.data.write()
    assert (2, 3) in running.data.kept["a.py"]
    assert (1, 2) in running.data.kept["a.py"]
    assert running.finished == 0


def test_the_data_of_a_coverage_that_a_test_starts_is_its_own(running, tmp_path) -> None:
    covered = Covered(f"{tmp_path.resolve()}/")
    running.ran = {"a.py": [(1, 2)]}
    covered.take()
    other = type(running.data)()
    other.add_arcs({"b.py": [(5, 6)]})
    assert other.kept == {"b.py": [(5, 6)]}
    assert covered.take() == {}


def test_a_file_that_is_not_the_projects_is_told(running, tmp_path) -> None:
    covered = Covered(f"{tmp_path.resolve()}/")
    running.ran = {str(tmp_path.parent / "elsewhere.py"): [(1, 2)]}
    covered.take()
    assert covered.as_dict()["abroad"]


@pytest.mark.parametrize("tool", ["coverage.py", "another"])
def test_a_coverage_that_tells_each_line_once_only_is_let_alone(running, tmp_path, monkeypatch, tool) -> None:
    """By sys.monitoring, which is the default from Python 3.14 on."""
    tools = {1: tool}
    monkeypatch.setattr(sys, "monitoring", SimpleNamespace(get_tool=tools.get), raising=False)
    running.ran = {"a.py": [(1, 2)]}
    noted = Covered(f"{tmp_path.resolve()}/").take()
    assert bool(noted) is (tool == "another")


def test_a_coverage_that_finishes_in_another_way_is_let_alone(running, tmp_path, monkeypatch) -> None:
    monkeypatch.delattr(type(running), "_post_save_work")
    running.ran = {"a.py": [(1, 2)]}
    assert Covered(f"{tmp_path.resolve()}/").take() == {}
