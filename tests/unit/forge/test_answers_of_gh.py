"""What each kind of answer that gh brings becomes: data, another try, or an error that says what to type."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from atomci.forge.api import Api, ApiError, page_command
from atomci.forge.pull_requests import PullRequest, edited, fail_commit, latest, made_draft, made_ready
from atomci.forge.remote import HostedRepository
from atomci.tools.process import Command, Completed, ToolTimeout

WIDGET = HostedRepository("ghe.example.com", "acme", "widget")
NOW = 1_800_000_000.0
LOGIN = "gh auth login --hostname ghe.example.com, or set GH_TOKEN"
LACKING = (
    "this login doesn't have the right: gh auth refresh --scopes repo, or a token with Issues: read and write"
)
STATUS_PAGE = "see https://www.githubstatus.com, then type the same again"
UNKNOWN = "whether it was written is unknown, so compare before you write again; "


def answer(status: int, data: Any = None, **headers: str) -> str:
    """What `gh api --include` prints; text is taken as it is."""
    lines = [f"HTTP/2.0 {status} Words", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    body = data if isinstance(data, str) else "" if data is None else json.dumps(data)
    return "\r\n".join(lines) + "\r\n\r\n" + body


@dataclass
class Gh:
    """Answers in turn, the last of them for good; `sent` are the bodies it was given."""

    answers: Sequence[str | Completed | Exception]
    commands: list[Command] = field(default_factory=list)
    sent: list[Any] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def __call__(self, command: Command) -> Completed:
        self.commands.append(command)
        if "--input" in command.argv:
            body = Path(command.argv[command.argv.index("--input") + 1])
            self.sent.append(json.loads(body.read_text(encoding="utf-8")))
        reply = self.answers[min(len(self.commands), len(self.answers)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Completed) else Completed(command, 0, reply, "", 0.1)


def api_of(*answers: str | Completed | Exception) -> tuple[Api, Gh]:
    gh = Gh(answers)
    return Api(WIDGET, gh, gh.pauses.append, 7.0, "Issues"), gh


def failed(code: int, stderr: str) -> Completed:
    return Completed(Command(("gh",)), code, "", stderr, 0.1)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atomci.forge.api.time.time", lambda: NOW)


def read(api: Api) -> Any:
    return api.read("rulesets")


def write(api: Api) -> Any:
    return api.write("POST", "rulesets", {"name": "main"})


def test_reading_asks_the_repositorys_host_and_gives_the_json() -> None:
    api, gh = api_of(answer(200, {"id": 1}))
    assert read(api) == {"id": 1}
    (command,) = gh.commands
    assert command.argv == ("gh", "api", "--include", "--method", "GET", "repos/acme/widget/rulesets")
    assert command.env == {"GH_HOST": "ghe.example.com"}
    assert command.timeout == 7.0


def test_writing_sends_the_json_and_leaves_no_file() -> None:
    api, gh = api_of(answer(201, {"id": 2}))
    assert write(api) == {"id": 2}
    assert gh.sent == [{"name": "main"}]
    assert not Path(gh.commands[0].argv[-1]).exists()


def test_no_content_is_an_answer() -> None:
    api, gh = api_of(answer(204))
    assert api.write("DELETE", "rulesets/1") is None
    assert "--input" not in gh.commands[0].argv


@pytest.mark.parametrize(
    ("status", "ask", "hint"),
    [
        (401, read, LOGIN),
        (401, write, LOGIN),
        (403, read, LACKING),
        (403, write, LACKING),
        (404, read, "gh auth status --hostname ghe.example.com; git remote get-url origin"),
        (404, write, LACKING),
        (422, write, "compare again; if nobody else changed it, fix the file"),
        (301, read, STATUS_PAGE),
        (500, read, STATUS_PAGE),
        (502, write, UNKNOWN + STATUS_PAGE),
    ],
)
def test_a_refusal_tells_the_status_githubs_words_and_what_to_type(
    status: int, ask: Callable[[Api], Any], hint: str
) -> None:
    api, _ = api_of(answer(status, {"message": "No way"}))
    with pytest.raises(ApiError) as caught:
        ask(api)
    method = "GET" if ask is read else "POST"
    assert caught.value.message == (
        f"ghe.example.com answers {status} to {method} repos/acme/widget/rulesets: No way"
    )
    assert caught.value.hint == hint
    assert caught.value.status == status


def test_a_plan_that_lacks_it_is_no_missing_right() -> None:
    api, _ = api_of(answer(403, {"message": "Upgrade to GitHub Pro or make this repository public"}))
    with pytest.raises(ApiError) as caught:
        read(api)
    assert caught.value.hint == "GitHub has this for public repositories and paid plans only"


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        (["is taken"], "Bad: is taken"),
        ("one text", "Bad: one text"),
        ([{"message": "no branch"}, {"code": "invalid"}], 'Bad: no branch; {"code": "invalid"}'),
        ([], "Bad"),
    ],
)
def test_each_error_that_github_names_is_told(errors: Any, said: str) -> None:
    api, _ = api_of(answer(422, {"message": "Bad", "errors": errors}))
    with pytest.raises(ApiError) as caught:
        write(api)
    assert caught.value.message.endswith(f"rulesets: {said}")


@pytest.mark.parametrize("status", [200, 403, 503])
@pytest.mark.parametrize("body", ["<!DOCTYPE html><title>Unicorn</title>", ""])
def test_a_page_in_place_of_json_is_an_error_whatever_its_status(status: int, body: str) -> None:
    api, _ = api_of(answer(status, body))
    with pytest.raises(ApiError, match="an answer that isn't JSON") as caught:
        read(api)
    assert caught.value.status == status


def test_reading_is_tried_again_where_the_host_breaks() -> None:
    api, gh = api_of(answer(502, "<html>"), answer(503, "<html>"), answer(200, [1]))
    assert read(api) == [1]
    assert gh.pauses == [0.5, 1.0]


def test_reading_gives_up_after_three_tries() -> None:
    api, gh = api_of(answer(502, "<html>"))
    with pytest.raises(ApiError):
        read(api)
    assert len(gh.commands) == 3


def test_writing_is_not_tried_again_since_it_may_have_happened() -> None:
    api, gh = api_of(answer(502, "<html>"), answer(201, {}))
    with pytest.raises(ApiError):
        write(api)
    assert len(gh.commands) == 1


@pytest.mark.parametrize(
    ("limit", "waited"),
    [
        (answer(429, {"message": "slow down"}, retry_after="3"), 3.0),
        (answer(403, {"message": "x"}, x_ratelimit_remaining="0", x_ratelimit_reset=f"{NOW + 20:.0f}"), 20.0),
        (answer(403, {"message": "x"}, x_ratelimit_remaining="0", x_ratelimit_reset=f"{NOW - 9:.0f}"), 1.0),
        (answer(403, {"message": "x"}, Retry_After="30"), 30.0),
    ],
)
@pytest.mark.parametrize("ask", [read, write])
def test_a_short_rate_limit_is_waited_for(limit: str, waited: float, ask: Callable[[Api], Any]) -> None:
    api, gh = api_of(limit, answer(200, {"id": 1}))
    assert ask(api) == {"id": 1}
    assert gh.pauses == [waited]


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [
        (answer(429, {"message": "slow down"}, retry_after="31"), 31),
        (answer(403, {"message": "secondary rate limit"}), 60),
        (answer(403, {"message": "x"}, x_ratelimit_remaining="0"), 60),
        (answer(403, {"message": "x"}, x_ratelimit_remaining="0", x_ratelimit_reset=f"{NOW + 900:.0f}"), 900),
    ],
)
def test_a_long_rate_limit_is_told_and_not_waited_for(limit: str, seconds: int) -> None:
    api, gh = api_of(limit)
    with pytest.raises(ApiError, match=f"asks to wait {seconds} s") as caught:
        read(api)
    assert caught.value.hint == "type the same again after that"
    assert gh.pauses == []


def test_a_spent_limit_on_an_answer_that_was_given_is_none() -> None:
    api, gh = api_of(answer(200, {"id": 1}, x_ratelimit_remaining="0", x_ratelimit_reset=f"{NOW + 5:.0f}"))
    assert read(api) == {"id": 1}
    assert gh.pauses == []


@pytest.mark.parametrize(
    ("done", "message", "hint"),
    [
        (failed(4, ""), "gh isn't logged in to ghe.example.com", LOGIN),
        (failed(1, "please run:  gh auth login"), "gh isn't logged in to ghe.example.com", LOGIN),
        (
            failed(1, "\n dial tcp: no host\nmore"),
            "gh got no answer from ghe.example.com: dial tcp: no host",
            "",
        ),
        (failed(1, ""), "gh got no answer from ghe.example.com: it says nothing", ""),
        (failed(0, ""), "gh got no answer from ghe.example.com: it says nothing", ""),
        (
            ToolTimeout("gh took more than 7 s"),
            "gh got no answer from ghe.example.com: gh took more than 7 s",
            "",
        ),
    ],
)
@pytest.mark.parametrize("ask", [read, write])
def test_no_answer_is_an_error_without_a_status(
    done: Completed | Exception, message: str, hint: str, ask: Callable[[Api], Any]
) -> None:
    api, gh = api_of(done)
    with pytest.raises(ApiError) as caught:
        ask(api)
    unknown = UNKNOWN if ask is write else ""
    assert caught.value.message == message
    assert caught.value.hint == (hint or f"{unknown}gh auth status --hostname ghe.example.com")
    assert caught.value.status == 0
    assert len(gh.commands) == 1


def test_all_pages_of_a_list_are_read() -> None:
    api, gh = api_of(answer(200, list(range(100))), answer(200, [100]))
    assert api.read_all("pulls?state=all") == list(range(101))
    assert [command.argv[-1].rpartition("&")[2] for command in gh.commands] == ["page=1", "page=2"]
    assert gh.commands[0].argv == page_command(WIDGET, "pulls?state=all").argv


def test_what_is_no_list_is_not_taken_for_an_empty_one() -> None:
    api, _ = api_of(answer(200, {"total_count": 0}))
    with pytest.raises(ApiError, match="answers rulesets with no list"):
        api.read_all("rulesets")


def test_graphql_errors_come_with_status_200_and_are_errors() -> None:
    api, _ = api_of(answer(200, {"data": None, "errors": [{"message": "no right"}, {"message": "no id"}]}))
    with pytest.raises(ApiError, match="refuses: no right; no id") as caught:
        api.graphql("mutation{}", id="PR_1")
    assert caught.value.hint == LACKING


def test_graphql_gives_its_data() -> None:
    api, gh = api_of(answer(200, {"data": {"id": 1}}))
    assert api.graphql("query{}", id="PR_1") == {"id": 1}
    assert gh.sent == [{"query": "query{}", "variables": {"id": "PR_1"}}]


def row(number: int, state: str = "open", **more: Any) -> dict[str, Any]:
    named = {"number": number, "node_id": f"PR_{number}", "html_url": "url", "title": "t", "state": state}
    return {**named, "body": "a\r\nb", "head": {"sha": "a1"}, "base": {"ref": "main"}, **more}


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ([row(9, "closed"), row(7)], 7),
        ([row(9, "closed"), row(7, "closed")], 9),
        ([], None),
    ],
)
def test_the_open_pull_request_of_a_branch_comes_before_later_ones(
    rows: list[Any], number: int | None
) -> None:
    api, gh = api_of(answer(200, rows))
    found = latest(api, "atomci/update")
    assert (found.number if found else None) == number
    assert "head=acme%3Aatomci%2Fupdate" in gh.commands[0].argv[-1]


def test_a_pull_request_is_sent_only_what_it_lacks() -> None:
    api, gh = api_of(answer(200, row(7, body=None)))
    pull = PullRequest.of(row(7, draft=True))
    assert edited(api, pull, "t", "a\nb") is pull
    made_draft(api, pull)
    made_ready(api, PullRequest.of(row(7)))
    assert gh.commands == []
    assert edited(api, pull, "t", "new").body == ""
    assert gh.sent == [{"title": "t", "body": "new"}]


def test_a_commit_is_failed_once() -> None:
    api, gh = api_of(answer(200, {"statuses": [{"context": "gate"}]}))
    assert not fail_commit(api, "abc", "gate", "why")
    assert len(gh.commands) == 1
    api, gh = api_of(answer(200, {"statuses": [{"context": "other"}]}), answer(201, {}))
    assert fail_commit(api, "abc", "gate", "why")
    assert gh.sent == [{"state": "failure", "context": "gate", "description": "why"}]
