"""Every log in tests/fixtures/failures, made by breaking a generated project, is classified as what was broken."""

import json
import re
from typing import Any

import pytest
from broken_projects import CASES, FOLDER
from msgspec import structs

from atomci.artifacts.handed import testing
from atomci.artifacts.handed.runs import AtomFinished, Event
from atomci.artifacts.handed.schemas import Finding
from atomci.catalog import ATOMS
from atomci.decoding import decoded
from atomci.report.failures.classes import Rows, failures_of

ROWS = Rows({row.name: row.phase for row in ATOMS}, {row.name: (*row.needs, *row.after) for row in ATOMS})


def classified(name: str) -> list[Any]:
    said = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    events = [decoded(json.dumps(event), Event) for event in said["events"]]
    return list(failures_of(events, ROWS, lambda atom: said["tails"].get(atom, "")))


def test_there_are_at_least_forty_logs_one_for_each_way_to_break_a_project() -> None:
    assert len(CASES) >= 40
    assert {path.stem for path in FOLDER.glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_log_is_classified_as_what_was_broken(name: str) -> None:
    found = classified(name)
    assert sorted({f"{row.layer} {row.kind}" for row in found}) == sorted(CASES[name].classes), found
    for row in found:
        assert row.reason
        assert row.message or row.excerpt
        if row.test or row.kind in ("lint", "lint-fixable", "format", "type"):
            assert row.path
            assert row.line > 0
        if row.test and row.kind != "crash":
            assert row.excerpt


def test_no_log_names_a_machine_or_holds_a_secret() -> None:
    foreign = re.compile(r"/(?:work|tmp|root|home/\w+)/|ghp_|AKIA|BEGIN [A-Z ]*PRIVATE KEY")
    named = {
        path.stem: found[0]
        for path in FOLDER.glob("*.json")
        if (found := foreign.search(path.read_text("utf-8")))
    }
    assert named == {}


def ended(
    atom: str, status: str = "error", reason: str = "", *findings: Finding, **more: Any
) -> AtomFinished:
    given = {"time": "", "examined": 1, "unit": "files", "seconds": 0.0, "cached": False, "commands": ()}
    given |= {"outputs": (), "log": "", "findings": findings, "reason": reason, **more}
    return AtomFinished(atom=atom, status=status, **given)  # type: ignore[arg-type]


def classes(*events: Any, tail: str = "") -> list[str]:
    return [f"{row.layer} {row.kind}" for row in failures_of(events, ROWS, lambda atom: tail)]


def test_a_red_that_only_repeats_another_is_left_out() -> None:
    events = (ended("run_ruff_lint", reason="x"), ended("compute_local_ci_exit_code", "fail", "red"))
    assert classes(*events) == ["infra tool-broke"]
    assert classes(ended("compute_local_ci_exit_code", "fail", "red")) == ["infra config"]


def test_what_is_overridden_is_no_failure() -> None:
    over = "overridden until 2026-12-01: known"
    assert classes(ended("run_ruff_lint", "fail", "x", override=over)) == []
    lapsed = "its override expired on 2026-01-01: known"
    assert classes(ended("run_ruff_lint", "error", "x", override=lapsed)) == ["infra tool-broke"]


@pytest.mark.parametrize(
    ("reason", "tail", "kind"),
    [
        ("can't write: [Errno 28] No space left on device", "", "infra disk"),
        ("gh got no answer from github.com: dial tcp", "", "infra network"),
        ("it broke", "error: Could not resolve host: pypi.org", "infra network"),
        ("ruff isn't in .venv; atomci run compile_lockfile_and_sync", "", "infra tool-missing"),
        ("it broke", "/usr/bin/python: No module named pytest", "infra tool-missing"),
        ("mypy took more than 600 s and was killed", "", "infra time-out"),
        ("ruff failed (exit 2): Failed to parse pyproject.toml", "", "static config"),
        ("it crashed: ValueError: x", "", "infra tool-broke"),
    ],
)
def test_what_is_said_of_a_tool_decides(reason: str, tail: str, kind: str) -> None:
    assert classes(ended("run_ruff_lint", "error", reason), tail=tail) == [kind]


def result(
    outcome: str, attempt: int = 1, nodeid: str = "tests/unit/test_a.py::test_a"
) -> testing.TestResult:
    return testing.TestResult(nodeid=nodeid, outcome=outcome, attempt=attempt, path="tests/unit/test_a.py", line=3, message="assert 0")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["No space left on device", "Connection timed out", "Timeout (>1.0s) from pytest-timeout."]
)
@pytest.mark.parametrize("begin", ["assert 'ok' == '", "AssertionError: "])
def test_what_a_test_compares_is_no_fault_of_the_disk_the_network_or_a_limit(begin: str, text: str) -> None:
    red = ended("run_pytest_unit_with_coverage", "fail")
    failed = structs.replace(result("failed"), message=f"{begin}{text}", details=f"E   {begin}{text}")
    assert classes(failed, red) == ["unit test-assert"]


def test_a_test_that_passed_on_retry_is_flaky_and_one_that_failed_again_is_not() -> None:
    row = ended("run_pytest_unit_with_coverage", "pass")
    assert classes(result("rerun"), result("passed", 2), row) == ["unit flaky"]
    red = ended("run_pytest_unit_with_coverage", "fail")
    assert classes(result("rerun"), result("failed", 2), red) == ["unit test-assert"]
