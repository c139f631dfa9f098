"""Which tests a cycle runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from atomci.artifacts.handed.testing import SelectedTest, Selection
from atomci.artifacts.handed.testing import TestResult as Result
from atomci.watch.cycle import Filter, cycle_of

EVERY = ["tests/a.py", "tests/b.py", "tests/c.py"]


@dataclass
class Suite:
    """Three files; `reached` with their reasons."""

    reached: dict[str, str] = field(default_factory=dict)
    mode: str = "impacted"
    files: list[str] = field(default_factory=lambda: EVERY)
    left_out: tuple[str, ...] = ()

    def reached_by(self, changed: Sequence[str] | None) -> Selection:
        tests = tuple(SelectedTest(path=path, reasons=(why,)) for path, why in self.reached.items())
        mode, left_out = self.mode, self.left_out
        return Selection(mode=mode, reason="so", changed=(), tests=tests, total=3, left_out=left_out)  # type: ignore[arg-type]

    @property
    def everything(self) -> Selection:
        return Selection(mode="full", reason="asked", changed=(), tests=(), total=3)


def failed(*nodeids: str) -> dict[str, Result]:
    return {nodeid: Result(nodeid=nodeid, outcome="failed") for nodeid in nodeids}


def test_what_changed_and_what_is_near_comes_before_what_is_far() -> None:
    far = "imports src/x.py through 2 other modules"
    suite = Suite({"tests/a.py": far, "tests/b.py": "imports src/x.py", "tests/c.py": "it changed"})
    assert cycle_of(suite, "impacted", ["src/x.py"], {}).files == ("tests/c.py", "tests/b.py", "tests/a.py")


def test_of_a_file_that_is_not_reached_only_the_failed_tests_run() -> None:
    cycle = cycle_of(Suite({"tests/a.py": "it changed"}), "impacted", ["x"], failed("tests/b.py::t"))
    assert (cycle.files, cycle.only, cycle.first) == (("tests/a.py",), ("tests/b.py",), ("tests/b.py::t",))


def test_a_file_that_could_not_be_collected_runs_whole() -> None:
    cycle = cycle_of(Suite(), "failed", ["x"], failed("tests/b.py", "tests/gone.py::t", "conftest.py"))
    assert (cycle.files, cycle.only, cycle.first) == (("tests/b.py",), (), ("tests/b.py",))


def test_of_all_tests_the_changed_files_come_first() -> None:
    cycle = cycle_of(Suite(mode="full"), "impacted", ["src/x.py", "tests/c.py"], failed("tests/b.py::t"))
    assert cycle.is_all
    assert cycle.first == ("tests/b.py::t", "tests/c.py")


def test_where_nothing_is_reached_only_what_failed_runs() -> None:
    suite = Suite(mode="none")
    assert cycle_of(suite, "impacted", ["README.md"], {}).is_empty
    assert cycle_of(suite, "impacted", ["src/x.py"], failed("tests/b.py::t")).only == ("tests/b.py",)


def test_where_nothing_changed_nothing_is_asked_of_the_selection() -> None:
    suite = Suite(mode="full")
    assert cycle_of(suite, "impacted", [], {}).is_empty
    assert cycle_of(suite, "impacted", [], failed("tests/b.py::t")).only == ("tests/b.py",)
    assert cycle_of(suite, "impacted", None, {}).is_all


def test_tests_whose_result_stands_are_left_out_unless_they_failed() -> None:
    suite = Suite(dict.fromkeys(EVERY, "it changed"), left_out=("tests/a.py::t", "tests/b.py::t"))
    cycle = cycle_of(suite, "impacted", ["src/x.py"], failed("tests/b.py::t"))
    assert (cycle.left_out, cycle.is_all) == (("tests/a.py::t",), False)


def test_a_pattern_is_a_regular_expression_or_else_its_text() -> None:
    assert Filter(path="[AB].py$").files(EVERY) == ("tests/a.py", "tests/b.py")
    assert Filter(path="[").files(["tests/[x].py", "tests/a.py"]) == ("tests/[x].py",)
    cycle = cycle_of(Suite(), "matching", ["x"], failed("tests/b.py::t"), Filter("a", "slow or not"))
    assert (cycle.files, cycle.keyword, cycle.settles) == (("tests/a.py",), "slow or not", False)
