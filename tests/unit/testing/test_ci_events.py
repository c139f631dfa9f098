"""From where changes count in CI, by made-up events."""

import json
from pathlib import Path

import pytest

from atomci.testing.selection.ci_events import Since, since_of

MAIN = {"repository": {"default_branch": "main"}}


@pytest.mark.parametrize(
    ("event", "variables", "payload", "branch"),
    [
        ("pull_request", {"GITHUB_BASE_REF": "develop"}, None, "origin/develop"),
        ("pull_request_target", {}, {"pull_request": {"base": {"ref": "v2"}}}, "origin/v2"),
        ("push", {}, {"ref": "refs/heads/fix/a", **MAIN}, "origin/main"),
        ("push", {}, {"ref": "refs/heads/x", "repository": {"default_branch": "trunk"}}, "origin/trunk"),
    ],
)
def test_changes_count_from_the_branch_that_the_event_tells(
    tmp_path: Path, event: str, variables: dict[str, str], payload: object, branch: str
) -> None:
    assert _since(tmp_path, event, json.dumps(payload).encode(), variables) == Since(branch)


@pytest.mark.parametrize(
    ("event", "payload", "why"),
    [
        ("push", {"ref": "refs/heads/main", **MAIN}, "on main all of them run"),
        ("push", {"ref": "refs/tags/v1", **MAIN}, "refs/tags/v1 isn't a branch"),
        ("push", {"ref": "", **MAIN}, "what was pushed isn't a branch"),
        ("push", {"ref": "refs/heads/x"}, "names no default branch"),
        ("push", ["refs/heads/x"], "names no default branch"),
        ("push", {"ref": 1, **MAIN}, "names no default branch"),
        ("pull_request", {"pull_request": None}, "names no base branch"),
        ("pull_request", {"pull_request": {"base": {"ref": "main"}, "merged": True}}, "what is merged"),
        ("merge_group", MAIN, "a merge group is tested as a whole"),
        ("schedule", MAIN, "on schedule"),
        ("release", MAIN, "a release"),
        ("workflow_dispatch", MAIN, "somebody starts"),
        ("issue_comment", MAIN, "issue_comment isn't a change"),
        ("local", MAIN, "other CI than GitHub's"),
    ],
)
def test_other_events_run_all_tests_and_say_why(
    tmp_path: Path, event: str, payload: object, why: str
) -> None:
    since = _since(tmp_path, event, json.dumps(payload).encode(), {})
    assert (since.branch, why in since.why_all) == ("", True), since


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_an_event_that_cant_be_read_runs_all_tests(tmp_path: Path, text: bytes) -> None:
    assert _since(tmp_path, "push", text, {}).why_all
    assert since_of("push", {"GITHUB_EVENT_PATH": str(tmp_path)}).why_all
    assert since_of("push", {"GITHUB_EVENT_PATH": "a\0b"}).why_all
    assert since_of("push", {}).why_all


def _since(folder: Path, event: str, text: bytes, variables: dict[str, str]) -> Since:
    file = folder / "event.json"
    file.write_bytes(text)
    return since_of(event, {"GITHUB_EVENT_PATH": str(file), **variables})
