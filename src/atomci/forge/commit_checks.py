"""What GitHub knows of one commit: its checks, its pull request and reviews, its CI runs and their files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from atomci.forge.api import Api

__all__ = ["Check", "CiRun", "Demands", "checks_of", "decision", "demands_on", "reviews_of", "runs_of"]

_PAGE = 100
_DECISION = (
    "query($owner:String!,$name:String!,$number:Int!){repository(owner:$owner,name:$name)"
    "{pullRequest(number:$number){reviewDecision}}}"
)


# A name that is skipped in one workflow and green in another is green.
_BETTER = ("skipped", "green", "pending", "red")


@dataclass(frozen=True)
class Check:
    """A check or a status of a commit. `skipped` says nothing, though GitHub lets it through."""

    name: str
    state: Literal["green", "red", "pending", "skipped"]
    said: str


@dataclass(frozen=True)
class Demands:
    """What a branch asks of a pull request: checks by name, and how many approvals."""

    checks: frozenset[str]
    approvals: int


@dataclass(frozen=True)
class Review:
    """The last word of a reviewer, and the commit that it is about."""

    who: str
    state: str
    commit: str


@dataclass(frozen=True)
class CiRun:
    """A run of a workflow; `artifacts` are the names of what it uploaded and still keeps."""

    id: int
    url: str
    over: bool
    conclusion: str
    artifacts: tuple[str, ...]


def checks_of(api: Api, commit: str) -> list[Check]:
    """One of each name: where two workflows use the same, the worse of them. Raises ApiError."""
    runs = list(_all(api, f"commits/{commit}/check-runs", "check_runs"))
    if len({row["name"] for row in runs}) < len(runs):
        over = _begun_again(api, commit)
        runs = [row for row in runs if (row.get("check_suite") or {}).get("id") not in over]
    found = [Check(row["name"], _of_run(row), row.get("conclusion") or row["status"]) for row in runs]
    for row in api.read(f"commits/{commit}/status?per_page={_PAGE}")["statuses"]:
        states: dict[str, Any] = {"success": "green", "pending": "pending"}
        found.append(Check(row["context"], states.get(row["state"], "red"), row["state"]))
    # The worst comes last, and stays.
    return list({row.name: row for row in sorted(found, key=lambda row: _BETTER.index(row.state))}.values())


def _begun_again(api: Api, commit: str) -> set[int]:
    """The suites of runs that a later run of the same workflow on the same event has replaced."""
    newest: dict[tuple[Any, Any], tuple[int, int]] = {}
    over: set[int] = set()
    for row in _all(api, f"actions/runs?head_sha={commit}", "workflow_runs"):
        run = (row.get("run_number", 0), row.get("check_suite_id", 0))
        key = (row.get("workflow_id", row.get("path")), row.get("event"))
        older, newest[key] = sorted((run, newest.get(key, run)))
        if older != newest[key]:
            over.add(older[1])
    return over


def demands_on(api: Api, branch: str) -> Demands:
    """By the rules that hold for a branch. Raises ApiError."""
    checks: set[str] = set()
    approvals = 0
    for rule in api.read_all(f"rules/branches/{quote(branch, safe='')}"):
        given = rule.get("parameters") or {}
        if rule["type"] == "required_status_checks":
            checks |= {row["context"] for row in given.get("required_status_checks", ())}
        elif rule["type"] == "pull_request":
            approvals = max(approvals, given.get("required_approving_review_count", 0))
    return Demands(frozenset(checks), approvals)


def decision(api: Api, number: int) -> str:
    """GitHub's own word on a pull request's reviews; empty where it asks for none. Raises ApiError."""
    repository = api.repository
    data = api.graphql(_DECISION, owner=repository.owner, name=repository.name, number=number)
    return data["repository"]["pullRequest"]["reviewDecision"] or ""


def reviews_of(api: Api, number: int) -> list[Review]:
    """The last approval or objection of each reviewer. Raises ApiError."""
    last: dict[str, Review] = {}
    for row in api.read_all(f"pulls/{number}/reviews"):
        who = (row.get("user") or {}).get("login", "somebody")
        if row["state"] in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            last[who] = Review(who, row["state"], row.get("commit_id") or "")
    return list(last.values())


def runs_of(api: Api, commit: str, workflow: str) -> list[CiRun]:
    """The runs of a workflow's file on a commit, the newest first. Raises ApiError."""
    rows = _all(api, f"actions/runs?head_sha={commit}", "workflow_runs")
    own = (row for row in rows if row["path"].partition("@")[0] == workflow and row["head_sha"] == commit)
    return [
        CiRun(
            id=row["id"],
            url=row["html_url"],
            over=row["status"] == "completed",
            conclusion=row.get("conclusion") or row["status"],
            artifacts=tuple(
                left["name"]
                for left in _all(api, f"actions/runs/{row['id']}/artifacts", "artifacts")
                if not left["expired"] and left["size_in_bytes"]
            ),
        )
        for row in sorted(own, key=lambda row: row["id"], reverse=True)
    ]


def _of_run(row: dict[str, Any]) -> Literal["green", "red", "pending", "skipped"]:
    if row["status"] != "completed":
        return "pending"
    if row["conclusion"] in ("skipped", "neutral"):
        return "skipped"
    return "green" if row["conclusion"] == "success" else "red"


def _all(api: Api, path: str, key: str) -> Iterator[dict[str, Any]]:
    """The items of all pages of an answer that holds its list under a key."""
    joint = "&" if "?" in path else "?"
    for page in range(1, 100):
        rows = api.read(f"{path}{joint}per_page={_PAGE}&page={page}")[key]
        yield from rows
        if len(rows) < _PAGE:
            return
