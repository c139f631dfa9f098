"""Shards and slow tests with real pytest and coverage: together they are the whole run, to the line."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

RUN, BUDGET = "run_pytest_unit_with_coverage", "enforce_coverage_budget"
COUNT = 3
WIDE = """\
import pytest

from demo.wide import kind, sign

SET_UP: list[str] = []


@pytest.fixture(scope="module")
def once() -> str:
    SET_UP.append("once")
    return "once"


class TestSign:
    def test_more(self, once: str) -> None:
        assert sign(1) == 1

    def test_less(self, once: str) -> None:
        assert sign(-1) == -1
        assert SET_UP == ["once"]


@pytest.mark.parametrize("text", ["a::b", "x[1]", "", "ä"])
def test_kind(text: str) -> None:
    assert kind(text) == ("text" if text else "none")


@pytest.mark.skip(reason="why not")
def test_skipped() -> None: ...
"""
SOURCE = '''\
"""Wide."""


def sign(number: int) -> int:
    """Of a number."""
    if number > 0:
        return 1
    if number < 0:
        return -1
    return 0


def kind(text: str) -> str:
    """Of a text."""
    if text:
        return "text"
    return "none"


def unused() -> int:
    """Only a slow test calls it."""
    return 1


def never() -> int:
    """Nobody calls it."""
    return 1
'''
SLOW = """\
import pytest

from demo.wide import sign, unused


@pytest.mark.slow
def test_slow() -> None:
    assert sign(0) == 0
    assert unused() == 1


def test_fast() -> None: ...
"""


def prepared(project: Any, count: int = COUNT) -> Any:
    """A project with more tests, a slow one among them, and shards."""
    project.write("src/demo/wide.py", SOURCE)
    project.write("tests/unit/test_wide.py", WIDE)
    project.write("tests/unit/test_slow.py", SLOW)
    markers = 'addopts = ["--strict-markers"]\nmarkers = ["slow: takes seconds"]'
    project.replace("pyproject.toml", 'addopts = ["--strict-markers"]', markers)
    project.append("pyproject.toml", f"\n[tool.atomci.shards]\ncount = {count}\n")
    project.append(".gitignore", "/kept/\n")  # else it is a change that selects tests
    project.commit()
    return project


@pytest.fixture
def project(real_sample) -> Any:
    return prepared(real_sample)


def kept(project: Any, number: int, *words: str, targets: tuple[str, ...] = (RUN,), **env: str) -> Any:
    """Run a shard and keep what it left, as an upload of artifacts/ does; nothing else of it stays."""
    done = project.atomci("run", *targets, "--shard", f"{number}/{COUNT}", *words, "--json", **env)
    shutil.copytree(project.root / "artifacts", project.root / f"kept/unit-shard{number}")
    shutil.rmtree(project.root / "artifacts")
    return done


def ids(junit: Path) -> list[tuple[str | None, str | None]]:
    return sorted((case.get("file"), case.get("name")) for case in ET.parse(junit).iter("testcase"))


def ran(folder: Path) -> list[str]:
    """Node ids of what a run in this artifacts/ recorded."""
    rows = (folder / "tests/unit.jsonl").read_text(encoding="utf-8").splitlines()
    events = map(json.loads, rows)
    return sorted(event["nodeid"] for event in events if event["event"] == "test")


def lines(report: Path) -> list[tuple[str | None, ...]]:
    """Every line of a coverage report with its hits and branches."""
    keys = ("number", "hits", "condition-coverage", "missing-branches")
    return sorted(
        (row.get("filename"), *(line.get(key) for key in keys))
        for row in ET.parse(report).iter("class")
        for line in row.iter("line")
    )


def reports(project: Any) -> tuple[Any, Any, Any]:
    """Of the last run: its test ids, the lines of its coverage, and the budget's verdict."""
    folder = project.root / "artifacts/reports"
    budget = project.json("artifacts/tests/coverage.json")
    return ids(folder / "junit.xml"), lines(folder / "coverage.xml"), budget


@dataclass(frozen=True)
class Whole:
    """What a run of the whole suite left."""

    reports: tuple[Any, Any, Any]
    counts: dict[str, int]
    durations: dict[str, Any]


@pytest.fixture(scope="module")
def whole_and_shards(_pristine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Whole, Any]:
    """The whole run, and the project after all its shards have run; don't write into it."""
    project = prepared(_pristine.copy(tmp_path_factory.mktemp("shards") / "demo"))
    assert project.atomci("run", "unit").code == 0
    counts = project.json("artifacts/tests/unit.json")["counts"]
    whole = Whole(reports(project), counts, project.json("artifacts/tests/durations.json"))
    project.delete("artifacts")
    for number in range(1, COUNT + 1):
        done = kept(project, number, targets=("unit",))
        assert (done.code, done.statuses[BUDGET]) == (0, "skipped"), done.out + done.err
        assert f"only shard {number} of {COUNT} ran" in done.atoms[BUDGET]["reason"]
    return whole, project


@pytest.fixture
def whole(whole_and_shards) -> Whole:
    return whole_and_shards[0]


@pytest.fixture
def shared(whole_and_shards) -> Any:
    """The project after all its shards have run; don't write into it."""
    return whole_and_shards[1]


@pytest.fixture
def sharded(shared, tmp_path: Path) -> Any:
    """A copy, to break."""
    return shared.copy(tmp_path / "sharded")


def summary(project: Any, number: int) -> Any:
    return project.json(f"kept/unit-shard{number}/tests/unit.json")


def change(project: Any, number: int, edit: Any) -> None:
    """Edit the summary that a shard left."""
    path = f"kept/unit-shard{number}/tests/unit.json"
    found = project.json(path)
    edit(found["portion"])
    project.write(path, json.dumps(found))


def test_shards_together_are_the_whole_run_in_tests_coverage_and_budget(sharded, whole: Whole) -> None:
    parts = [ids(sharded.root / f"kept/unit-shard{n}/reports/junit.xml") for n in range(1, COUNT + 1)]

    together = sharded.atomci("run", "unit", "--shards-from", "kept", "--json")

    assert (together.code, together.statuses[BUDGET], together.cached) == (0, "pass", set())
    assert all(parts)
    assert sorted(case for part in parts for case in part) == whole.reports[0]
    assert reports(sharded) == whole.reports
    assert sharded.json("artifacts/tests/unit.json")["counts"] == whole.counts
    assert sharded.git("status", "--short") == ""


def test_a_combined_budget_that_is_missed_is_red_as_a_whole_runs_is(sharded, whole: Whole) -> None:
    sharded.replace("pyproject.toml", "fail_under = 80", "fail_under = 100")

    together = sharded.atomci("run", "unit", "--shards-from", "kept", "--json")

    assert (together.code, together.statuses[BUDGET]) == (1, "fail")
    assert [f["path"] for f in together.atoms[BUDGET]["findings"]] == ["src/demo/wide.py"]
    assert reports(sharded)[2] == whole.reports[2] | {"budget": 100.0, "met": False}


def test_the_settings_that_pytest_names_say_which_folders_are_one(sharded, whole: Whole) -> None:
    import coverage

    path = sharded.root / "kept/unit-shard3/tests/coverage.data"
    here = coverage.CoverageData(str(path))
    here.read()
    arcs = {file.replace("src/", "/elsewhere/lib/"): here.arcs(file) or [] for file in here.measured_files()}
    path.unlink()
    elsewhere = coverage.CoverageData(str(path))
    elsewhere.add_arcs(arcs)
    elsewhere.write()
    paths = "[paths]\none = src/\n  /elsewhere/lib/\n"
    settings = f"[run]\nbranch = true\nrelative_files = true\n{paths}[report]\nfail_under = 80\n"
    sharded.write("own.ini", settings)
    sharded.replace("pyproject.toml", '"--strict-markers"]', '"--strict-markers", "--cov-config=own.ini"]')

    together = sharded.atomci("run", "unit", "--shards-from", "kept", "--json")

    assert together.statuses[BUDGET] == "pass", together.out
    assert reports(sharded)[:2] == whole.reports[:2]
    combined = coverage.CoverageData(str(sharded.root / "artifacts/tests/coverage.data"))
    combined.read()
    assert not [file for file in combined.measured_files() if "elsewhere" in file]


def test_a_shard_says_what_it_left_out_and_runs_by_the_variable_too(project) -> None:
    done = project.atomci("run", RUN, "stage2_unit_tests", "--json", ATOMCI_SHARD=f"2/{COUNT}")

    assert done.code == 0, done.out
    assert done.atoms[RUN]["reason"] == f"only shard 2 of {COUNT} ran"
    told = project.json("artifacts/tests/unit.json")
    assert (told["complete"], told["portion"]["shard"]) == (False, 2)
    assert not (project.root / "artifacts/tests/durations.json").exists()
    assert project.json("artifacts/stages/unit_tests.json")["status"] == "pass"
    row = json.loads(project.atomci("check", RUN, "--json").out)["atoms"][0]
    assert f"only shard 2 of {COUNT} ran" in row["evidence"]
    # What ran as a shard is not taken over for the whole suite.
    assert project.atomci("run", RUN, "--json").atoms[RUN]["examined"] > told["counts"]["passed"]


def test_recorded_durations_divide_the_suite(project, whole: Whole) -> None:
    recorded = whole.durations
    assert set(recorded["tests"]) == {f"{file}::{name}" for file, name in whole.reports[0]}
    assert recorded["seconds"] == pytest.approx(sum(recorded["tests"].values()))
    longest = "tests/unit/test_words.py::test_shout"
    tests = dict.fromkeys(recorded["tests"], 0.01) | {longest: 50.0}
    project.write("tests/durations.json", json.dumps({**recorded, "tests": tests}))
    project.append("pyproject.toml", 'durations = "tests/durations.json"\n')

    assert kept(project, 1).code == 0

    assert summary(project, 1)["portion"]["ids"] == [longest]


def test_workers_take_the_same_shard(project) -> None:
    project.replace("pyproject.toml", 'addopts = ["--strict-markers"]', 'addopts = "--strict-markers -n 2"')

    done = kept(project, 1)

    assert done.code == 0, done.out
    portion = summary(project, 1)["portion"]
    assert 0 < len(portion["ids"]) < len(portion["suite"])
    assert ran(project.root / "kept/unit-shard1") == sorted(portion["ids"])


def test_shards_divide_the_tests_that_were_selected(project) -> None:
    project.append("tests/unit/test_words.py", "\n\ndef test_again() -> None: ...\n")
    project.append("tests/unit/test_rounding.py", "\n\ndef test_again() -> None: ...\n")

    done = [kept(project, number, "--since", "HEAD") for number in range(1, COUNT + 1)]

    assert [row.code for row in done] == [0, 0, 0]
    assert [row.statuses[RUN] for row in done] == ["pass", "pass", "skipped"]
    assert "no test is left to run" in done[2].atoms[RUN]["reason"]
    assert {test.split("::")[0] for n in (1, 2, 3) for test in summary(project, n)["portion"]["ids"]} == {
        "tests/unit/test_words.py",
        "tests/unit/test_rounding.py",
    }
    together = project.atomci("run", "unit", "--shards-from", "kept", "--json")
    assert (together.code, together.statuses[BUDGET]) == (0, "skipped")
    assert "only impacted tests ran" in together.atoms[BUDGET]["reason"]
    assert project.json("artifacts/tests/unit.json")["counts"] == {"passed": 4}


def test_when_nothing_is_selected_all_shards_and_what_judges_them_are_skipped(sample) -> None:
    project = prepared(sample)
    done = [kept(project, number, "--since", "HEAD") for number in range(1, COUNT + 1)]

    together = project.atomci("run", "unit", "--shards-from", "kept", "--json")

    assert [row.statuses[RUN] for row in (*done, together)] == ["skipped"] * (COUNT + 1)
    assert together.code == 0


def test_a_shard_with_a_failing_test_makes_the_whole_red(sharded) -> None:
    failing = "tests/unit/test_words.py"
    (number,) = [
        n for n in range(1, COUNT + 1) if f"{failing}::test_shout" in summary(sharded, n)["portion"]["ids"]
    ]
    sharded.replace(failing, '"HEY!"', '"HEY?"')
    sharded.delete(f"kept/unit-shard{number}")
    assert kept(sharded, number).code == 1

    together = sharded.atomci("run", "unit", "--shards-from", "kept", "--json")

    assert (together.code, together.statuses[RUN]) == (1, "fail")
    assert [f["path"] for f in together.atoms[RUN]["findings"]] == [failing]
    assert together.statuses["stage2_unit_tests"] == "fail"
    # It is the last of its shard, so that all ran and the total is known.
    assert sharded.json("artifacts/tests/unit.json")["complete"] is True


def test_what_a_shard_objects_to_and_what_is_quarantined_there_is_told_of_the_whole(sharded) -> None:
    path = "kept/unit-shard1/tests/unit.json"
    objection = "new and flaky, which no retry excuses: tests/unit/test_words.py::test_shout"
    sharded.write(path, json.dumps({**summary(sharded, 1), "objections": [objection]}))

    together = sharded.atomci("run", "unit", "--shards-from", "kept", "--json")

    assert (together.code, together.statuses[RUN]) == (1, "fail")
    assert together[RUN][1].startswith(f"{objection}; all {COUNT} shards together")
    assert together.statuses["stage2_unit_tests"] == "fail"


def test_a_shard_that_stopped_on_a_failure_leaves_the_total_unknown(sharded) -> None:
    failing = "tests/unit/test_wide.py"
    numbers = [
        n
        for n in range(1, COUNT + 1)
        if any("TestSign" in test for test in summary(sharded, n)["portion"]["ids"])
    ]
    sharded.replace(failing, "sign(1) == 1", "sign(1) == 2")
    sharded.replace(failing, "sign(-1) == -1", "sign(-1) == 2")
    for number in numbers:
        sharded.delete(f"kept/unit-shard{number}")
        assert kept(sharded, number).code == 1

    together = sharded.atomci("run", "unit", "--shards-from", "kept", "--json")

    assert (together.statuses[RUN], together.statuses[BUDGET]) == ("fail", "skipped")
    assert "the suite stopped on a failure" in together.atoms[BUDGET]["reason"]


SKIPPED = "\n\nimport pytest\n\npytestmark = pytest.mark.skip(reason='not here')\n"


def test_a_shard_whose_tests_are_all_skipped_is_no_shard_of_a_suite_that_is(real_sample) -> None:
    real_sample.append("pyproject.toml", "\n[tool.atomci.shards]\ncount = 3\n")
    real_sample.append("tests/unit/test_words.py", SKIPPED)

    done = [kept(real_sample, number) for number in (1, 2, 3)]

    assert [row.code for row in done] == [0, 0, 0]
    assert [row.statuses[RUN] for row in done] == ["pass", "pass", "skipped"]
    assert done[2].atoms[RUN]["reason"] == "every test was skipped: only shard 3 of 3 ran"
    together = real_sample.atomci("run", "unit", "--shards-from", "kept", "--json")
    assert (together.code, together.statuses[RUN]) == (0, "pass")
    assert real_sample.json("artifacts/tests/unit.json")["counts"] == {"passed": 3, "skipped": 1}

    for number in (1, 2):
        path = f"kept/unit-shard{number}/tests/unit.jsonl"
        real_sample.replace(path, '"passed"', '"skipped"')
    empty = real_sample.atomci("run", "unit", "--shards-from", "kept", "--json")
    assert (empty.code, empty.statuses[RUN]) == (1, "vacuous")


def test_a_gate_over_shards_that_are_not_whole_is_not_green(sharded, sample) -> None:
    sharded.delete("kept/unit-shard2")

    done = sharded.atomci("run", "local_ci", "--shards-from", "kept", **sample.env)

    assert done.code != 0
    assert sharded.json("artifacts/gate.json")["verdict"] == "broken"


def lose(path: str) -> Any:
    return lambda project: project.delete(f"kept/{path}")


def drop_result(project: Any) -> None:
    path = "kept/unit-shard1/tests/unit.jsonl"
    project.write(path, "".join(project.read(path).splitlines(keepends=True)[1:]))


def statements_only(project: Any) -> None:
    """A shard that measured no branches."""
    import coverage

    path = project.root / "kept/unit-shard3/tests/coverage.data"
    path.unlink()
    data = coverage.CoverageData(str(path))
    data.add_lines({"src/demo/wide.py": [1]})
    data.write()


def drop_everywhere(project: Any) -> None:
    """A test that was collected and that no shard holds."""
    for number in range(1, COUNT + 1):
        change(project, number, lambda portion: portion["suite"].append("tests/unit/test_new.py::test_new"))


BROKEN = {
    "a shard is missing": (lose("unit-shard2"), "shard 2 of 3 left nothing"),
    "all are missing": (lose("unit-shard1/tests"), "shard 1 of 3 left nothing"),
    "a shard is there twice": (
        lambda p: shutil.copytree(p.root / "kept/unit-shard1", p.root / "kept/again"),
        "shard 1 of 3 is there twice",
    ),
    "another count": (
        lambda p: change(p, 2, lambda portion: portion.update(count=4)),
        "unit-shard2 is one of 4 shards, not of 3",
    ),
    "another commit": (lambda p: p.commit("later"), "unit-shard1 ran on"),
    "not a shard": (
        lambda p: p.write(
            "kept/unit-shard2/tests/unit.json",
            '{"schema": "atomci/tests/1", "counts": {}, "complete": true}',
        ),
        "unit-shard2 has no shard's results",
    ),
    "different suites": (
        lambda p: change(p, 3, lambda portion: portion["suite"].append("tests/unit/test_new.py::test_new")),
        "collected different suites: tests/unit/test_new.py::test_new is in one only",
    ),
    "a test that no shard holds": (drop_everywhere, "tests/unit/test_new.py::test_new: in no shard"),
    "a test in two shards": (
        lambda p: change(p, 2, lambda portion: portion["ids"].extend(summary(p, 1)["portion"]["ids"])),
        "in more than one shard",
    ),
    "a result is missing": (drop_result, "unit-shard1 has no result of"),
    "coverage is missing": (lose("unit-shard3/tests/coverage.data"), "unit-shard3 has no coverage"),
    "coverage is broken": (
        lambda p: p.write("kept/unit-shard3/tests/coverage.data", "no database"),
        "Couldn't use data file",
    ),
    "coverage of another kind": (statements_only, "Can't combine"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_the_whole_suite_is_an_error(sharded, name: str) -> None:
    damage, said = BROKEN[name]
    damage(sharded)

    done = sharded.atomci("run", "unit", "--shards-from", "kept", "--json")

    assert (done.code, done.statuses[RUN]) == (3, "error")
    assert said in done.atoms[RUN]["reason"]
    assert done.statuses[BUDGET] != "pass"
    assert sharded.json("artifacts/stages/unit_tests.json")["status"] != "pass"


def test_a_folder_without_shards_is_an_error(project) -> None:
    (project.root / "kept").mkdir()

    done = project.atomci("run", RUN, "--shards-from", "kept", "--json")

    assert (done.code, done.statuses[RUN]) == (3, "error")
    assert "holds no */tests/unit.json" in done.atoms[RUN]["reason"]


@pytest.mark.parametrize(
    ("words", "variable", "said"),
    [
        (("--shard", "2"), "", "'2' isn't I/N"),
        (("--shard", "2/x"), "", "'2/x' isn't I/N"),
        (("--shard", "0/3"), "", "there is no shard 0 of 3"),
        (("--shard", "4/3"), "", "there is no shard 4 of 3"),
        (("--shard", "1/4"), "", "there are 3 shards in [tool.atomci.shards]"),
        ((), "4/3", "there is no shard 4 of 3"),
        ((), "-1/3", "isn't I/N"),
        (("--shard", "1/3", "--shards-from", "src"), "", "give one of them"),
        (("--shards-from", "nowhere"), "", "'nowhere' does not exist"),
    ],
)
def test_a_bad_shard_is_a_usage_error_and_runs_nothing(
    project, words: tuple[str, ...], variable: str, said: str
) -> None:
    done = project.atomci("run", "unit", *words, ATOMCI_SHARD=variable)

    assert done.code == 2
    assert said in done.err
    assert not (project.root / "artifacts").exists()


def test_broken_durations_are_told_before_a_test_runs(project) -> None:
    project.append("pyproject.toml", 'durations = "tests/durations.json"\n')
    project.write("tests/durations.json", "{")

    done = project.atomci("run", RUN, "--shard", "1/3", "--json")

    assert (done.code, done.statuses[RUN]) == (3, "error")
    assert "durations.json" in done.atoms[RUN]["reason"]


# --- Slow tests ---------------------------------------------------------------------------------


def test_slow_tests_are_left_out_on_pull_requests_and_said_to_be(project) -> None:
    done = project.atomci("run", "unit", "--json", GITHUB_EVENT_NAME="pull_request")

    assert done.code == 0
    assert done.atoms[RUN]["reason"] == "1 slow test was left out on pull_request; 1 skipped"
    assert of_slow_file(project) == ["test_fast"]
    assert done.statuses[BUDGET] == "skipped"
    assert "1 slow test was left out" in done.atoms[BUDGET]["reason"]
    assert not (project.root / "artifacts/tests/durations.json").exists()
    # The pass of a pull request isn't taken for one of the whole suite.
    after = project.atomci("run", "unit", "--json", GITHUB_EVENT_NAME="push")
    assert (after.code, RUN in after.cached, after.statuses[BUDGET]) == (0, False, "pass")
    assert of_slow_file(project) == ["test_fast", "test_slow"]


def of_slow_file(project: Any) -> list[str]:
    """Which of its two tests ran."""
    return [test.partition("::")[2] for test in ran(project.root / "artifacts") if "test_slow.py" in test]


def leaves_slow_tests_out(project: Any, event: str) -> bool:
    """Whether the command that it would run says so."""
    shown = project.atomci("run", RUN, "--dry-run", GITHUB_EVENT_NAME=event)
    assert "-m pytest tests/unit" in shown.out
    return "_WITHOUT=slow " in shown.out


@pytest.mark.parametrize(
    "event", ["pull_request", "", "push", "schedule", "merge_group", "workflow_dispatch"]
)
def test_slow_tests_run_everywhere_else(sample, event: str) -> None:
    assert leaves_slow_tests_out(prepared(sample), event) is (event == "pull_request")


@pytest.mark.parametrize(
    ("table", "event", "runs"),
    [("[]", "pull_request", True), ('["local"]', "", False), ('["local"]', "pull_request", True)],
)
def test_where_slow_tests_run_is_the_projects_choice(sample, table: str, event: str, runs: bool) -> None:
    sample.append("pyproject.toml", f"\n[tool.atomci.slow]\nskip_on = {table}\n")

    assert leaves_slow_tests_out(sample, event) is not runs


def test_without_slow_tests_a_pull_request_judges_the_budget(project) -> None:
    project.replace("tests/unit/test_slow.py", "@pytest.mark.slow\n", "")

    done = project.atomci("run", "unit", "--json", GITHUB_EVENT_NAME="pull_request")

    assert (done.code, done.statuses[BUDGET]) == (0, "pass")


def test_a_suite_of_slow_tests_only_is_skipped_on_pull_requests(real_sample) -> None:
    real_sample.replace(
        "pyproject.toml", "[tool.coverage.run]", 'markers = ["slow: x"]\n\n[tool.coverage.run]'
    )
    for name in ("prices", "rounding", "words"):
        real_sample.append(
            f"tests/unit/test_{name}.py", "\n\nimport pytest\n\npytestmark = pytest.mark.slow\n"
        )

    done = real_sample.atomci("run", "unit", "--json", GITHUB_EVENT_NAME="pull_request")

    assert (done.code, done.statuses[RUN]) == (0, "skipped")
    assert "4 slow tests were left out" in done.atoms[RUN]["reason"]


def test_shards_of_a_pull_request_leave_slow_tests_out_together(project) -> None:
    for number in range(1, COUNT + 1):
        assert kept(project, number, GITHUB_EVENT_NAME="pull_request").code == 0

    done = project.atomci("run", "unit", "--shards-from", "kept", "--json", GITHUB_EVENT_NAME="pull_request")

    assert (done.code, done.statuses[RUN], done.statuses[BUDGET]) == (0, "pass", "skipped")
    assert "1 slow test was left out" in done.atoms[RUN]["reason"]
    assert of_slow_file(project) == ["test_fast"]
