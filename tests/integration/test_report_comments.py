"""`atomci report --comment`: one comment on a pull request, through real gh, on a GitHub of our own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_github import HOST, GitHub, Reply, Repo, on_github, serving
from made_up_runs import finished, large_red_run, started, turn, written

REPO = "o/r"


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(GitHub({REPO: Repo()})) as running:
        yield running


@pytest.fixture
def hosted(sample: Any, github: GitHub, tmp_path: Path) -> Any:
    return on_github(sample, github, REPO, tmp_path)


def test_a_comment_is_written_once_and_then_edited_in_place(hosted: Any, github: GitHub) -> None:
    large_red_run(hosted.root, 30, 10)
    done = hosted.atomci("report", "--comment", "7", GITHUB_JOB="unit")
    (row,) = github.repos[REPO].comments[7]
    assert (done.code, done.out) == (0, f"{row['url']}\n")
    assert row["body"].startswith("<!-- atomci: unit -->\n### red in 15.3 s\n")
    written(hosted.root, started("run_ruff_lint"), turn("run_ruff_lint", 0, 1), finished(1))
    assert hosted.atomci("report", "--comment", "7", GITHUB_JOB="unit").out == done.out
    (row,) = github.repos[REPO].comments[7]
    assert "### green in 1.0 s" in row["body"]
    before = len(github.requests)
    hosted.atomci("report", "--comment", "7", GITHUB_JOB="unit")
    assert [request.method for request in github.requests[before:]] == [
        "POST"
    ], "the same text isn't sent again"
    hosted.atomci("report", "--comment", "7", GITHUB_JOB="lint")
    assert len(github.repos[REPO].comments[7]) == 2


def test_what_others_wrote_is_never_edited_and_a_second_one_of_ours_goes(hosted: Any, github: GitHub) -> None:
    marked = "<!-- atomci: unit -->\n"
    url = f"https://{HOST}/{REPO}/pull/7#x"
    rows = [
        {"databaseId": 1, "body": f"{marked}mine!", "url": url, "viewerDidAuthor": False},
        {"databaseId": 2, "body": "looks good", "url": url, "viewerDidAuthor": True},
        {"databaseId": 3, "body": f"{marked}old", "url": url, "viewerDidAuthor": True},
        {"databaseId": 4, "body": f"{marked}of the other job", "url": url, "viewerDidAuthor": True},
    ]
    github.repos[REPO].comments[7] = rows
    large_red_run(hosted.root, 3, 3)
    assert hosted.atomci("report", "--comment", "7", GITHUB_JOB="unit").code == 0
    left = {row["databaseId"]: row["body"] for row in github.repos[REPO].comments[7]}
    assert (left[1], left[2]) == (f"{marked}mine!", "looks good")
    assert left[3].startswith(f"{marked}### red")
    assert 4 not in left


def test_a_login_without_the_right_is_told_which_one(hosted: Any, github: GitHub) -> None:
    """As in a workflow of a fork, whose token may only read."""
    github.repos[REPO].may_write = False
    large_red_run(hosted.root, 3, 3)
    done = hosted.atomci("report", "--comment", "7")
    assert done.code == 3
    assert "Pull requests: read and write" in done.err
    assert "Traceback" not in done.err


def test_a_host_that_breaks_is_told_and_nothing_is_written_twice(hosted: Any, github: GitHub) -> None:
    large_red_run(hosted.root, 3, 3)
    github.faults.append(lambda r: Reply(502, "<html>") if "/comments" in r.path else None)
    done = hosted.atomci("report", "--comment", "7")
    assert (done.code, "answers 502 to POST" in done.err) == (3, True)
    assert len([r for r in github.requests if r.path.endswith("/comments")]) == 1


def test_the_markdown_is_printed_on_request(sample: Any) -> None:
    large_red_run(sample.root, 3, 3)
    done = sample.atomci("report", "--markdown")
    assert done.out.startswith("### red in 15.3 s\n")
    assert not (sample.root / "artifacts/index.html").exists()


def test_the_atom_leaves_the_summary_of_the_newest_run(sample: Any) -> None:
    large_red_run(sample.root, 3, 3)
    done = sample.atomci("run", "summarize_test_outcomes_for_pr", "--json")
    assert done["summarize_test_outcomes_for_pr"] == ("pass", "run 20261124T050442-89e07a: red")
    assert sample.read("artifacts/reports/summary.md") == sample.atomci("report", "--markdown").out
    assert sample.atomci("check", "summarize_test_outcomes_for_pr").code == 0
    sample.write("artifacts/reports/summary.md", "### green\n")
    assert sample.atomci("check", "summarize_test_outcomes_for_pr").code == 1
