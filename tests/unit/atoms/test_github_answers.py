"""What GitHub's answers say of a commit, on a GitHub of our own without gh."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from fake_github import HOST, TOKEN, GitHub, Reply, Repo, Request
from finished_commit import fill

from atomci.atoms.parts.verdicts.github_answers import approved, uploaded
from atomci.forge.api import Api, ApiError
from atomci.forge.remote import HostedRepository
from atomci.tools.process import Command, Completed

REPO, COMMIT, OTHER = "o/r", "c" * 40, "0" * 40
PULL = f"https://{HOST}/{REPO}/pull/1"


def api(github: GitHub) -> Api:
    """gh's calls, answered in this process."""

    def run(command: Command) -> Completed:
        method, path = command.argv[4:6]
        body = None
        if "--input" in command.argv:
            with open(command.argv[-1], encoding="utf-8") as file:  # noqa: PTH123
                body = json.load(file)
        path, _, query = path.partition("?")
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        request = Request(method, f"/{path}", given, {"authorization": f"token {TOKEN}"}, body)
        reply = github.answer(request)
        said = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        text = f"HTTP/2.0 {reply.status} x\n\n{said}"
        return Completed(command, 0 if reply.status < 300 else 1, text, "", 0.0)

    return Api(HostedRepository(HOST, "o", "r"), run, lambda seconds: None, 1.0)


def all_is_well() -> GitHub:
    """A pull request whose checks are green, with an approval and what CI uploaded."""
    github = GitHub({REPO: Repo()})
    fill(github, REPO, COMMIT)
    return github


def test_a_green_and_approved_commit_is_done() -> None:
    said = approved(api(all_is_well()), COMMIT, "topic")
    assert (said.word, said.next) == ("yes", "")
    assert said.evidence == ("2 checks are green, 1 of them required", "approved by ada", PULL)


def test_where_no_review_is_asked_for_none_is_needed() -> None:
    github = all_is_well()
    there = github.repos[REPO]
    there.rulesets[0]["rules"].pop(0)
    there.decisions.clear()
    there.reviews.clear()
    assert approved(api(github), COMMIT, "topic").evidence[1] == "main asks for no approval"


REFUSALS: dict[str, tuple[Any, str, str]] = {
    "red": (lambda t: t.checks[COMMIT][0].update(conclusion="failure"), "red: gate (failure)", "gh pr checks 1"),
    "red by the way": (lambda t: t.checks[COMMIT][1].update(conclusion="timed_out"), "red: codecov (timed_out)", "gh pr checks 1"),
    "skipped": (lambda t: t.checks[COMMIT][0].update(conclusion="skipped"), "gate is required and was skipped", "gh pr checks 1"),
    "queued": (lambda t: t.checks[COMMIT][0].update(status="queued", conclusion=None), "not over: gate", "gh pr checks 1 --watch"),
    "missing": (lambda t: t.checks[COMMIT].pop(0), "required, and not there: gate", "gh pr checks 1"),
    "red status": (lambda t: t.statuses[COMMIT][0].update(state="error"), "red: docs (error)", "gh pr checks 1"),
    "objection": (lambda t: t.reviews[1][0].update(state="CHANGES_REQUESTED"), "ada asked for changes", "gh pr view 1 --comments"),
    "approved before": (lambda t: t.reviews[1][0].update(commit_id=OTHER), "0 of 1 approvals are of cccccccccc: ada approved 0000000000, an earlier commit", "gh pr edit 1 --add-reviewer LOGIN"),
    "taken back": (lambda t: t.reviews[1].append({**t.reviews[1][0], "state": "DISMISSED"}), "0 of 1 approvals are of cccccccccc", "gh pr edit 1 --add-reviewer LOGIN"),
    "nobody": (lambda t: t.reviews.clear(), "0 of 1 approvals are of cccccccccc", "gh pr edit 1 --add-reviewer LOGIN"),
    "owner": (lambda t: t.decisions.update({1: "REVIEW_REQUIRED"}), "a required reviewer hasn't approved", "gh pr edit 1 --add-reviewer LOGIN"),
    "draft": (lambda t: t.pulls[0].update(draft=True), f"{PULL} is a draft", "gh pr ready 1"),
    "closed": (lambda t: t.pulls[0].update(state="closed"), f"{PULL} was closed", "gh pr reopen 1"),
    "no pull request": (lambda t: t.pulls.clear(), "no pull request holds cccccccccc", "gh pr create --fill"),
    "behind": (lambda t: t.pulls[0]["head"].update(sha=OTHER), f"{PULL} is at 0000000000, this is cccccccccc", "git push origin topic"),
    "unknown": (lambda t: (t.pulls.clear(), t.checks.clear()), "cccccccccc isn't on GitHub", "git push --set-upstream origin topic"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_missing_is_named_with_the_command_that_goes_on(name: str) -> None:
    change, evidence, following = REFUSALS[name]
    github = all_is_well()
    change(github.repos[REPO])
    said = approved(api(github), COMMIT, "topic")
    assert (said.word, said.evidence[0], said.next) == ("no", evidence, following)
    assert said.known


def twice(there: Repo, conclusion: str, *, same_workflow: bool) -> None:
    """The required check is there once more, from an earlier run or from another workflow."""
    gate = there.checks[COMMIT][0]
    there.checks[COMMIT][0] = {**gate, "check_suite": {"id": 20}}
    there.checks[COMMIT].insert(0, {**gate, "conclusion": conclusion, "check_suite": {"id": 10}})
    run = there.ci_runs[0]
    other = {"workflow_id": 1 if same_workflow else 2, "event": "push", "check_suite_id": 10, "run_number": 1}
    there.ci_runs[:] = [
        {**run, "id": run["id"] - 1, **other},
        {**run, "workflow_id": 1, "event": "push", "check_suite_id": 20, "run_number": 2},
    ]


@pytest.mark.parametrize("conclusion", ["failure", "cancelled"])
def test_of_two_workflows_with_a_check_of_the_same_name_the_worse_counts(conclusion: str) -> None:
    github = all_is_well()
    twice(github.repos[REPO], conclusion, same_workflow=False)
    said = approved(api(github), COMMIT, "topic")
    assert (said.word, said.evidence[0]) == ("no", f"red: gate ({conclusion})")


def test_what_a_later_run_of_the_workflow_has_replaced_counts_no_more() -> None:
    github = all_is_well()
    twice(github.repos[REPO], "cancelled", same_workflow=True)
    assert approved(api(github), COMMIT, "topic").word == "yes"


def test_a_check_that_another_workflow_of_the_same_name_skips_is_green() -> None:
    github = all_is_well()
    twice(github.repos[REPO], "skipped", same_workflow=False)
    assert approved(api(github), COMMIT, "topic").word == "yes"


def test_a_merged_pull_request_answers_for_the_commit_that_it_became() -> None:
    github = all_is_well()
    there = github.repos[REPO]
    there.pulls[0].update(state="closed", merged_at="2026-01-01", merge_commit_sha=COMMIT)
    there.pulls[0]["head"] = {"ref": "topic", "label": "o:topic", "sha": OTHER}
    there.reviews[1][0]["commit_id"] = OTHER
    assert approved(api(github), COMMIT, "main").word == "yes"


@pytest.mark.parametrize(
    "reply", [Reply(502, "bad"), Reply(404, {"message": "Not Found"}), Reply(200, "<html>")]
)
def test_no_answer_is_no_word_on_the_commit(reply: Reply) -> None:
    for ask in (lambda api: approved(api, COMMIT, "topic"), lambda api: uploaded(api, COMMIT, ["unit"])):
        github = all_is_well()
        github.fail(reply, times=9)
        with pytest.raises(ApiError):
            ask(api(github))


WANTED = ["unit-py3.11", "unit-py3.12"]


def test_uploads_of_each_run_are_there_and_linked() -> None:
    said = uploaded(api(all_is_well()), COMMIT, WANTED)
    assert said.word == "yes"
    assert said.evidence[0].endswith(f"https://{HOST}/{REPO}/actions/runs/7#artifacts")
    assert uploaded(api(all_is_well()), COMMIT, ["unit-*"]).word == "yes"


@pytest.mark.parametrize(
    ("change", "evidence", "following"),
    [
        (lambda t: t.uploads[7].pop(1), "/runs/7 (success) keeps no unit-py3.12", "gh run rerun 7"),
        (lambda t: t.uploads[7][0].update(expired=True), "keeps no unit-py3.11", "gh run rerun 7"),
        (lambda t: t.uploads[7][0].update(size_in_bytes=0), "keeps no unit-py3.11", "gh run rerun 7"),
        (lambda t: t.ci_runs[0].update(status="in_progress"), "the run isn't over: ", "gh run watch 7"),
        (lambda t: t.ci_runs[0].update(path=".github/workflows/x.yml"), "ci.yml hasn't run for", "git push"),
        (lambda t: t.ci_runs[0].update(head_sha=OTHER), "ci.yml hasn't run for", "git push"),
    ],
)
def test_uploads_that_are_missing_are_named(change: Any, evidence: str, following: str) -> None:
    github = all_is_well()
    change(github.repos[REPO])
    said = uploaded(api(github), COMMIT, WANTED)
    assert said.word == "no"
    assert evidence in said.evidence[0]
    assert said.next.startswith(following)


def test_a_workflow_that_uploads_nothing_has_nothing_to_link() -> None:
    assert uploaded(api(all_is_well()), COMMIT, []).word == "no"
