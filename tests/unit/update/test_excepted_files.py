"""A managed file may differ for a reason and until a date."""

from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from atomci.artifacts.printed.sync import Drift, SyncStatus
from atomci.deadlines import today
from atomci.errors import UsageError
from atomci.project import Project
from atomci.update.drift.excepted import ExceptedFile, excepted, holding, read_excepted

DAY = date(2026, 3, 2)


def status(*drifted: str, allowed: tuple[str, ...] = (), verdict: str = "drifted") -> SyncStatus:
    rows = [Drift(path=path, tier="managed", state="modified", allowed=path in allowed)
            for path in (*drifted, *allowed)]  # fmt: skip
    return SyncStatus(
        template="gh:a/b", version="v1", latest=None, behind=None, clean=not drifted, lock="current",
        examined=3, drift=tuple(rows), verdict=verdict,  # type: ignore[arg-type]
    )  # fmt: skip


def exception(path: str, until: str = "2026-03-02") -> ExceptedFile:
    return ExceptedFile(path=path, reason="a\n  reason", until=date.fromisoformat(until))


@pytest.mark.parametrize(
    ("until", "state", "verdict", "red"),
    [
        ("2026-03-01", "expired", "drifted", True),
        ("2026-03-02", "holds", "excepted", False),  # the last day is one of its days
        ("2026-03-03", "holds", "excepted", False),
    ],
)
def test_an_exception_holds_until_its_last_day(until: str, state: str, verdict: str, red: bool) -> None:
    found = excepted(status("a"), [exception("a", until)], DAY)

    assert [row.state for row in found.exceptions] == [state]
    assert (found.verdict, found.red, found.clean) == (verdict, red, False)
    assert holding([exception("a", until)], DAY) == ({"a"} if state == "holds" else set())


def test_one_file_without_an_exception_stays_drift() -> None:
    found = excepted(status("a", "b"), [exception("a")], DAY)

    assert (found.verdict, found.red) == ("drifted", True)


def test_a_file_that_may_differ_anyway_needs_no_exception() -> None:
    found = excepted(status("a", allowed=("b",)), [exception("a"), exception("b")], DAY)

    assert [row.state for row in found.exceptions] == ["holds", "unneeded"]
    assert found.verdict == "excepted"


@pytest.mark.parametrize("verdict", ["clean", "unknown"])
def test_an_exception_makes_nothing_of_a_status_without_drift(verdict: str) -> None:
    found = excepted(status(verdict=verdict), [exception("a")], DAY)

    assert found.verdict == verdict
    assert [row.state for row in found.exceptions] == ["unneeded"]


def test_an_expired_exception_is_red_even_where_nothing_drifts() -> None:
    assert excepted(status(verdict="clean"), [exception("a", "2026-03-01")], DAY).red


def test_a_reason_is_told_in_one_line() -> None:
    row = excepted(status("a"), [exception("a")], DAY).exceptions[0]

    assert (row.path, row.reason, row.until) == ("a", "a reason", "2026-03-02")


@pytest.mark.parametrize("left_out", ["path", "reason", "until"])
def test_an_entry_without_path_reason_or_date_is_refused(left_out: str) -> None:
    entry = {"path": "a", "reason": "b", "until": "2026-03-02"}
    msgspec.convert(entry, ExceptedFile)
    del entry[left_out]

    with pytest.raises(msgspec.ValidationError, match=left_out):
        msgspec.convert(entry, ExceptedFile)


def written(folder: Path, *paths: str, days: int = 30, reason: str = "a") -> Project:
    rows = (
        f"[[tool.atomci.drift]]\npath = '{path}'\nreason = '{reason}'\nuntil = {today() + timedelta(days)}\n"
        for path in paths
    )
    (folder / "pyproject.toml").write_text("".join(rows), encoding="utf-8")
    return Project(folder)


def test_every_exception_is_read_also_one_that_is_over(tmp_path: Path) -> None:
    over = today() - timedelta(1)

    found = read_excepted(written(tmp_path, ".github/ci.yml", "a b", days=-1))

    assert found == tuple(
        ExceptedFile(path=path, reason="a", until=over) for path in (".github/ci.yml", "a b")
    )


@pytest.mark.parametrize("path", ["/ci.yml", "a/../ci.yml", "./ci.yml", "a/", "a//b", "a\\b", ""])
def test_an_exception_names_a_file_as_the_lock_does(path: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r":2: tool\.atomci\.drift\.path: .* isn't the path of a file"):
        read_excepted(written(tmp_path, path))


def test_two_exceptions_of_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r":6: tool\.atomci\.drift\.path: a has an exception already"):
        read_excepted(written(tmp_path, "a", "a"))


def test_an_exception_needs_a_reason_and_a_day_within_reach(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r":3: tool\.atomci\.drift\.reason: is empty"):
        read_excepted(written(tmp_path, "a", reason=" "))
    with pytest.raises(UsageError, match=r":4: tool\.atomci\.drift\.until: "):
        read_excepted(written(tmp_path, "a", days=1000))
