"""Phase 5 with real pytest, coverage and xdist: what the tests did, covered and left."""

import json
import os
import xml.etree.ElementTree as ET
from typing import Any

import pytest

RUN = "run_pytest_unit_with_coverage"
ODD = """\
import pytest


@pytest.mark.parametrize("text", ["a::b", "<&>", "\\x00\\x1b", "\\ud800", "\\uffff", "ä b", "a/b[c]", ""])
def test_odd(text: str) -> None:
    raise ValueError(f"odd {text}")
"""


def _results(project) -> list[dict[str, Any]]:
    return [json.loads(line) for line in project.read("artifacts/tests/unit.jsonl").splitlines()]


def _cases(project) -> list[ET.Element]:
    return ET.parse(project.root / "artifacts/reports/junit.xml").findall(".//testcase")


def _places(done) -> list[tuple[str, int]]:
    return [(f["path"], f["line"]) for f in done.atoms[RUN]["findings"]]


CRASHES = {
    "failing test": (
        "tests/unit/test_words.py",
        "\n\ndef test_bad() -> None:\n    x = 1\n    assert x == 2\n",
        0,
    ),
    "failure in the source": (
        "tests/unit/test_words.py",
        "\n\ndef test_bad() -> None:\n    shout(None)  # type: ignore[arg-type]\n",
        ("src/demo/words.py", 6),
    ),
    "import that fails": ("tests/unit/test_words.py", "\n\nimport no_such_module\n", 0),
    "syntax error": ("tests/unit/test_words.py", "\n\ndef broken(:\n    pass\n", -1),
    "unknown marker": ("tests/unit/test_words.py", "\n\nimport pytest\n\npytestmark = pytest.mark.nope\n", 0),
    "conftest that cannot be imported": ("tests/conftest.py", "import sys\n\nimport no_such_module\n", 0),
    "conftest with a syntax error": ("tests/unit/conftest.py", "x = (\n", None),
    "conftest hook that raises": (
        "tests/conftest.py",
        "def pytest_collection_modifyitems(items):\n    raise ValueError('boom')\n",
        0,
    ),
    "fixture that raises": (
        "tests/conftest.py",
        "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef world():\n    raise OSError('no')\n",
        0,
    ),
}


@pytest.mark.parametrize("name", CRASHES)
def test_a_red_suite_names_file_and_line_and_exits_1(green, name: str) -> None:
    path, text, line = CRASHES[name]
    green.write(path, (green.read(path) if (green.root / path).is_file() else "") + text)
    end = len(green.read(path).splitlines())
    place = line if isinstance(line, tuple) else (path, end + (line or 0))
    done = green.atomci("run", "unit", "--json")
    assert done.code == 1, done.atoms[RUN]["reason"]
    assert done.statuses[RUN] == "fail"
    assert place in _places(done)
    assert done.statuses["stage2_unit_tests"] == "fail"
    bad = [
        case for case in _cases(green) if case.find("failure") is not None or case.find("error") is not None
    ]
    assert bad != []
    assert place[0] in {f["path"] for f in done.atoms[RUN]["findings"]}


def test_the_first_failure_ends_the_suite_unless_told_otherwise(green) -> None:
    for name in ("prices", "rounding", "words"):
        green.append(f"tests/unit/test_{name}.py", "\n\ndef test_bad() -> None:\n    assert 0\n")
    green.atomci("run", RUN)
    assert green.json("artifacts/tests/unit.json")["counts"] == {"failed": 1, "passed": 2}
    green.atomci("run", RUN, "--keep-going")
    assert green.json("artifacts/tests/unit.json")["counts"] == {"failed": 3, "passed": 4}


def test_coverage_is_kept_when_a_failure_ended_the_suite(green) -> None:
    green.append("tests/unit/test_rounding.py", "\n\ndef test_bad() -> None:\n    assert 0\n")
    done = green.atomci("run", "unit", "--json")
    assert done.code == 1
    assert done.statuses["export_junit_and_coverage_artifacts"] == "pass"
    assert done.statuses["enforce_coverage_budget"] == "skipped"
    root = ET.parse(green.root / "artifacts/reports/coverage.xml").getroot()
    lines = {c.get("name"): float(c.get("line-rate", 0)) for c in root.iter("class")}
    assert lines["rounding.py"] == 1.0
    assert lines["words.py"] < 1.0
    assert (green.root / "artifacts/reports/htmlcov/index.html").is_file()


def test_coverage_under_the_budget_is_red_and_says_which_lines_to_cover(green) -> None:
    green.append(
        "src/demo/words.py",
        "\n\ndef whisper(text: str) -> str:\n    if text:\n        return text.lower()\n    a = 1\n    b = a\n    return str(b)\n",
    )
    done = green.atomci("run", "local_ci", "--json")
    assert done.code == 1
    row = done.atoms["enforce_coverage_budget"]
    assert row["status"] == "fail"
    assert row["reason"].endswith("covered, budget 80 %")
    (finding,) = row["findings"]
    assert (finding["path"], finding["line"]) == ("src/demo/words.py", 10)
    assert "lines 10-14" in finding["message"]
    budget = green.json("artifacts/tests/coverage.json")
    assert budget["met"] is False
    assert budget["files"][0]["missing_lines"] == [10, 11, 12, 13, 14]
    assert green.json("artifacts/gate.json")["verdict"] == "red"


def test_branches_count_against_the_budget(green) -> None:
    green.replace("tests/unit/test_prices.py", "(0.0, 300), ", "")
    green.replace("pyproject.toml", "fail_under = 80", "fail_under = 100")
    done = green.atomci("run", "unit", "--json")
    assert done.code == 1
    (finding,) = done.atoms["enforce_coverage_budget"]["findings"]
    assert "branches 8->10" in finding["message"]


@pytest.mark.parametrize("setting", ["", "fail_under = 0"])
def test_no_budget_is_vacuous_and_red(green, setting: str) -> None:
    green.replace("pyproject.toml", "fail_under = 80", setting)
    done = green.atomci("run", "unit", "--json")
    assert (done.code, done.statuses["enforce_coverage_budget"]) == (1, "vacuous")


def test_a_module_that_no_test_imports_counts_as_uncovered(green) -> None:
    green.write("src/demo/unused.py", "".join(f"X{n} = {n}\n" for n in range(20)))
    done = green.atomci("run", "unit", "--json")
    assert done.statuses["enforce_coverage_budget"] == "fail"
    assert "src/demo/unused.py" in [f["path"] for f in done.atoms["enforce_coverage_budget"]["findings"]]


def test_workers_are_planned_when_the_last_time_says_that_they_pay(green) -> None:
    budget = green.json("artifacts/tests/coverage.json")
    green.write("artifacts/tests/durations.json", '{"schema": "atomci/durations/1", "seconds": 100.0}')
    done = green.atomci("run", "unit", "--no-cache", "--json")
    assert done.code == 0
    cores = os.cpu_count() or 1
    assert green.json("artifacts/tests/parallel.json")["workers"] == (cores if cores > 1 else 0)
    assert (f"-n {cores}" in green.log(RUN)) is (cores > 1)
    assert sorted(row["nodeid"] for row in _results(green)) == sorted(
        {row["nodeid"] for row in _results(green)}
    )
    assert green.json("artifacts/tests/unit.json")["counts"] == {"passed": 4}
    # Coverage is whole with workers too.
    assert green.json("artifacts/tests/coverage.json") == budget
    assert green.git("status", "--short") == ""


def test_workers_keep_coverage_and_results_when_a_test_fails(green) -> None:
    green.write("artifacts/tests/durations.json", '{"schema": "atomci/durations/1", "seconds": 100.0}')
    green.append("tests/unit/test_words.py", "\n\ndef test_bad() -> None:\n    assert 0\n")
    done = green.atomci("run", "unit", "--json")
    assert done.code == 1
    assert ("tests/unit/test_words.py", 9) in _places(done)
    assert done.statuses["export_junit_and_coverage_artifacts"] == "pass"
    assert list(green.root.glob(".coverage*")) == []


def test_without_xdist_the_suite_runs_in_one_process_and_the_plan_is_skipped(
    sample, clone_environment
) -> None:
    environment = clone_environment()
    for path in environment.rglob("*xdist*"):
        path.unlink()
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


def test_junit_has_a_case_per_attempt_of_every_kind(green) -> None:
    green.write(
        "tests/unit/test_kinds.py",
        "import pytest\n\n\n"
        "def test_passes() -> None: ...\n\n\n"
        "@pytest.mark.skip(reason='why not')\ndef test_skipped() -> None: ...\n\n\n"
        "@pytest.mark.xfail(reason='known')\ndef test_xfails() -> None:\n    assert 0\n\n\n"
        "def test_fails() -> None:\n    assert 1 == 2, 'no'\n\n\n"
        "@pytest.fixture\ndef bad():\n    yield\n    raise ValueError('late')\n\n\n"
        "def test_errors_late(bad) -> None: ...\n",
    )
    green.atomci("run", "unit", "--keep-going")
    cases = {case.get("name"): [child.tag for child in case] for case in _cases(green)}
    own = [case for case in _cases(green) if case.get("file") == "tests/unit/test_kinds.py"]
    assert [(case.get("name"), [child.tag for child in case]) for case in own] == [
        ("test_passes", []),
        ("test_skipped", ["skipped"]),
        ("test_xfails", ["skipped"]),
        ("test_fails", ["failure"]),
        ("test_errors_late", []),
        ("test_errors_late", ["error"]),
    ]
    assert cases["test_cents"] == []
    failure = next(case for case in own if case.get("name") == "test_fails").find("failure")
    assert failure is not None
    assert "no" in failure.get("message", "")
    assert "assert 1 == 2" in (failure.text or "")
    assert next(case for case in own if case.get("name") == "test_fails").get("line") == "17"


def test_odd_parameters_and_messages_are_kept(green) -> None:
    green.write("tests/unit/test_odd.py", ODD)
    done = green.atomci("run", "unit", "--keep-going", "--json")
    assert done.code == 1
    assert len(done.atoms[RUN]["findings"]) == 8
    odd = [row for row in _results(green) if "test_odd" in row["nodeid"]]
    assert len(odd) == len({row["nodeid"] for row in odd}) == 8
    cases = [case for case in _cases(green) if case.get("file") == "tests/unit/test_odd.py"]
    assert len(cases) == 8
    assert all(case.get("name", "").startswith("test_odd[") for case in cases)


def test_a_run_again_is_a_case_of_its_own_and_the_suite_is_green(green) -> None:
    pytest.importorskip("pytest_rerunfailures")
    green.write(
        "tests/unit/test_flaky.py",
        "import pytest\n\nSEEN: list[int] = []\n\n\n"
        "@pytest.mark.flaky(reruns=2)\ndef test_flaky() -> None:\n    SEEN.append(1)\n    assert len(SEEN) > 1, 'once'\n",
    )
    done = green.atomci("run", "unit", "--json")
    assert done.code == 0
    rows = [row for row in _results(green) if "flaky" in row["nodeid"]]
    assert [(row["outcome"], row["attempt"]) for row in rows] == [("rerun", 1), ("passed", 2)]
    tags = [[c.tag for c in case] for case in _cases(green) if case.get("name") == "test_flaky"]
    assert tags == [["rerunFailure"], []]
    assert green.json("artifacts/tests/unit.json")["counts"]["rerun"] == 1


def test_a_suite_that_kills_its_interpreter_is_an_error_and_no_pass(green) -> None:
    green.append(
        "tests/unit/test_words.py", "\n\ndef test_ends() -> None:\n    import os\n\n    os._exit(0)\n"
    )
    done = green.atomci("run", "unit", "--json")
    assert done.code != 0
    assert done.statuses[RUN] != "pass"
    assert done.statuses["stage2_unit_tests"] != "pass"


def test_a_test_that_crashes_the_interpreter_is_named_and_red(green) -> None:
    green.append(
        "tests/unit/test_words.py", "\n\ndef test_ends() -> None:\n    import os\n\n    os.abort()\n"
    )
    line = len(green.read("tests/unit/test_words.py").splitlines())
    done = green.atomci("run", "local_ci", "--json")
    assert (done.code, done.statuses[RUN]) == (1, "fail")
    (finding,) = done.atoms[RUN]["findings"]
    assert (finding["path"], finding["line"]) == ("tests/unit/test_words.py", line)
    assert finding["message"] == "Fatal Python error: Aborted"
    assert green.json("artifacts/gate.json")["verdict"] == "red"


def test_events_of_tests_are_in_the_runs_log(sample) -> None:
    done = sample.atomci("run", RUN, "--json")
    tests = [row for row in done.events if row["event"] == "test"]
    assert [row["nodeid"] for row in tests] == [row["nodeid"] for row in _results(sample)]
    assert {row["outcome"] for row in tests} == {"passed"}
    assert ("tests/unit/test_words.py", 4) in {(row["path"], row["line"]) for row in tests}


def test_reports_lie_where_the_conventions_say(reference) -> None:
    for name in ("junit.xml", "coverage.xml", "htmlcov/index.html"):
        assert (reference.root / "artifacts/reports" / name).is_file()
    root = ET.parse(reference.root / "artifacts/reports/coverage.xml").getroot()
    assert float(root.get("line-rate", 0)) == 1.0
    assert int(root.get("branches-valid", 0)) == 2
