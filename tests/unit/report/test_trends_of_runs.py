"""Alerts beyond noise, like with like, and a history that survives what happens to files."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from made_up_runs import finished, large_red_run, started, turn, written

from atomci.artifacts.handed.impact import Escape, Escapes
from atomci.artifacts.handed.trends import PastRun, Trend
from atomci.report import history
from atomci.report.history import appended, past_run, past_runs
from atomci.report.page.trends import trends_page
from atomci.report.reading import report_of
from atomci.report.trends import trends_of

STEADY = [10.0, 10.2, 9.9, 10.1, 10.0, 10.3, 9.8]


def run(number: int, seconds: float, **more: object) -> PastRun:
    known: dict[str, object] = {
        "run": f"20261124T05{number // 60:02d}{number % 60:02d}-aaaaaa",
        "time": f"2026-11-24T05:{number // 60:02d}:{number % 60:02d}.000+00:00",
        "verdict": "green",
        "targets": ("local_ci",),
        "seconds": seconds,
        "python": "3.13.1",
        "system": "Linux x86_64",
        "cores": 2,
        "event": "local",
        "atoms": {"mypy": seconds},
    }
    return PastRun(**{**known, **more})  # type: ignore[arg-type]


def runs(seconds: Sequence[float], **more: object) -> list[PastRun]:
    return [run(number, value, **more) for number, value in enumerate(seconds)]


def of(name: str, rows: Sequence[PastRun]) -> Trend:
    return next(trend for trend in trends_of(rows).trends if trend.what == name)


def test_three_slow_runs_are_an_alert_that_says_by_how_much() -> None:
    trend = of("mypy", runs([*STEADY, 14.0, 14.1, 13.9]))
    assert (trend.now, trend.usual, trend.noise) == (14.0, 10.0, 0.1)
    assert trend.alert == "14.0 s, and 10.0 s before: 4.0 s more, 2.0 s can be noise"


@pytest.mark.parametrize(
    "seconds",
    [
        [*STEADY, 10.0, 10.1, 40.0],  # one slow run is the machine's
        [*STEADY, 11.8, 11.9, 11.7],  # less than a fifth
        [0.1, 0.1, 0.1, 0.1, 0.1, 0.5, 0.5, 0.5],  # less than half a second
        [5.0, 15.0, 8.0, 12.0, 4.0, 11.0, 14.0, 16.0, 15.0],  # it always varied so much
        [*STEADY, 2.0, 2.0, 2.0],  # faster
    ],
)
def test_noise_is_no_alert(seconds: list[float]) -> None:
    assert of("mypy", runs(seconds)).alert == ""
    assert of("the whole run", runs(seconds)).alert == ""


def test_too_few_runs_are_no_verdict() -> None:
    assert of("mypy", runs([1.0] * 4 + [9.0] * 3)).usual is None
    assert of("mypy", runs([1.0] * 5 + [9.0] * 3)).alert != ""


@pytest.mark.parametrize(
    "other",
    [
        {"python": "3.12.9"},
        {"system": "Darwin arm64"},
        {"cores": 8},
        {"targets": ("unit",)},
        {"event": "push"},
    ],
)
def test_only_runs_that_are_alike_are_compared(other: dict[str, object]) -> None:
    rows = [*runs(STEADY, **other), *[run(60 + n, 20.0) for n in range(8)]]
    found = trends_of(rows)
    assert (found.runs, found.kept) == (8, 15)
    assert [trend.alert for trend in found.trends] == ["", ""]


def test_a_patch_release_of_python_is_still_like_the_one_before() -> None:
    assert trends_of([*runs(STEADY), run(60, 10.0, python="3.13.2")]).runs == 8


def test_tests_are_compared_with_runs_of_about_as_many_tests() -> None:
    few = runs([1.0] * 8, atoms={"run_pytest_unit_with_coverage": 1.0}, tests=10)
    many = [run(60 + n, 9.0, atoms={"run_pytest_unit_with_coverage": 9.0}, tests=200) for n in range(3)]
    assert of("run_pytest_unit_with_coverage", [*few, *many]).seconds == (9.0, 9.0, 9.0)


def test_flaky_tests_are_counted_over_all_runs() -> None:
    rows = [run(1, 1.0, flaky=("a", "b")), run(2, 1.0, flaky=("b",)), run(3, 1.0)]
    assert [(row.nodeid, row.times, row.last) for row in trends_of(rows).flaky] == [
        ("b", 2, rows[1].run),
        ("a", 1, rows[0].run),
    ]


def test_of_a_flaky_test_the_newest_runs_are_named_and_how_many_could_have_shown_it() -> None:
    rows = [run(n, 1.0, tests=5 * (n != 3), flaky=("a",) * (n != 7)) for n in range(15)]
    (row,) = trends_of(rows).flaky
    assert (row.times, row.of) == (14, 14)
    assert row.runs == tuple(rows[n].run for n in (14, 13, 12, 11, 10, 9, 8, 6, 5, 4))


def test_what_was_reused_or_skipped_has_no_duration(tmp_path: Path) -> None:
    log = written(
        tmp_path,
        started("ruff", "mypy", "unit", "black"),
        turn("ruff", 0, 1),
        turn("mypy", 1, 1.1, cached=True),
        turn("unit", 1, 2, "skipped"),
        turn("black", 2, 4, "error"),
        finished(4, 3),
    )
    row = past_run(report_of(log))
    assert (row.atoms, row.verdict, row.seconds) == ({"ruff": 1.0}, "broken", 4.0)


def test_a_torn_line_takes_neither_the_one_before_nor_the_one_after(tmp_path: Path) -> None:
    file = tmp_path / "performance/history.jsonl"
    appended(file, run(1, 1.0))
    with file.open("ab") as torn:
        torn.write(b'{"schema":"atomci/past-run/1","run":"2026')
    appended(file, run(2, 2.0))
    file.write_bytes(b"\xff\n[]\n" + file.read_bytes())
    assert [row.seconds for row in past_runs(file)] == [1.0, 2.0]


def test_runs_that_end_at_once_all_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    threads = [threading.Thread(target=appended, args=(file, run(number, 1.0))) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(past_runs(file)) == 12


def test_the_history_stays_bounded_and_keeps_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_LARGEST", 3_000)
    file = tmp_path / "history.jsonl"
    for number in range(40):
        appended(file, run(number, float(number)))
        assert file.stat().st_size <= 3_000
    kept = [row.seconds for row in past_runs(file)]
    assert kept == [float(number) for number in range(40 - len(kept), 40)]
    assert len(kept) > 3


def test_the_page_says_what_is_slower_and_holds_no_markup_of_names(tmp_path: Path) -> None:
    slow = runs(
        [*STEADY, 14.0, 14.1, 13.9], tests=3, flaky=("t.py::test_a[</code><script>alert(1)</script>\u202e]",)
    )
    text = trends_page(trends_of(slow))
    assert '<span class="word bad">2 slower than before</span>' in text
    assert "14.0 s, and 10.0 s before" in text
    newest = ", ".join(row.run for row in reversed(slow))
    assert f"passed on retry in 10 of 10 runs, the last first: {newest}" in text
    assert "<script" not in text
    assert "\u202e" not in text
    assert "default-src 'none'; style-src 'sha256-" in text
    assert "no run is kept yet" in trends_page(trends_of([]))
    assert past_run(report_of(large_red_run(tmp_path, 5, 5))).tests == 5


def test_what_the_selection_of_tests_missed_is_told() -> None:
    one = Escape(test="t.py::test_<b>", commit="1", changed=("a.py",))
    known = Escapes(runs=8, failures=40, escaped=1, clean=3, escapes=(one,))
    found = trends_of(runs(STEADY), known)
    assert (found.escapes.rate, found.escapes.last) == (0.025, ("t.py::test_<b>",))
    text = trends_page(found)
    assert "1 of 40 new failures in 8 runs: 2.5%" in text
    assert "t.py::test_&lt;b&gt;" in text
    assert trends_of([], known).escapes.escaped == 1
    assert trends_of(runs(STEADY)).escapes.rate is None
    assert "No run of all tests has found a new failure that tells" in trends_page(trends_of(runs(STEADY)))
