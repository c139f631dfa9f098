"""Heads of the log that were kept where a writer can't quietly change them: in tags and in commits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from atomci.audit.chain import Anchored, Chain, Head
from atomci.tools.git.client import Git, GitFailed
from atomci.tools.process import ToolMissing

__all__ = ["TRAILER", "anchors_in", "of_this_log"]

TRAILER = "Audit-Head"
"""The trailer of a commit, or the line of a tag's message, that holds a head."""

_LINE = re.compile(rf"^{TRAILER}: +(\S+)$", re.MULTILINE | re.IGNORECASE)


def anchors_in(git: Git) -> Anchored:
    """The heads that tags and the commits behind HEAD hold, by what holds them; none without git."""
    try:
        return dict(_found(git))
    except (GitFailed, ToolMissing):
        return {}


def of_this_log(anchors: Anchored, chain: Chain) -> Anchored:
    """Those that name this very log; the others are of logs of other machines, or of one that was removed."""
    head = chain.head
    return {where: kept for where, kept in anchors.items() if head is None or kept.log == head.log}


def _found(git: Git) -> Iterator[tuple[str, Head]]:
    tags = git("for-each-ref", "--format=%(refname:lstrip=2)%00%(contents)%00%00", "refs/tags")
    yield from _heads("the tag ", tags.decode("utf-8", "replace").split("\0\0\n"))
    if git.commit() is None:
        return
    words = ("log", "-z", "--format=%h%x00%B%x00", "--regexp-ignore-case", f"--grep=^{TRAILER}: ")
    yield from _heads("the commit ", git(*words).decode("utf-8", "replace").split("\0\0"))


def _heads(kind: str, pieces: list[str]) -> Iterator[tuple[str, Head]]:
    for piece in pieces:
        name, _, text = piece.partition("\0")
        for found in _LINE.findall(text):
            head = Head.parsed(found)
            if head is not None:
                yield f"{kind}{name.strip()}", head
