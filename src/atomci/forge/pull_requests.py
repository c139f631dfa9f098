"""Pull requests of a repository on GitHub: read, opened, edited, made drafts or ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from atomci.forge.api import Api

__all__ = ["PullRequest", "edited", "fail_commit", "holding", "latest", "made_draft", "made_ready", "opened"]

_DRAFT = "mutation($id:ID!){convertPullRequestToDraft(input:{pullRequestId:$id}){pullRequest{isDraft}}}"
_READY = "mutation($id:ID!){markPullRequestReadyForReview(input:{pullRequestId:$id}){pullRequest{isDraft}}}"


@dataclass(frozen=True)
class PullRequest:
    """One pull request; `node` is its id in GraphQL."""

    number: int
    node: str
    url: str
    title: str
    body: str
    draft: bool
    state: Literal["open", "closed"]
    merged: bool
    head: str = ""
    """The commit at its tip."""
    base: str = ""
    """The branch that it is to go into."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> PullRequest:
        """What GitHub's JSON says."""
        return cls(
            number=row["number"],
            node=row["node_id"],
            url=row["html_url"],
            title=row["title"],
            # An edit in the browser gives Windows' line ends.
            body=(row["body"] or "").replace("\r\n", "\n"),
            draft=bool(row.get("draft")),
            state=row["state"],
            merged=row.get("merged_at") is not None,
            head=row["head"]["sha"],
            base=row["base"]["ref"],
        )


def latest(api: Api, branch: str) -> PullRequest | None:
    """The open pull request of a branch, else the one opened last; None where there never was one."""
    head = quote(f"{api.repository.owner}:{branch}", safe="")
    rows = api.read_all(f"pulls?state=all&sort=created&direction=desc&head={head}")
    found = [PullRequest.of(row) for row in rows]
    return next((row for row in found if row.state == "open"), found[0] if found else None)


def holding(api: Api, commit: str) -> PullRequest | None:
    """The pull request whose tip is the commit, or that became it when it was merged. Raises ApiError."""
    rows = api.read_all(f"commits/{commit}/pulls")
    own = [row for row in rows if commit in (row["head"]["sha"], row.get("merge_commit_sha"))]
    found = [PullRequest.of(row) for row in own]
    return next((row for row in found if row.state == "open"), found[0] if found else None)


def opened(api: Api, branch: str, base: str, title: str, body: str, *, draft: bool) -> PullRequest:
    """Open a pull request from a branch into another. Raises ApiError."""
    data = {"head": branch, "base": base, "title": title, "body": body, "draft": draft}
    return PullRequest.of(api.write("POST", "pulls", data))


def edited(api: Api, pull: PullRequest, title: str, body: str) -> PullRequest:
    """The pull request with this title and body; nothing is sent where it has them. Raises ApiError."""
    if (pull.title, pull.body) == (title, body):
        return pull
    return PullRequest.of(api.write("PATCH", f"pulls/{pull.number}", {"title": title, "body": body}))


def made_draft(api: Api, pull: PullRequest) -> None:
    """Turn it into a draft, which REST can't. Raises ApiError."""
    if not pull.draft:
        api.graphql(_DRAFT, id=pull.node)


def made_ready(api: Api, pull: PullRequest) -> None:
    """Turn a draft into a pull request that can be merged, which REST can't. Raises ApiError."""
    if pull.draft:
        api.graphql(_READY, id=pull.node)


def fail_commit(api: Api, commit: str, check: str, why: str) -> bool:
    """Give a commit a check that failed, unless it has it; later commits don't. Raises ApiError."""
    found = api.read(f"commits/{commit}/status")["statuses"]
    if any(row["context"] == check for row in found):
        return False
    api.write("POST", f"statuses/{commit}", {"state": "failure", "context": check, "description": why})
    return True
