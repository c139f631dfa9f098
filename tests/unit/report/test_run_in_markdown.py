"""A run's Markdown: red first, within GitHub's limits, and no text of a tool is markup."""

from pathlib import Path

import msgspec
import pytest
from made_up_runs import HOSTILE, finished, large_red_run, started, turn, written

from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.handed.testing import TestResult as Attempt
from atomci.report.markdown import COMMENT_LIMIT, SUMMARY_LIMIT, markdown
from atomci.report.reading import report_of


def of_test(nodeid: str, outcome: str, **more: object) -> Attempt:
    return msgspec.convert({"event": "test", "nodeid": nodeid, "outcome": outcome, **more}, Attempt)


def summary_of(tmp_path: Path, *events: object) -> str:
    return markdown(report_of(written(tmp_path, *events)))  # type: ignore[arg-type]


def test_what_is_red_stands_before_the_table_of_atoms(tmp_path: Path) -> None:
    lines = markdown(report_of(large_red_run(tmp_path, 100, 100))).splitlines()
    assert lines[0] == "### red in 15.3 s"
    assert lines[2].startswith("- `run_local_ci_script`: it crashed: ")
    assert lines[
        3
    ] == "- `tests/unit/test_part_3.py:4:1: error: assert 3 == 4 [tests/unit/test_part_3.py::test_number\\[3\\]]`".replace(
        "\\", ""
    )
    assert "- and 52 more on the page, `artifacts/index.html`" in lines
    assert lines.index("| | atom | examined | seconds | |") > lines.index(
        "Coverage: `81.5 %, and 85 % are wanted`. The budget is not met."
    )


def test_a_green_run_is_a_verdict_and_a_table(tmp_path: Path) -> None:
    text = summary_of(tmp_path, started("ruff"), turn("ruff", 0, 1.5), finished(1.5))
    assert text == (
        "### green in 1.5 s\n\n| | atom | examined | seconds | |\n|-|-|-:|-:|-|\n"
        "| ✅ | `ruff` | 3 files | 1.5 |  |\n\n"
    )


def test_a_failed_test_shows_its_report_in_a_fence_that_it_cannot_close(tmp_path: Path) -> None:
    nodeid = "t.py::test_a[<b>]"
    found = Finding(path="t.py", line=1, tool="pytest", rule=nodeid, message="m")
    test = of_test(nodeid, "failed", details="E   assert 0\n````\n</details> @all\n")
    text = summary_of(
        tmp_path,
        started("unit"),
        turn("unit", 0, 1, "fail", between=[test], findings=(found,)),
        finished(1, 1),
    )
    assert "<code>t.py::test_a[&lt;b&gt;]</code>" in text
    assert "`````text\nE   assert 0\n````\n</details> @all\n`````\n" in text


def test_a_test_that_passed_on_retry_is_named(tmp_path: Path) -> None:
    tests = [of_test("t.py::test_a", "rerun"), of_test("t.py::test_a", "passed", attempt=2)]
    text = summary_of(tmp_path, started("unit"), turn("unit", 0, 1, between=tests), finished(1))
    assert "Passed on retry: `t.py::test_a`." in text


@pytest.mark.parametrize(
    "reason",
    [
        HOSTILE,
        "a|b\n| c",
        "@octocat #12 https://x.example",
        "![x](http://x)",
        "`a` ``b``",
        "<details>",
        "*b* _i_ ~~s~~ $x$",
    ],
)
def test_a_reason_brings_no_markup_no_mention_and_no_link(tmp_path: Path, reason: str) -> None:
    text = summary_of(tmp_path, started("ruff"), turn("ruff", 0, 1, "error", reason=reason), finished(1, 3))
    (row,) = [line for line in text.splitlines() if line.startswith("| 💥")]
    assert row.replace("\\|", "").count("|") == 6
    said = row.split("|", 5)[5]
    for sign in ("<", ">", "@o", "#1", "://", "\u202e", "\x1b", "\x00"):
        assert sign not in said
    for sign in "*_[]~$`":
        assert said.count(sign) == said.count(f"\\{sign}"), sign


def test_it_stays_within_the_limit_and_says_where_the_rest_is(tmp_path: Path) -> None:
    atoms = [f"atom_{n}" for n in range(3000)]
    turns = [turn(name, 0, 1, "error", reason="é" * 500) for name in atoms]
    report = report_of(written(tmp_path, started(*atoms), *turns, finished(1, 3)))
    for limit in (SUMMARY_LIMIT, COMMENT_LIMIT, 1_000):
        text = markdown(report, limit)
        assert text.startswith("### broken in 1.0 s")
        assert len(text.encode()) <= limit
        assert text.rstrip().endswith("The rest doesn't fit here: it is on the page, `artifacts/index.html`.")


def test_a_killed_run_says_so(tmp_path: Path) -> None:
    text = summary_of(tmp_path, started("ruff", "mypy"), turn("ruff", 0, 1))
    assert text.startswith("### unfinished in 1.0 s")
    assert "| ⏳ | `mypy` |" in text


def test_where_there_is_no_room_left_nothing_is_written(tmp_path: Path) -> None:
    report = report_of(large_red_run(tmp_path, 5, 5))
    assert [markdown(report, limit) for limit in (499, 0, -3)] == ["", "", ""]
