"""What a run's report says, by its events."""

from pathlib import Path

import msgspec
import pytest
from made_up_runs import RUN, finished, large_red_run, started, turn, written

from atomci.artifacts.handed.runs import Result
from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.handed.testing import TestResult as Attempt
from atomci.artifacts.handles import result_of
from atomci.artifacts.printed.reported import RunReport
from atomci.artifacts.store import write
from atomci.errors import UsageError
from atomci.report.pages import newest
from atomci.report.reading import log_of, report_of

PASSED = {"event": "test", "nodeid": "t.py::test_c", "outcome": "passed", "path": "t.py"}


def result(nodeid: str, outcome: str = "passed", **more: object) -> Attempt:
    return msgspec.convert({"event": "test", "nodeid": nodeid, "outcome": outcome, **more}, Attempt)


def found(path: str = "a.py", rule: str = "F401", level: str = "error") -> Finding:
    return msgspec.convert(
        {"path": path, "line": 3, "tool": "ruff", "rule": rule, "message": "m", "level": level}, Finding
    )


def test_red_comes_first_broken_atoms_before_tests_before_findings(tmp_path: Path) -> None:
    failed = result("t.py::test_a", "failed", details="E   assert 0")
    log = written(
        tmp_path,
        started("ruff", "unit", "budget"),
        turn("ruff", 0, 1, "fail", findings=(found(level="note"), found(level="warning"), found())),
        turn("unit", 1, 2, "fail", between=[failed], findings=(found("t.py", "t.py::test_a"),)),
        turn("budget", 2, 3, "vacuous", reason="nothing was measured"),
        finished(3, 1, counts={"fail": 2, "vacuous": 1}),
    )
    (log.parent / "budget.log").write_text("$ coverage\nno data\n")
    report = report_of(log)
    rows = [(p.atom, p.finding.level if p.finding else p.reason, p.details) for p in report.problems]
    assert rows == [
        ("budget", "nothing was measured", "$ coverage\nno data"),
        ("unit", "error", "E   assert 0"),
        ("ruff", "error", ""),
        ("ruff", "warning", ""),
        ("ruff", "note", ""),
    ]
    assert (report.verdict, report.exit_code) == ("red", 1)


def test_what_an_override_excuses_comes_last_and_says_so(tmp_path: Path) -> None:
    log = written(
        tmp_path,
        started("ruff", "mypy"),
        turn("ruff", 0, 1, "error", reason="broke"),
        turn("mypy", 0, 1, "fail", findings=(found(level="note"),)),
        finished(1, 1, overridden={"ruff": "overridden until 2027-01-01: known"}),
    )
    rows = [(p.atom, p.overridden) for p in report_of(log).problems]
    assert rows == [("mypy", ""), ("ruff", "overridden until 2027-01-01: known")]


def test_a_test_that_passed_on_retry_is_flaky_and_one_that_passed_is_not(tmp_path: Path) -> None:
    tests = [
        result("t.py::test_flaky", "rerun", attempt=1),
        result("t.py::test_slow", seconds=9.0),
        result("t.py::test_quick", seconds=0.1),
        result("t.py::test_flaky", attempt=2),
        result("t.py::test_red", "rerun", attempt=1),
        result("t.py::test_red", "failed", attempt=2),
    ]
    log = written(tmp_path, started("unit"), turn("unit", 0, 1, "fail", between=tests), finished(1, 1))
    rows = [(row.nodeid[11:], row.outcome, row.attempts, row.flaky) for row in report_of(log).tests]
    assert rows == [
        ("red", "failed", 2, False),
        ("flaky", "passed", 2, True),
        ("slow", "passed", 1, False),
        ("quick", "passed", 1, False),
    ]


def test_a_pass_in_another_layer_hides_no_failure(tmp_path: Path) -> None:
    tests = [result("t.py::test_a", "failed"), result("t.py::test_a", "passed")]
    log = written(tmp_path, started("unit"), turn("unit", 0, 1, "fail", between=tests), finished(1, 1))
    assert [(row.outcome, row.flaky) for row in report_of(log).tests] == [("failed", False)]


def test_what_is_red_since_another_atom_is_comes_after_the_cause(tmp_path: Path) -> None:
    log = written(
        tmp_path,
        started("run_ruff_lint", "stage1_lint_types", "run_local_ci_script"),
        turn("stage1_lint_types", 1, 2, "fail", reason="1 in lane lint"),
        turn("run_local_ci_script", 1, 2, "fail", reason="exit 1"),
        turn("run_ruff_lint", 0, 1, "fail", findings=(found(level="note"),)),
        finished(2, 1),
    )
    assert [p.atom for p in report_of(log).problems] == [
        "run_local_ci_script",
        "run_ruff_lint",
        "stage1_lint_types",
    ]


def test_a_killed_run_says_what_had_begun_and_is_never_green(tmp_path: Path) -> None:
    log = written(tmp_path, started("ruff", "mypy", "unit"), turn("ruff", 0, 1), turn("mypy", 1, 2)[:1])
    with log.open("ab") as file:
        file.write(b'{"event":"atom_fin')
    report = report_of(log)
    assert report.verdict == "unfinished"
    assert [(row.name, row.status, row.reason) for row in report.atoms] == [
        ("ruff", "pass", ""),
        ("mypy", "unfinished", "it had begun when the events end"),
        ("unit", "unfinished", "it had not begun when the events end"),
    ]
    assert report.notes == (
        "line 5 of the events can't be read, and isn't shown",
        "the events end before the run: it was killed, or it goes on",
    )


@pytest.mark.parametrize(
    "content", [b"", b"{}\n", b'{"event":"atom_started","time":"","atom":"x"}\n', b"\xff\n"]
)
def test_a_file_that_is_no_run_is_refused_with_what_to_name(tmp_path: Path, content: bytes) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(content)
    with pytest.raises(UsageError, match="holds no run's events") as told:
        report_of(log)
    assert "artifacts/runs/" in told.value.hint


def test_what_ran_when_is_in_seconds_since_the_run_began(tmp_path: Path) -> None:
    report = report_of(large_red_run(tmp_path, 10, 10))
    rows = {row.name: row for row in report.atoms}
    assert (rows["run_black_check"].began, rows["run_black_check"].ended) == (0.1, 2.2)
    assert rows["run_black_check"].beside == ("run_ruff_lint", "run_mypy_typecheck")
    assert [row.name for row in report.atoms if row.critical] == [
        "run_black_check",
        "select_impacted_unit_tests",
        "run_pytest_unit_with_coverage",
        "enforce_coverage_budget",
    ]
    assert rows["select_impacted_unit_tests"].waited_for == "run_black_check"


def test_an_earlier_events_file_without_the_new_fields_is_read(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_text(
        '{"event":"run_started","schema":"atomci/events/1","time":"2026-11-24T05:04:00.000+00:00",'
        f'"run":"{RUN}","version":"0.1.0","targets":["local_ci"],"atoms":["x"],"jobs":2}}\n'
    )
    report = report_of(log)
    assert (report.python, report.coverage, report.tests) == ("", None, ())


def test_a_report_is_what_its_json_says(tmp_path: Path) -> None:
    report = report_of(large_red_run(tmp_path, 20, 20))
    assert msgspec.json.decode(msgspec.json.encode(report), type=RunReport) == report
    assert report.sources["src/demo/module_3.py"][7] == "    value_7 = compute(7)"
    assert report.coverage is not None
    assert [file.path for file in report.coverage.files][:2] == [
        "src/demo/module_0.py",
        "src/demo/module_1.py",
    ]


@pytest.mark.parametrize("name", ["../../secret", "/secret", "a/../../../secret", "..\\..\\secret"])
def test_events_from_elsewhere_lead_to_no_file_outside_their_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts/secret.log").write_text("secret")
    log = written(tmp_path, started(name), turn(name, 0, 1, "error", reason="broke"), finished(1, 3))
    (row,) = report_of(log).problems
    assert (row.atom, row.details) == (name, "")
    assert log_of(log.parent, name).parent == log.parent


def test_the_newest_run_is_one_that_looked_at_something_else_than_runs(tmp_path: Path) -> None:
    for number, atoms in enumerate(
        [("run_ruff_lint",), ("unit_coverage_meets_threshold",), ("publish_local_reports_index",)]
    ):
        run = f"20261124T05000{number}-aaaaaa"
        written(tmp_path, started(*atoms, run=run), finished(1, run=run), run=run)
    assert newest(tmp_path) == tmp_path / "artifacts/runs/20261124T050000-aaaaaa/events.jsonl"


TOKEN = "ghp_" + "Ab1" * 12


@pytest.mark.parametrize(
    ("field", "written_as"),
    [
        ("nodeid", f"t.py::test_a[{TOKEN}]"),
        ("message", f"it was {TOKEN}"),
        ("message", f"E   {TOKEN[:6]}\\u0062{TOKEN[7:]} is 50%25 & more"),
        ("message", f"E   got\nE   {TOKEN}"),
    ],
)
def test_what_was_reused_is_shown_without_secrets(tmp_path: Path, field: str, written_as: str) -> None:
    name = "run_pytest_unit_with_coverage"
    row = {"event": "test", "nodeid": "t.py::test_b", "outcome": "failed", field: written_as}
    results = tmp_path / "artifacts/tests/unit.jsonl"
    results.parent.mkdir(parents=True)
    results.write_text("\n".join(msgspec.json.encode(line).decode() for line in (PASSED, row)))
    own = Result(
        atom=name,
        status="pass",
        reason="",
        examined=2,
        unit="tests",
        key="",
        run=RUN,
        seconds=0.0,
        outputs=(),
    )
    write(tmp_path / result_of(name), own)
    outputs = ("artifacts/tests/unit.jsonl",)
    log = written(tmp_path, started(name), turn(name, 0, 1, cached=True, outputs=outputs), finished(1, 0))
    report = report_of(log, tmp_path)
    shown = msgspec.json.encode(report).decode()
    assert (len(report.tests), "Ab1Ab1" in shown, "[redacted: " in shown) == (2, False, True)
