"""What a listener prints: every status by its own word, and nothing skipped or overridden shown as green."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from atomci.artifacts.handed.runs import AtomFinished, AtomStarted, Event, RunFinished, RunStarted
from atomci.artifacts.handed.schemas import Finding
from atomci.catalog import Atom
from atomci.cli.view.runs import listener_for
from atomci.engine.plan import Plan
from atomci.project import Project

PLAN = Plan(("gate",), (Atom(31, "lint", 4, ""), Atom(32, "types", 4, "")), {})
LOG = "artifacts/runs/1/lint.log"


def finished(status: str, **more: Any) -> AtomFinished:
    row: dict[str, Any] = {"time": "", "atom": "lint", "status": status, "reason": "", "examined": 0}
    row |= {"unit": "files", "seconds": 1.25, "cached": False, "findings": (), "commands": ()}
    return AtomFinished(**{**row, "outputs": (), "log": LOG, **more})


def ended(code: int, **more: Any) -> RunFinished:
    row: dict[str, Any] = {"time": "", "run": "1", "exit_code": code, "interrupted": False, "seconds": 2.0}
    return RunFinished(**{**row, "counts": {}, "atoms": {}, **more})


def finding(number: int, **more: Any) -> Finding:
    row: dict[str, Any] = {
        "path": "a.py",
        "line": number,
        "tool": "ruff",
        "rule": "F401",
        "message": "unused",
    }
    return Finding(**{**row, **more})


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Tell a listener of events and give what it printed; `summary.md` is the job's summary."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))

    def told(*events: Event, github: bool = False, as_json: bool = False) -> str:
        monkeypatch.setenv("GITHUB_ACTIONS", str(github).lower())
        with listener_for(PLAN, as_json, Project(tmp_path)) as listener:
            for event in events:
                listener(event)
        return capsys.readouterr().out

    return told


WORDS = [("pass", "ok"), ("fail", "FAIL"), ("skipped", "skip"), ("vacuous", "VACUOUS"), ("error", "ERROR")]
MARKS = [("pass", "✅"), ("fail", "❌"), ("skipped", "⚪"), ("vacuous", "❌"), ("error", "💥")]


@pytest.mark.parametrize("github", [False, True])
@pytest.mark.parametrize(("status", "word"), WORDS)
def test_each_status_has_its_own_word(show: Any, status: str, word: str, github: bool) -> None:
    line = show(finished(status, reason="why\nso"), github=github).splitlines()[0]
    assert line.removeprefix("::group::").split()[:3] == [word, "031", "lint"]
    assert line.endswith("why so")


@pytest.mark.parametrize(
    ("status", "examined", "shown"),
    [("pass", 0, "0 files"), ("pass", 1, "1 file"), ("fail", 12, "12 files"), ("skipped", 0, None)],
)
def test_a_pass_over_nothing_says_so_and_a_skip_claims_nothing(
    show: Any, status: str, examined: int, shown: str | None
) -> None:
    line = show(finished(status, examined=examined))
    assert f" {shown} " in line if shown else "file" not in line


@pytest.mark.parametrize(("cached", "shown"), [(True, "unchanged"), (False, "1.25 s")])
def test_what_was_taken_over_says_so_in_place_of_a_time(show: Any, cached: bool, shown: str) -> None:
    assert show(finished("pass", cached=cached)).split()[-len(shown.split()) :] == shown.split()


def test_findings_are_shown_up_to_twenty_and_the_rest_is_counted(show: Any) -> None:
    lines = show(finished("fail", findings=tuple(map(finding, range(1, 23))))).splitlines()
    assert lines[1].strip() == "a.py:1:1: error: unused [F401]"
    assert len(lines) == 22
    assert lines[-1].strip() == f"and 2 more in {LOG}"


VERDICTS = [
    (ended(0), "green"),
    (ended(1), "red"),
    (ended(3), "broken"),
    (ended(130), "interrupted"),
    (ended(2), "red"),
    (ended(0, overridden={"lint": "overridden until 2026-12-31: why"}), "overridden"),
    (ended(1, overridden={"lint": "overridden until 2026-12-31: why"}), "red"),
]


@pytest.mark.parametrize(("event", "verdict"), VERDICTS)
def test_the_last_line_gives_the_verdict(show: Any, event: RunFinished, verdict: str) -> None:
    assert show(event).startswith(f"gate: {verdict} in 2.0 s")


@pytest.mark.parametrize(("event", "verdict"), VERDICTS)
def test_the_jobs_summary_gives_the_same_verdict(
    show: Any, tmp_path: Path, event: RunFinished, verdict: str
) -> None:
    show(event, github=True)
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").startswith(f"### {verdict} in 2.0 s\n")


def test_skipped_atoms_are_counted_apart_from_passes(show: Any) -> None:
    counts = {"pass": 2, "skipped": 1, "vacuous": 1}
    assert "(2 ok, 1 skip, 1 vacuous, 1 unchanged)" in show(
        finished("pass", cached=True), ended(1, counts=counts)
    )


@pytest.mark.parametrize("status", ["fail", "vacuous", "error"])
def test_the_first_red_is_named_with_its_log_and_how_to_see_it_again(show: Any, status: str) -> None:
    out = show(finished(status), finished(status, atom="types"), ended(1))
    assert f"first red: lint, log {LOG}" in out
    assert "atomci run lint\n" in out
    assert "first red: types" not in out


def test_what_was_left_out_is_told_behind_the_verdict(show: Any) -> None:
    rows = [
        finished("skipped", left_out=f"{tool}, since it isn't here") for tool in ("ruff", "black", "mypy")
    ]
    assert "left out:  ruff, since it isn't here, and 2 more\n" in show(*rows, ended(0))
    assert "left out:  black, since it isn't here\n" in show(rows[1], ended(0))
    assert "left out:" not in show(finished("skipped"), ended(0))


@pytest.mark.parametrize("status", ["pass", "skipped"])
def test_what_is_not_red_is_not_named_as_red(show: Any, status: str) -> None:
    assert "first red" not in show(finished(status), ended(0))


def test_an_overridden_red_is_told_and_the_next_one_is_the_first(show: Any) -> None:
    said = "overridden until 2026-12-31: why"
    rows = (finished("fail", override=said), finished("fail", atom="types"))
    out = show(*rows, ended(1, overridden={"lint": said}))
    assert out.splitlines()[0].startswith("FAIL")
    assert out.splitlines()[0].endswith(said)
    assert f"  lint: {said}\n" in out
    assert "first red: types" in out


def test_an_expired_override_is_told_at_the_end(show: Any) -> None:
    assert "  lint: its override expired\n" in show(ended(1, expired={"lint": "its override expired"}))


def test_json_lines_are_the_events_as_they_are(show: Any) -> None:
    start = RunStarted(time="", run="1", version="1", targets=("gate",), atoms=("lint",), jobs=1)
    out = show(start, AtomStarted(time="", atom="lint"), finished("skipped"), ended(0), as_json=True)
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["event"] for row in rows] == ["run_started", "atom_started", "atom_finished", "run_finished"]
    assert rows[2]["status"] == "skipped"


def test_a_start_prints_nothing(show: Any) -> None:
    assert show(AtomStarted(time="", atom="lint")) == ""


@pytest.mark.parametrize(("status", "mark"), MARKS)
def test_the_summary_marks_each_status(show: Any, tmp_path: Path, status: str, mark: str) -> None:
    show(finished(status), ended(0), github=True)
    assert f"| {mark} | `lint` |" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_the_summary_marks_what_was_overridden_as_neither_green_nor_red(show: Any, tmp_path: Path) -> None:
    show(finished("fail", override="until"), ended(0, overridden={"lint": "until"}), github=True)
    assert "| ⚠️ | `lint` |" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_the_summary_lists_fifty_findings_and_counts_the_rest(show: Any, tmp_path: Path) -> None:
    show(finished("fail", findings=tuple(map(finding, range(53)))), ended(1), github=True)
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert text.count("- `a.py:") == 50
    assert "- and 3 more on the page, `artifacts/index.html`\n" in text


def test_a_reason_brings_no_markup_into_the_summary(show: Any, tmp_path: Path) -> None:
    show(finished("fail", reason="a|b `c` <img> @all\nd"), ended(1), github=True)
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "| a\\|b 'c' &lt;img&gt; @\u200ball d |" in text


@pytest.mark.parametrize(
    ("level", "command"), [("error", "error"), ("warning", "warning"), ("note", "notice")]
)
def test_a_finding_is_an_annotation_of_its_level_that_cannot_break_out(
    show: Any, level: str, command: str
) -> None:
    found = finding(3, path="a,b:c.py", message="100%\n::error::no", level=level)
    assert f"::{command} file=a%2Cb%3Ac.py,line=3,col=1,title=ruff F401::100%25%0A::error::no\n" in show(
        finished("fail", findings=(found,)), ended(1), github=True
    )


def test_no_more_annotations_than_github_shows(show: Any) -> None:
    findings = tuple(map(finding, range(7)))
    warnings = tuple(finding(number, level="warning") for number in range(12))
    rows = finished("fail", findings=findings), finished("fail", atom="types", findings=findings + warnings)
    out = show(*rows, ended(1), github=True)
    assert (out.count("::error file="), out.count("::warning file=")) == (10, 10)
    assert "::notice::GitHub shows no more annotations of a step. More: 2 in lint, 4 in types\n" in out


def test_many_findings_of_one_atom_do_not_hide_those_of_another(show: Any) -> None:
    many = finished("fail", findings=tuple(map(finding, range(1000))))
    one = finished("fail", atom="types", findings=(finding(7, path="test_a.py"),))
    out = show(many, one, ended(1), github=True)
    assert "::error file=test_a.py,line=7," in out
    assert out.count("::error file=a.py") == 9
    assert "More: 991 in lint\n" in out


def test_notes_leave_a_place_for_what_is_left_out(show: Any) -> None:
    out = show(
        finished("fail", findings=tuple(finding(n, level="note") for n in range(11))), ended(1), github=True
    )
    assert out.count("::notice") == 10
    assert "More: 2 in lint" in out


def test_what_is_shown_whole_has_no_more(show: Any) -> None:
    assert "::notice" not in show(finished("fail", findings=(finding(1),)), ended(1), github=True)


def test_an_atoms_log_is_shown_in_its_group_where_it_can_give_no_commands(show: Any, tmp_path: Path) -> None:
    (tmp_path / LOG).parent.mkdir(parents=True)
    (tmp_path / LOG).write_text("::error::from a tool\n", encoding="utf-8")
    group, stop, log, resume, end = show(finished("pass"), github=True).splitlines()[:5]
    assert group.startswith("::group::ok")
    token = stop.removeprefix("::stop-commands::")
    assert len(token) == 32
    assert (log, resume, end) == ("::error::from a tool", f"::{token}::", "::endgroup::")


CHECKED = {"run_ruff_lint", "run_mypy_typecheck"}
TESTED = {"run_pytest_unit_with_coverage"}


def run_of(
    target: str, atoms: set[str], root: Path, capsys: pytest.CaptureFixture[str], code: int = 0
) -> str:
    """What is printed of a run of a target with these atoms."""
    plan = Plan((target,), tuple(Atom(n, name, 4, "") for n, name in enumerate(sorted(atoms))), {})
    with listener_for(plan, False, Project(root)) as listener:
        listener(ended(code))
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "atoms", "said"),
    [
        ("triage", CHECKED, "  not run:   unit tests: atomci run unit"),
        ("phase_05", TESTED, "  not run:   lint, format and types: atomci run lint_types"),
        ("local_ci", CHECKED | TESTED, ""),
        ("run_ruff_lint", CHECKED, ""),
        ("bootstrap", {"install_git_cli"}, ""),
    ],
)
def test_a_green_part_of_the_gate_says_what_it_did_not_look_at(
    target: str,
    atoms: set[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("CI", "GITHUB_ACTIONS", "PRE_COMMIT_REMOTE_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    lines = run_of(target, atoms, tmp_path, capsys).splitlines()
    assert lines[1:] == ([said] if said else [])
    assert "not run" not in run_of(target, atoms, tmp_path, capsys, code=1)
    monkeypatch.setenv("CI", "true")
    assert "not run" not in run_of(target, atoms, tmp_path, capsys)


def test_the_hook_before_a_push_says_which_layers_ci_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PRE_COMMIT_REMOTE_NAME", "origin")
    monkeypatch.chdir(tmp_path)
    assert "not run" not in run_of("local_ci", CHECKED | TESTED, tmp_path, capsys)
    for layer in ("integration", "e2e"):
        (tmp_path / "tests" / layer).mkdir(parents=True)
        (tmp_path / "tests" / layer / "test_a.py").write_text("def test_a(): ...\n", encoding="utf-8")
    last = run_of("local_ci", CHECKED | TESTED, tmp_path, capsys).splitlines()[-1]
    assert last == "  not run:   tests/integration, tests/e2e: atomci run integration e2e"


def test_the_summaries_of_several_runs_in_a_step_stay_within_its_limit(show: Any, tmp_path: Path) -> None:
    """GitHub drops all of a summary that is too large."""
    summary = tmp_path / "summary.md"
    summary.write_text("x" * 999_000, encoding="utf-8")
    show(finished("error", reason="é" * 5000), ended(3), github=True)
    assert summary.stat().st_size <= 1_000_000
    summary.write_text("x" * 999_900, encoding="utf-8")
    show(finished("fail"), ended(3), github=True)
    assert summary.stat().st_size == 999_900


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (60, ["ok      051 compute_local_ci_exit_code  2 stages  unchanged", "        green"]),
        (80, ["ok      051 compute_local_ci_exit_code  2 stages  unchanged  green"]),
        (
            120,
            ["ok      051 compute_local_ci_exit_code                 2 stages  unchanged  green"],
        ),
    ],
)
def test_a_row_stays_one_where_it_fits_without_room_between_its_columns(
    columns: int, rows: list[str], tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("NO_COLOR", "1")
    names = ("compute_local_ci_exit_code", "export_junit_and_coverage_artifacts")
    plan = Plan(("gate",), (Atom(51, names[0], 7, ""), Atom(40, names[1], 5, "")), {})
    row = finished("pass", atom=names[0], examined=2, unit="stages", cached=True, reason="green")
    without = finished("pass", atom=names[1], examined=2, unit="stages")
    with listener_for(plan, False, Project(tmp_path)) as listener:
        listener(row)
        listener(without)
    printed = capsys.readouterr().out.splitlines()
    assert printed[: len(rows)] == rows
    assert all(len(line) <= columns for line in printed)
