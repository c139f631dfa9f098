"""Commit messages after Conventional Commits 1.0: one reading, for lint, next version and changelog.

Source: https://www.conventionalcommits.org/en/v1.0.0/. Where the usual linters disagree, the stricter one is
followed, but git's own messages of merges and reverts are never wrong.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

__all__ = ["TYPES", "Footer", "Message", "MessageKind", "faults_of", "read_message"]

TYPES = ("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test")
"""The types of the convention and of those who follow it (commitlint's usual list)."""

MessageKind = Literal["conventional", "merge", "revert", "autosquash", "other"]
"""`revert` is one that git wrote; `autosquash` is a fixup!, squash! or amend! that waits for a rebase."""

_HEADER = re.compile(
    r"(?P<type>[^\s:()!]+)(?:\((?P<scope>[^()\r\n]*)\))?(?P<mark>!)?:(?P<space> *)(?P<subject>.*)"
)
_MERGE = re.compile(r"Merge (branch|branches|tag|commit|pull request|remote-tracking branch|\S+ into)\b")
_REVERT = re.compile(r'(?:Revert|Reapply) "')
_AUTOSQUASH = re.compile(r"(?:fixup|squash|amend)! ")
_REVERTED = re.compile(r"\bThis reverts commit ([0-9a-f]{7,64})\b")
_BREAKING = re.compile(r"BREAKING[ -]CHANGE: +\S")
_FOOTER = re.compile(r"(?P<token>BREAKING CHANGE|[A-Za-z][A-Za-z0-9-]*)(?:: +| +(?=#))(?P<value>\S.*)")


@dataclass(frozen=True)
class Footer:
    """One footer; its value may go over several lines."""

    token: str
    value: str


@dataclass(frozen=True)
class Message:
    """What a message says. `type` is "" where it isn't conventional; `reverts` are ids as written."""

    kind: MessageKind
    subject: str
    type: str
    scope: str | None
    breaking: bool
    body: str
    footers: tuple[Footer, ...]
    reverts: tuple[str, ...]


def read_message(text: str) -> Message:
    """Read any message; one that isn't conventional is `other`, and its first line the subject.

    A line that begins with `BREAKING CHANGE: ` counts wherever it stands: history can't be written again, and
    a version that hides a breaking change does harm.
    """
    header, _, rest = text.strip("\r\n").replace("\r\n", "\n").partition("\n")
    body, footers = _parts(rest)
    reverts = tuple(_REVERTED.findall(rest))
    match = _HEADER.fullmatch(header)
    kind = _kind(header, match)
    breaking = any(_BREAKING.match(line) for line in rest.splitlines())
    if match is None:
        return Message(kind, header.strip(), "", None, breaking, body, footers, reverts)
    return Message(
        kind,
        match["subject"].strip(),
        match["type"].lower(),
        (match["scope"] or "").strip() or None,
        breaking or bool(match["mark"]),
        body,
        footers,
        reverts,
    )


def faults_of(text: str, types: Collection[str] = TYPES, *, shared: bool = False) -> tuple[str, ...]:
    """What is wrong with a message, none where it keeps to the convention.

    `shared` is true where others get it, as in a pull request: there a `fixup!` should have been squashed.
    """
    header, _, rest = text.strip("\r\n").replace("\r\n", "\n").partition("\n")
    match = _HEADER.fullmatch(header)
    kind = _kind(header, match)
    if not header.strip():
        return ("the message is empty",)
    if kind in ("merge", "revert"):
        return ()
    if kind == "autosquash":
        return (
            ("a commit that waits to be squashed: git rebase --interactive --autosquash",) if shared else ()
        )
    if match is None:
        return ("the first line isn't TYPE: SUBJECT or TYPE(SCOPE): SUBJECT",)
    return (*_header_faults(match, types), *_body_faults(rest))


def _kind(header: str, match: re.Match[str] | None) -> MessageKind:
    if _MERGE.match(header):
        return "merge"
    if _REVERT.match(header):
        return "revert"
    if _AUTOSQUASH.match(header):
        return "autosquash"
    return "conventional" if match else "other"


def _header_faults(match: re.Match[str], types: Collection[str]) -> list[str]:
    found = []
    if match["type"] not in types:
        near = difflib.get_close_matches(match["type"].lower(), sorted(types), 1, 0.5)
        meant = f"did you mean {near[0]}? " if near else ""
        found.append(f"there is no type {match['type']}: {meant}there are {', '.join(sorted(types))}")
    if match["scope"] is not None and not match["scope"].strip():
        found.append("the scope in the parentheses is empty: name one, or leave the parentheses out")
    if not match["subject"].strip():
        found.append("nothing is said after the colon")
    elif not match["space"]:
        found.append("a space is missing after the colon")
    return found


def _body_faults(rest: str) -> list[str]:
    lines = rest.split("\n")
    found = []
    if rest and lines[0].strip():
        found.append("a blank line is missing after the first line")
    footers = {footer.value.split("\n")[0] for footer in _parts(rest)[1]}
    breaking = (line for line in lines if _BREAKING.match(line))
    if any(line.partition(":")[2].strip() not in footers for line in breaking):
        found.append("a blank line is missing before BREAKING CHANGE")
    return found


def _parts(rest: str) -> tuple[str, tuple[Footer, ...]]:
    """The body, and the footers: the paragraphs at the end that begin with one."""
    paragraphs = [part for part in re.split(r"\n[ \t]*\n", rest.strip("\n")) if part.strip()]
    found: list[Footer] = []
    while paragraphs and (footers := _footers(paragraphs[-1])):
        found = [*footers, *found]
        paragraphs.pop()
    return "\n\n".join(paragraphs), tuple(found)


def _footers(paragraph: str) -> list[Footer]:
    """Those of one paragraph, none where its first line is none; other lines go on with the one before."""
    found: list[Footer] = []
    for line in paragraph.split("\n"):
        match = _FOOTER.fullmatch(line.rstrip())
        if match:
            found.append(Footer(match["token"], match["value"]))
        elif not found:
            return []
        else:
            found[-1] = Footer(found[-1].token, f"{found[-1].value}\n{line.strip()}")
    return found
