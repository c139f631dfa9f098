"""The file of tests that may fail for a while: what it may say, and what is wrong with its line."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from atomci.artifacts.handed import testing
from atomci.artifacts.handed.trends import PastRun
from atomci.deadlines import today
from atomci.errors import UsageError
from atomci.project import Project
from atomci.report.quarantine import quarantine_rows
from atomci.testing.flaky.flakiness import flakiness_of
from atomci.testing.flaky.quarantine import FILE, Quarantine, Quarantined, read_quarantine

TEST = "tests/unit/test_a.py::test_b"


def entry(test: str = TEST, *, days: int = 10, but: tuple[str, ...] = (), **others: str) -> str:
    rows = {
        "test": f'"{test}"',
        "reason": '"the clock"',
        "owner": '"ada@example.com"',
        "until": f"{today() + timedelta(days=days)}",
        **others,
    }
    return "[[quarantine]]\n" + "".join(f"{key} = {row}\n" for key, row in rows.items() if key not in but)


def read(root: Path, text: str, settings: str = "") -> tuple[Quarantined, ...]:
    (root / FILE).parent.mkdir(exist_ok=True)
    (root / FILE).write_text(text, encoding="utf-8")
    (root / "tests/unit").mkdir(parents=True, exist_ok=True)
    (root / "tests/unit/test_a.py").touch()
    (root / "pyproject.toml").write_text(settings)
    return read_quarantine(Project(root))


def test_an_entry_names_a_test_a_reason_an_owner_and_a_last_day(tmp_path: Path) -> None:
    first, second = read(tmp_path, f"# why\n{entry()}\n{entry(f'{TEST}[c::d]', days=-1)}")
    assert (first.test, first.owner, first.reason) == (TEST, "ada@example.com", "the clock")
    assert (first.covers(TEST), first.covers(f"{TEST}[x]"), first.covers(f"{TEST}c")) == (True, True, False)
    assert (second.covers(f"{TEST}[c::d]"), second.covers(f"{TEST}[c]")) == (True, False)
    held = Quarantine.on(today(), (first, second))
    assert (held.in_force, held.lapsed) == ((first,), (second,))
    assert read_quarantine(Project(tmp_path / "tests")) == ()


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"),
    [
        (entry(but=("owner",)), 1, "missing required field `owner`", ""),
        (entry(but=("reason",)), 1, "missing required field `reason`", ""),
        (entry(but=("until",)), 1, "missing required field `until`", ""),
        (entry(owner='" "'), 4, "quarantine.owner: is empty", "say who repairs it"),
        (entry(reason='""'), 3, "quarantine.reason: is empty", "say how it fails"),
        (entry(until='"soon"'), 5, "quarantine.until: Invalid", ""),
        (entry(days=31), 5, "is more than 30 days ahead", "at the latest: until = "),
        (entry(until="9999-12-31"), 5, "is more than 30 days ahead", "at the latest"),
        (entry("tests/unit/test_a.py"), 2, "is no test", "give its node id"),
        (f"{entry()}\n{entry()}", 8, f"{TEST} is quarantined already", "one test, one entry"),
        (
            entry("tests/unit/test_aa.py::x"),
            2,
            "there is no file tests/unit/test_aa.py",
            "did you mean tests/unit/test_a.py?",
        ),
        (
            entry("./tests/unit/test_a.py::x"),
            2,
            "pytest has no path ./tests",
            "write it from the project's root: tests/unit/test_a.py",
        ),
        (
            entry("tests/../tests/unit/test_a.py::x"),
            2,
            "pytest has no path",
            "write it from the project's root: tests/unit/test_a.py",
        ),
        (
            entry("tests\\\\unit\\\\test_a.py::x"),
            2,
            "pytest has no path",
            "write it from the project's root: tests/unit/test_a.py",
        ),
        (
            entry("/tests/unit/test_a.py::x"),
            2,
            "pytest has no path",
            "write it from the project's root: tests/unit/test_a.py",
        ),
        (entry("::x"), 2, "there is no file", "delete the entry"),
        (entry("a.txt::x"), 2, "there is no file a.txt", "delete the entry"),
        (entry(skip="true"), 6, "unknown key; known: test, reason, owner, until", ""),
        (f"[[quarantined]]\n{entry()}", 1, "unknown key; known: quarantine", ""),
        ("[quarantine]\n", 1, "expected a list: [[quarantine]]", ""),
        ("[[quarantine]\n", 0, "Expected ']]'", "fix the file; nothing was run"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    text: str, line: int, said: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atomci.tools.git.client.Git.files", lambda _: ("tests/unit/test_a.py", "b.txt"))
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{FILE}:{line}:" if line else f"{FILE}: ")
    assert said in str(caught.value)
    assert (caught.value.hint or "").startswith(hint)


def test_a_file_that_cannot_be_read_is_told_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"quarantine\.toml: .*utf-8"):
        read_quarantine(Project(tmp_path))


@pytest.mark.parametrize("days", [0, 91])
def test_the_bound_on_days_is_the_projects_within_that_of_overrides(days: int, tmp_path: Path) -> None:
    settings = "[tool.atomci.quarantine]\ndays = {}\n"
    assert len(read(tmp_path, entry(days=90), settings.format(90))) == 1
    with pytest.raises(UsageError, match="number of days from 1 to 90"):
        read(tmp_path, entry(), settings.format(days))


def test_a_quarantined_failure_is_told_with_its_owner_and_makes_nothing_red() -> None:
    held = testing.InQuarantine(owner="Ada, Bob", until="2026-12-31", days_left=3, reason="the clock")
    failed = testing.TestResult(nodeid=TEST, outcome="quarantined", quarantine=held)
    again = [
        testing.TestResult(nodeid=f"{TEST}2", outcome="rerun", quarantine=held),
        testing.TestResult(nodeid=f"{TEST}2", outcome="passed", quarantine=held),
    ]
    found = flakiness_of([failed, *again], lambda _: True, ())
    assert found.objections == ()
    assert found.said == (
        f"1 passed on retry: {TEST}2; 1 quarantined failed: {TEST} (Ada, Bob, until 2026-12-31)"
    )


def row(*ends: str | None, test: str = TEST) -> int:
    """For how many runs a test is green that ended so in each, None where it didn't run."""
    held = Quarantined(test=TEST, reason="clock", owner="ada", until=date(9999, 1, 1))
    runs = [
        PastRun(
            run=str(number),
            time="",
            verdict="green",
            targets=(),
            seconds=1.0,
            python="",
            system="",
            cores=1,
            event="",
            atoms={},
            quarantined={test: end} if end else {},
        )
        for number, end in enumerate(ends)
    ]
    (found,) = quarantine_rows(
        Quarantine((held,), ()), [testing.TestResult(nodeid=test, outcome="passed")], runs
    )
    return found.green_for


def test_a_test_is_green_since_it_last_failed_and_where_it_did_not_run_nothing_counts() -> None:
    assert row("passed", "quarantined", "passed", None, "skipped", "passed") == 2
    assert row("passed", "flaky") == 0
    assert row("passed", "error", "passed") == 1
    assert row("passed", test=f"{TEST}[x]") == 1
    assert row("passed", test="tests/unit/test_a.py::other") == 0
