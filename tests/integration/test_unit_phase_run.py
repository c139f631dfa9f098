"""Phase 5 with real pytest, coverage and xdist: what the tests did, covered and left."""

import json
import os
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stand_in_tools import make_environment

NOTED = "noted which lines each test covers, so that later runs take fewer"
"""What the second run of all tests says."""
RUN, STAGE = "run_pytest_unit_with_coverage", "stage2_unit_tests"
ODD = """\
import pytest


@pytest.mark.parametrize("text", ["a::b", "<&>", "\\x00\\x1b", "\\ud800", "\\uffff", "ä b", "a/b[c]", ""])
def test_odd(text: str) -> None:
    raise ValueError(f"odd {text}")
"""


def _results(project) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in project.read("artifacts/tests/unit.jsonl").splitlines()]
    return [row for row in rows if row["event"] == "test"]


def _cases(project) -> list[ET.Element]:
    return ET.parse(project.root / "artifacts/reports/junit.xml").findall(".//testcase")


def _places(done) -> list[tuple[str, int]]:
    return [(f["path"], f["line"]) for f in done.atoms[RUN]["findings"]]


BAD_ASSERT = "from demo.words import shout\n\n\ndef test_bad() -> None:\n    x = 1\n    assert x == 2\n"
BAD_CALL = "from demo.words import shout\n\n\ndef test_none() -> None:\n    shout(None)\n"
HOOK = "def pytest_collection_modifyitems(items):\n    raise ValueError('boom')\n"
FIXTURE = "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef world():\n    raise OSError('no')\n"
CRASHES: dict[str, dict[str, tuple[str, tuple[str, int]]]] = {
    # What is written where, and the place that is to be named for it.
    "failing tests": {
        "tests/unit/test_assert.py": (BAD_ASSERT, ("tests/unit/test_assert.py", 6)),
        "tests/unit/test_source.py": (BAD_CALL, ("src/demo/words.py", 6)),
    },
    "tests that cannot be collected": {
        "tests/unit/test_import.py": ("\n\nimport no_such_module\n", ("tests/unit/test_import.py", 3)),
        "tests/unit/test_syntax.py": ("def broken(:\n    pass\n", ("tests/unit/test_syntax.py", 1)),
        "tests/unit/test_marker.py": (
            "import pytest\n\npytestmark = pytest.mark.nope\n",
            ("tests/unit/test_marker.py", 3),
        ),
    },
    "conftest that cannot be imported": {
        "tests/conftest.py": ("import sys\n\nimport no_such_module\n", ("tests/conftest.py", 3))
    },
    "conftest with a syntax error": {"tests/unit/conftest.py": ("x = (\n", ("tests/unit/conftest.py", 1))},
    "conftest hook that raises": {"tests/conftest.py": (HOOK, ("tests/conftest.py", 2))},
    "fixture that raises": {"tests/conftest.py": (FIXTURE, ("tests/conftest.py", 6))},
}


@pytest.mark.parametrize("name", CRASHES)
def test_a_red_suite_names_file_and_line_and_exits_1(real_green, name: str) -> None:
    for path, (text, _) in CRASHES[name].items():
        real_green.write(path, text)
    done = real_green.atomci("run", "unit", "--keep-going", "--json")
    assert done.code == 1, done.atoms[RUN]["reason"]
    assert done.statuses[RUN] == "fail"
    assert {place for _, place in CRASHES[name].values()} <= set(_places(done))
    assert done.statuses["stage2_unit_tests"] == "fail"
    tags = [child.tag for case in _cases(real_green) for child in case]
    assert sum(tag in ("failure", "error") for tag in tags) >= len(CRASHES[name])


def test_a_failing_test_shows_its_assertion_and_the_lines_around_it(real_sample) -> None:
    for name in "abcd":
        real_sample.write(f"tests/unit/test_{name}.py", BAD_ASSERT)
    done = real_sample.atomci("run", RUN, "--keep-going")
    assert (
        done.out.count("test_bad() -> None:\n                    x = 1\n            >       assert x == 2\n")
        == 3
    )
    assert len(re.findall(r"tests/unit/test_\w+\.py:6:1: error", done.out)) == 4


def test_a_file_that_cannot_be_collected_is_said_so_and_is_no_failed_test(real_sample) -> None:
    real_sample.write("tests/unit/conftest.py", "import no_such_module\n")
    done = real_sample.atomci("run", "unit", "--json")
    said = "tests/unit/conftest.py can't be imported: ModuleNotFoundError: No module named 'no_such_module'"
    assert [row["reason"].startswith(said) for name, row in done.atoms.items() if name in (RUN, STAGE)] == [
        True
    ] * 2


def test_a_missed_budget_names_the_lines_and_a_log_that_holds_them(green) -> None:
    green.write("src/demo/unused.py", "def unused() -> None:\n" + "    print()\n" * 20)
    done = green.atomci("run", "unit")
    assert "not covered: lines 2-21" in done.out
    (log,) = re.findall(r"first red: enforce_coverage_budget, log (\S+)", done.out)
    assert "coverage_report" in green.read(log)


def test_no_number_of_tests_is_said_before_they_are_counted(green) -> None:
    done = green.atomci("run", RUN, "--no-cache", "--json")
    planned = done.atoms["parallelize_unit_suite_optional"]
    assert (planned["examined"], planned["unit"]) == (3, "test files")
    assert (done.atoms[RUN]["examined"], done.atoms[RUN]["unit"]) == (3, "tests")


def test_the_first_failure_ends_the_suite_unless_told_otherwise(green) -> None:
    for name in ("prices", "rounding", "words"):
        green.append(f"tests/unit/test_{name}.py", "\n\ndef test_bad() -> None:\n    assert 0\n")
    done = green.atomci("run", RUN)
    assert green.json("artifacts/tests/unit.json")["counts"] == {"failed": 1, "passed": 1}
    assert "1 failed; the suite stopped on a failure: 2 of 6 tests ran; -k runs them all" in done.out
    green.atomci("run", RUN, "--keep-going")
    all_ran = green.json("artifacts/tests/unit.json")
    assert all_ran["counts"] == {"failed": 3, "passed": 3}
    assert (all_ran["complete"], all_ran["why_incomplete"]) == (True, "")


def test_coverage_is_kept_when_a_failure_ended_the_suite(real_green) -> None:
    real_green.append("tests/unit/test_rounding.py", "\n\ndef test_bad() -> None:\n    assert 0\n")
    done = real_green.atomci("run", "unit", "--json")
    assert done.code == 1
    assert done.statuses["export_junit_and_coverage_artifacts"] == "pass"
    assert done.statuses["enforce_coverage_budget"] == "skipped"
    root = ET.parse(real_green.root / "artifacts/reports/coverage.xml").getroot()
    lines = {c.get("name"): float(c.get("line-rate", 0)) for c in root.iter("class")}
    assert lines["rounding.py"] == 1.0
    assert lines["words.py"] < 1.0
    assert (real_green.root / "artifacts/reports/htmlcov/index.html").is_file()


def test_a_budget_that_is_missed_says_which_lines_and_branches_to_cover(real_green) -> None:
    real_green.append(
        "src/demo/words.py",
        "\n\ndef whisper(text: str) -> str:\n    if text:\n        return text.lower()\n    a = 1\n    b = a\n    return str(b)\n",
    )
    real_green.write("src/demo/unused.py", "".join(f"X{n} = {n}\n" for n in range(20)))
    real_green.replace("tests/unit/test_prices.py", "(0.0, 300), ", "")
    done = real_green.atomci("run", "unit", "--json")
    assert done.code == 1
    row = done.atoms["enforce_coverage_budget"]
    assert row["status"] == "fail"
    assert row["reason"].endswith("covered, budget 80 %")
    found = {finding["path"]: finding for finding in row["findings"]}
    assert found.keys() == {"src/demo/words.py", "src/demo/prices.py", "src/demo/unused.py"}
    assert found["src/demo/words.py"]["line"] == 10
    assert "lines 10-14" in found["src/demo/words.py"]["message"]
    assert "branches 8->10" in found["src/demo/prices.py"]["message"]
    assert "lines 1-20" in found["src/demo/unused.py"]["message"], "no test imports it"
    budget = real_green.json("artifacts/tests/coverage.json")
    assert budget["met"] is False
    assert {row["path"]: row["missing_lines"] for row in budget["files"]} == {
        "src/demo/prices.py": [10],
        "src/demo/unused.py": list(range(1, 21)),
        "src/demo/words.py": [10, 11, 12, 13, 14],
    }


@pytest.mark.parametrize("setting", ["", "fail_under = 0"])
def test_no_budget_is_vacuous_and_red(green, setting: str) -> None:
    green.replace("pyproject.toml", "fail_under = 80", setting)
    done = green.atomci("run", "unit", "--json")
    assert (done.code, done.statuses["enforce_coverage_budget"]) == (1, "vacuous")


def test_workers_are_planned_when_the_last_time_says_that_they_pay(real_green) -> None:
    budget = real_green.json("artifacts/tests/coverage.json")
    real_green.write("artifacts/tests/durations.json", '{"schema": "atomci/durations/1", "seconds": 100.0}')
    done = real_green.atomci("run", "unit", "--no-cache", "--json")
    assert done.code == 0
    cores = os.cpu_count() or 1
    assert real_green.json("artifacts/tests/parallel.json")["workers"] == (cores if cores > 1 else 0)
    assert (f"-n {cores}" in real_green.log(RUN)) is (cores > 1)
    assert sorted(row["nodeid"] for row in _results(real_green)) == sorted(
        {row["nodeid"] for row in _results(real_green)}
    )
    assert real_green.json("artifacts/tests/unit.json")["counts"] == {"passed": 4}
    # Coverage is whole with workers too.
    assert real_green.json("artifacts/tests/coverage.json") == budget
    assert real_green.git("status", "--short") == ""


def test_workers_keep_coverage_and_results_when_a_test_fails(real_green) -> None:
    real_green.write("artifacts/tests/durations.json", '{"schema": "atomci/durations/1", "seconds": 100.0}')
    real_green.append("tests/unit/test_words.py", "\n\ndef test_bad() -> None:\n    assert 0\n")
    done = real_green.atomci("run", "unit", "--json")
    assert done.code == 1
    assert ("tests/unit/test_words.py", 9) in _places(done)
    assert done.statuses["export_junit_and_coverage_artifacts"] == "pass"
    assert list(real_green.root.glob(".coverage*")) == []


def test_without_xdist_the_suite_runs_in_one_process_and_the_plan_is_skipped(sample, tmp_path) -> None:
    environment = make_environment(tmp_path / "env", without=["pytest_xdist"])
    done = sample.atomci("run", "unit", "--json", UV_PROJECT_ENVIRONMENT=str(environment))
    assert done.code == 0
    assert done.statuses["parallelize_unit_suite_optional"] == "skipped"
    assert done.atoms["parallelize_unit_suite_optional"]["reason"] == "pytest-xdist isn't installed"


def test_workers_chosen_by_the_project_are_left_alone(green) -> None:
    green.replace("pyproject.toml", 'addopts = ["--strict-markers"]', 'addopts = "--strict-markers -n 1"')
    green.write("artifacts/tests/durations.json", '{"schema": "atomci/durations/1", "seconds": 100.0}')
    done = green.atomci("run", RUN, "--json")
    assert "addopts choose" in done.atoms["parallelize_unit_suite_optional"]["reason"]
    assert " -n " not in green.log(RUN).partition("\n")[0]


KINDS = """\
import pytest


def test_passes() -> None: ...


@pytest.mark.skip(reason='why not')
def test_skipped() -> None: ...


@pytest.mark.xfail(reason='known')
def test_xfails() -> None:
    assert 0


def test_fails() -> None:
    assert 1 == 2, 'no'


@pytest.fixture
def bad():
    yield
    raise ValueError('late')


def test_errors_late(bad) -> None: ...
"""


@pytest.fixture(scope="module")
def attempts(real_reference, tmp_path_factory) -> tuple[Any, Any]:
    """A project after tests that end in every way and have odd names, and what their run said."""
    project = real_reference.copy(tmp_path_factory.mktemp("kinds") / "demo")
    project.write("tests/unit/test_kinds.py", KINDS)
    project.write("tests/unit/test_odd.py", ODD)
    return project, project.atomci("run", "unit", "--keep-going", "--json")


def _cases_of(project, file: str) -> list[ET.Element]:
    return [case for case in _cases(project) if case.get("file") == f"tests/unit/{file}"]


def test_junit_has_a_case_per_attempt_of_every_kind(attempts) -> None:
    project, _ = attempts
    own = _cases_of(project, "test_kinds.py")
    assert [(case.get("name"), [child.tag for child in case]) for case in own] == [
        ("test_passes", []),
        ("test_skipped", ["skipped"]),
        ("test_xfails", ["skipped"]),
        ("test_fails", ["failure"]),
        ("test_errors_late", []),
        ("test_errors_late", ["error"]),
    ]
    assert [[*case] for case in _cases_of(project, "test_rounding.py")] == [[]]
    (failing,) = [case for case in own if case.get("name") == "test_fails"]
    (failure,) = failing
    assert "no" in failure.get("message", "")
    assert "assert 1 == 2" in (failure.text or "")
    assert failing.get("line") == str(KINDS.splitlines().index("    assert 1 == 2, 'no'") + 1)


def test_odd_parameters_and_messages_are_kept(attempts) -> None:
    project, done = attempts
    assert done.code == 1
    assert sum(finding["path"] == "tests/unit/test_odd.py" for finding in done.atoms[RUN]["findings"]) == 8
    odd = [row for row in _results(project) if "test_odd" in row["nodeid"]]
    assert len(odd) == len({row["nodeid"] for row in odd}) == 8
    cases = _cases_of(project, "test_odd.py")
    assert len(cases) == 8
    assert all(case.get("name", "").startswith("test_odd[") for case in cases)


def test_a_run_again_is_a_case_of_its_own_and_always_shown_and_of_a_new_test_it_is_red(real_green) -> None:
    pytest.importorskip("pytest_rerunfailures")
    real_green.write(
        "tests/unit/test_flaky.py",
        "import pytest\n\nSEEN: list[int] = []\n\n\n"
        "@pytest.mark.flaky(reruns=2)\ndef test_flaky() -> None:\n    SEEN.append(1)\n    assert len(SEEN) > 1, 'once'\n",
    )
    new = real_green.atomci("run", "unit", "--json")
    flaky = "tests/unit/test_flaky.py::test_flaky"
    assert new[RUN] == (
        "fail",
        f"new and flaky, which no retry excuses: {flaky}; 1 passed on retry: {flaky}",
    )
    assert new.statuses["stage2_unit_tests"] == "fail"
    real_green.commit("no longer new")
    done = real_green.atomci("run", "unit", "--json")
    assert (done.code, done[RUN]) == (0, ("pass", f"1 passed on retry: {flaky}"))
    rows = [row for row in _results(real_green) if "flaky" in row["nodeid"]]
    assert [(row["outcome"], row["attempt"]) for row in rows] == [("rerun", 1), ("passed", 2)]
    tags = [[c.tag for c in case] for case in _cases(real_green) if case.get("name") == "test_flaky"]
    assert tags == [["rerunFailure"], []]
    assert real_green.json("artifacts/tests/unit.json")["counts"]["rerun"] == 1


def test_what_the_network_did_to_a_test_is_tried_again_where_the_project_says_so(real_green) -> None:
    real_green.append("pyproject.toml", "\n[tool.atomci.retries]\ntimes = 1\n")
    real_green.write(
        "tests/unit/test_flaky.py",
        "SEEN: list[int] = []\n\n\ndef test_flaky() -> None:\n    SEEN.append(1)\n"
        "    if len(SEEN) < 2:\n        raise ConnectionResetError('gone')\n",
    )
    real_green.commit("retries")
    flaky = "tests/unit/test_flaky.py::test_flaky"
    done = real_green.atomci("run", "unit", "--json")
    assert (done.code, done[RUN]) == (0, ("pass", f"{NOTED}; 1 passed on retry: {flaky}"))
    first, second = [row for row in _results(real_green) if "flaky" in row["nodeid"]]
    assert (first["outcome"], first["rerun_for"], first["line"]) == ("rerun", "network", 7)
    assert (second["outcome"], second["attempt"]) == ("passed", 2)
    again = real_green.atomci("run", "unit", "--json")
    assert (again[RUN], again.atoms[RUN]["cached"]) == (("pass", f"1 passed on retry: {flaky}"), False)


def _quarantine(project, test: str, days: int) -> str:
    until = f"{datetime.now(UTC).date() + timedelta(days=days)}"
    rows = f'test = "{test}"\nreason = "the clock"\nowner = "ada@example.com"\nuntil = {until}\n'
    project.write(".atomci/quarantine.toml", f"[[quarantine]]\n{rows}")
    return until


def test_a_quarantined_test_runs_fails_is_shown_and_is_no_red_until_its_last_day(real_green) -> None:
    test = "tests/unit/test_clock.py::test_midnight"
    real_green.write("tests/unit/test_clock.py", "def test_midnight() -> None:\n    assert 23 == 0\n")
    until = _quarantine(real_green, test, 9)
    real_green.commit("the clock")
    done = real_green.atomci("run", "local_ci", "--json")
    said = f"1 quarantined failed: {test} (ada@example.com, until {until})"
    assert (done.code, done[RUN]) == (0, ("pass", f"{NOTED}; {said}"))
    (row,) = [row for row in _results(real_green) if row["nodeid"] == test]
    assert (row["outcome"], row["line"], row["message"]) == ("quarantined", 2, "assert 23 == 0")
    (case,) = _cases_of(real_green, "test_clock.py")
    assert case[0].tag == "skipped"
    told = f"ada@example.com, until {until}, 9 days left: the clock"
    assert case[0].get("message") == f"quarantined ({told}): assert 23 == 0"
    assert real_green.json("artifacts/tests/unit.json")["quarantined"] == [
        f"{test} (ada@example.com, until {until})"
    ]
    assert (
        f"failed in quarantine: {test} (ada@example.com, until {until})"
        in real_green.atomci("check", RUN).out
    )
    answer = real_green.atomci("run", "local_ci_green", "--json")
    assert answer["local_ci_green"][0] == "pass"
    evidence = real_green.json("artifacts/done/local_ci.json")["evidence"]
    assert evidence[-1] == f"failed in quarantine: {test} (ada@example.com, until {until})"
    report = real_green.atomci("report", "--json")
    (shown,) = [row for row in json.loads(report.out)["tests"] if row["nodeid"] == test]
    assert (shown["outcome"], shown["quarantine"]["days_left"]) == ("quarantined", 9)
    assert f"Quarantined: `{test}` failed (ada@\u200bexample.com, until {until}, 9 days left: the clock)" in (
        real_green.atomci("report", "--markdown").out
    )
    diagnosed = real_green.atomci("run", "diagnostics", "--json")
    said_of_it = diagnosed["implement_checkpoint_and_retry_policies"][1].split("; ")[-1]
    assert said_of_it == f"{test} is quarantined (ada@example.com, 9 days left), and failed"

    _quarantine(real_green, test, -1)
    over = real_green.atomci("run", "unit", "--json")
    assert (over.code, over.statuses[RUN]) == (1, "fail")
    assert f"the quarantine of {test} expired on" in over[RUN][1]
    assert over.statuses[STAGE] == "fail"
    assert real_green.atomci("check", "implement_checkpoint_and_retry_policies").code == 1

    _quarantine(real_green, test.replace("midnight", "midnigth"), 9)
    lost = real_green.atomci("run", "unit", "--json")
    assert lost.statuses[RUN] == "fail"
    assert f"no test is called so: did you mean {test}?" in lost[RUN][1]


def test_a_suite_that_kills_its_interpreter_is_an_error_and_no_pass(real_green) -> None:
    real_green.append(
        "tests/unit/test_words.py", "\n\ndef test_ends() -> None:\n    import os\n\n    os._exit(0)\n"
    )
    done = real_green.atomci("run", "unit", "--json")
    assert done.code != 0
    assert done.statuses[RUN] != "pass"
    assert done.statuses["stage2_unit_tests"] != "pass"


def test_a_test_that_crashes_the_interpreter_is_named_and_red(real_green) -> None:
    real_green.append(
        "tests/unit/test_words.py", "\n\ndef test_ends() -> None:\n    import os\n\n    os.abort()\n"
    )
    line = len(real_green.read("tests/unit/test_words.py").splitlines())
    done = real_green.atomci("run", "unit", "--json")
    assert (done.code, done.statuses[RUN]) == (1, "fail")
    (finding,) = done.atoms[RUN]["findings"]
    assert (finding["path"], finding["line"]) == ("tests/unit/test_words.py", line)
    assert finding["message"] == "Fatal Python error: Aborted"
    assert done.statuses["stage2_unit_tests"] == "fail"


def test_events_of_tests_are_in_the_runs_log(real_reference) -> None:
    (run,) = real_reference.runs
    events = [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    tests = [row for row in events if row["event"] == "test"]
    assert [row["nodeid"] for row in tests] == [row["nodeid"] for row in _results(real_reference)]
    assert {row["outcome"] for row in tests} == {"passed"}
    assert ("tests/unit/test_words.py", 4) in {(row["path"], row["line"]) for row in tests}


def test_reports_lie_where_the_conventions_say(real_reference) -> None:
    for name in ("junit.xml", "coverage.xml", "htmlcov/index.html"):
        assert (real_reference.root / "artifacts/reports" / name).is_file()
    root = ET.parse(real_reference.root / "artifacts/reports/coverage.xml").getroot()
    assert float(root.get("line-rate", 0)) == 1.0
    assert int(root.get("branches-valid", 0)) == 2
