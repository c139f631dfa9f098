"""A managed file may differ for a reason and until a date."""

from datetime import date

import msgspec
import pytest

from atomci.artifacts.sync import Drift, SyncStatus
from atomci.update.drift.excepted import ExceptedFile, excepted, holding

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
