"""Test results as findings, counts and JUnit XML."""

import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace

import pytest

from atomci.artifacts.handed import testing as artifacts
from atomci.artifacts.store import ArtifactError
from atomci.testing import recorder, results

CONFTEST = """\
ImportError while loading conftest '/p/tests/conftest.py'.
tests/conftest.py:3: in <module>
    import demo
src/demo/__init__.py:7: in <module>
    import no_such
E   ModuleNotFoundError: No module named 'no_such'
"""
INTERNAL = """\
INTERNALERROR> Traceback (most recent call last):
INTERNALERROR>   File "/usr/lib/python3/pytest/main.py", line 283, in wrap_session
INTERNALERROR>     session.exitstatus = doit(config, session) or 0
INTERNALERROR>   File "ROOT/tests/conftest.py", line 5, in pytest_collection_modifyitems
INTERNALERROR>     raise EOFError("boom")
INTERNALERROR> EOFError: boom
"""


def _result(
    outcome: str, nodeid: str = "tests/unit/test_a.py::test_a", **more: object
) -> artifacts.TestResult:
    return artifacts.TestResult(nodeid=nodeid, outcome=outcome, **more)


def test_junit_has_a_case_per_attempt_and_counts_them() -> None:
    outcomes = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "rerun")
    found = tuple(_result(outcome, message="m", seconds=0.5) for outcome in outcomes)
    suite = ET.fromstring(results.junit(found, "unit")).find("testsuite")
    assert suite is not None
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")}
    assert counts == {"tests": "7", "failures": "1", "errors": "1", "skipped": "2", "time": "3.500"}
    assert [[child.tag for child in case] for case in suite] == [
        [],
        ["failure"],
        ["error"],
        ["skipped"],
        ["skipped"],
        [],
        ["rerunFailure"],
    ]


@pytest.mark.parametrize(
    "odd", ["a::b", "<&\"'>", "\x00\x1b[31m", "\ud800", "\ufffe\uffff", "ä🎉", "a\nb", "]]>"]
)
def test_odd_characters_stand_in_valid_xml(odd: str) -> None:
    found = _result("failed", f"tests/unit/test_a.py::test_a[{odd}]", message=odd, details=odd * 3)
    case = ET.fromstring(results.junit([found], "unit")).find(".//testcase")
    assert case is not None
    assert case.get("file") == "tests/unit/test_a.py"
    assert case.get("classname") == "tests.unit.test_a"
    assert case.get("name", "").startswith("test_a[")
    assert case.get("name", "").endswith("]")


def test_failures_are_findings_where_they_happened() -> None:
    found = [_result("passed"), _result("failed", path="src/a.py", line=3, message="no")]
    (finding,) = results.findings(found)
    assert (finding.path, finding.line, finding.message) == ("src/a.py", 3, "no")
    assert finding.rule == "tests/unit/test_a.py::test_a"


def test_a_conftests_crash_is_found_at_its_last_frame_in_the_project(tmp_path: Path) -> None:
    for path in ("tests/conftest.py", "src/demo/__init__.py"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("")
    crash = results.crash(CONFTEST, tmp_path)
    assert crash is not None
    assert (crash.path, crash.line) == ("src/demo/__init__.py", 7)
    assert crash.message == "ModuleNotFoundError: No module named 'no_such'"
    crash = results.crash(INTERNAL.replace("ROOT", str(tmp_path)), tmp_path)
    assert crash is not None
    assert (crash.path, crash.line, crash.message) == ("tests/conftest.py", 5, "EOFError: boom")


def test_a_crash_of_the_interpreter_begins_where_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").touch()
    said = f'Fatal Python error: Segmentation fault\n  File "{tmp_path}/test_a.py", line 3 in test_a\n'
    crash = results.crash(f"....\n{said}", tmp_path)
    assert crash is not None
    assert (crash.path, crash.line, crash.details) == ("test_a.py", 3, said)


def test_a_file_that_cannot_be_collected_says_why_without_pytests_mark() -> None:
    report = SimpleNamespace(longrepr="", longreprtext="in <module>\n    import nope\nE   EOFError: boom\n")
    assert recorder._message(report) == "EOFError: boom"


def test_what_ended_outside_the_project_is_no_crash_of_its(tmp_path: Path) -> None:
    assert results.crash(INTERNAL.replace("ROOT", "/elsewhere"), tmp_path) is None
    assert results.crash("", tmp_path) is None


def test_a_cut_off_log_is_an_error_and_no_shorter_suite(tmp_path: Path) -> None:
    log = tmp_path / "unit.jsonl"
    results.write_results(log, [_result("passed"), _result("passed")])
    assert len(results.read_results(log)) == 2
    log.write_bytes(log.read_bytes()[:-10])
    with pytest.raises(ArtifactError):
        results.read_results(log)
