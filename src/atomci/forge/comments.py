"""The one comment of ours on a pull request: written once, then edited in place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from atomci.forge.api import Api

__all__ = ["commented"]

# The last hundred: whoever has more of them in between gets a new comment at the end.
_OURS = (
    "query($owner:String!,$name:String!,$number:Int!){repository(owner:$owner,name:$name)"
    "{pullRequest(number:$number){comments(last:100){nodes{databaseId body url viewerDidAuthor}}}}}"
)


def commented(api: Api, number: int, name: str, body: str) -> str:
    """Make the comment of that name on the pull request say this, and give its address. Raises ApiError.

    Only a comment that this login wrote is edited, whatever others write. Where two jobs made one each at the
    same time, the later one is removed.
    """
    marker = f"<!-- atomci: {re.sub(r'[^A-Za-z0-9_. -]', '', name)} -->"
    text = f"{marker}\n{body}"
    ours = [row for row in _own(api, number) if row["body"].startswith(marker)]
    if not ours:
        return str(api.write("POST", f"issues/{number}/comments", {"body": text})["html_url"])
    first, *others = ours
    for row in others:
        api.write("DELETE", f"issues/comments/{row['databaseId']}")
    # An edit in the browser gives Windows' line ends.
    if first["body"].replace("\r\n", "\n").rstrip() != text.rstrip():
        api.write("PATCH", f"issues/comments/{first['databaseId']}", {"body": text})
    return str(first["url"])


def _own(api: Api, number: int) -> list[Mapping[str, Any]]:
    where = {"owner": api.repository.owner, "name": api.repository.name, "number": number}
    found = api.graphql(_OURS, **where)["repository"]["pullRequest"]
    return [row for row in found["comments"]["nodes"] if row["viewerDidAuthor"]]
