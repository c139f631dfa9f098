"""The body of an update's pull request, in Markdown. Text only: nothing is asked or sent.

Between two comments the body is ours; what people write before and behind them stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from atomci.artifacts.printed.sync import FileChange, Update
from atomci.forge.remote import repository_of
from atomci.visible import visible

__all__ = ["Mark", "body_of", "mark_of"]

_END = "<!-- atomci:end -->"
_START = re.compile(r"<!-- atomci:template-update version=(?P<version>\S*) state=(?P<state>\w+) -->\n")
# `git describe` of a commit behind a tag.
_DESCRIBED = re.compile(r"^.+-\d+-g([0-9a-f]{4,})$")
# Characters of one list; GitHub takes 65536 of the whole.
_ROWS = 10000
_WORDS = {
    "replaced": "replaced; your edit stays in git's history",
    "kept-deleted": "the template changed it, and you had deleted it: it stays deleted",
    "corrected-upstream": "yours; the template corrected its own: check whether you want that too",
    "ignored": "git ignores it here, so it is left alone",
}


@dataclass(frozen=True)
class Mark:
    """What a body says to the next run: the version it is about, quoted, and whether it has conflicts."""

    version: str
    conflicts: bool

    def about(self, version: str) -> bool:
        """Whether it is about a version."""
        return self.version == quote(version, safe="")


def body_of(
    update: Update,
    conflicts: Sequence[str],
    branch: str,
    location: str,
    before: str = "",
    unfinished: str = "",
) -> str:
    """The body. `location` is the template's address for git, `before` the body that there is by now,
    `unfinished` what is left to do besides conflicts.
    """
    state = "conflicts" if conflicts else "clean"
    start = f"<!-- atomci:template-update version={quote(update.after, safe='')} state={state} -->"
    parts = [_versions(update, location), *_parts(update, conflicts, branch, unfinished)]
    ours = "\n\n".join([f"{start}\n{parts[0]}", *parts[1:], _END])
    found = _START.search(before)
    if found is None:
        return f"{ours}\n\n{before}" if before.strip() else ours
    head, tail = before[: found.start()], before[found.end() :].partition(_END)[2]
    return f"{head}{ours}{tail}"


def mark_of(body: str) -> Mark | None:
    """The mark of a body that this made, None for others."""
    found = _START.search(body)
    return Mark(found["version"], found["state"] == "conflicts") if found else None


def _versions(update: Update, location: str) -> str:
    there = repository_of(location)
    text = f"{_code(update.template)}: {_code(update.before)} to {_code(update.after)}."
    if there is None or update.before == update.after:
        return text
    pair = "...".join(quote(_DESCRIBED.sub(r"\1", name), safe="") for name in (update.before, update.after))
    return f"{text} [What changed in the template](https://{there}/compare/{pair})"


def _parts(update: Update, conflicts: Sequence[str], branch: str, unfinished: str) -> Iterator[str]:
    if conflicts:
        yield _conflicts(update, branch)
    elif unfinished:
        yield f"No conflicts, but {_code(unfinished)}"
    else:
        yield "No conflicts. Look at it, and merge it when its checks are green."
    if files := [change for change in update.files if change.change != "conflicted"]:
        yield "### Files\n\n" + _rows(_file(change) for change in files)
    if update.answers:
        rows = (f"- {_code(a.name)}: {_value(a.before)} to {_value(a.after)}" for a in update.answers)
        yield "### Answers\n\n" + _rows(rows)
    if update.pins:
        rows = (
            f"- {_code(p.path)}: {_code(p.pin)} {_code(p.taken)}, the higher of yours ({_code(p.ours)}) "
            f"and the template's ({_code(p.theirs)})"
            for p in update.pins
        )
        yield "### Pins that both sides moved\n\n" + _rows(rows)
    if update.migrations:
        rows = (
            f"- {_code(s.id)}: {_code('skipped' if s.skipped else s.effect)}; {_code(s.reason)}"
            for s in update.migrations
        )
        yield "### Migrations\n\n" + _rows(rows)
    yield (
        "Made by `atomci update --pull-request`, which keeps it up to date until somebody else commits to "
        f"{_code(branch)}: such commits are never overwritten. Closed, it doesn't come back for this version."
    )


def _conflicts(update: Update, branch: str) -> str:
    rows = [change for change in update.files if change.change == "conflicted"]
    listed = _rows(f"- {_code(row.path)}: {_code(row.detail or 'content')}" for row in rows)
    return (
        "### In conflict\n\n"
        "You and the template changed the same lines. The branch has git's conflict markers, or what you "
        f"had where a file can't have any, so this is a draft:\n\n{listed}\n\n"
        "Resolve them on the branch:\n\n"
        f"```console\n$ git fetch origin\n$ git switch {branch}\n"
        "$ git add FILE    # each of the above, when it is resolved\n$ git commit\n$ git push\n```\n\n"
        "then mark this pull request as ready for review. Or do the whole update on your machine, where git "
        f"knows both sides: {_code(f'atomci update --to {update.after}')}."
    )


def _file(change: FileChange) -> str:
    was = f" (was {_code(change.renamed_from)})" if change.renamed_from else ""
    return f"- {_code(change.path)}{was}: {_WORDS.get(change.change, change.change)}"


def _rows(rows: Iterator[str] | Sequence[str]) -> str:
    """Rows as long as GitHub takes them."""
    kept: list[str] = []
    every = list(rows)
    for row in every:
        if sum(map(len, kept)) + len(row) > _ROWS:
            kept.append(f"- and {len(every) - len(kept)} more")
            break
        kept.append(row)
    return "\n".join(kept)


def _value(value: Any) -> str:
    return "nothing" if value is None else _code(str(value))


def _code(text: str) -> str:
    """Text in which nothing is markup, a mention, a reference or a comment's end."""
    plain = visible(text.strip())[:300].replace("-->", "->")
    longest = max(map(len, re.findall("`+", plain)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{plain or ' '}{space}{fence}"
