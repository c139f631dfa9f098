"""CODEOWNERS, exactly as GitHub reads it: of the base branch, and the last line that matches a path decides.

Source: docs.github.com, "About code owners". The patterns are those of .gitignore but for `!`, ranges in
brackets and a leading `\\#`, which GitHub doesn't know.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from atomci.tools.git.client import Git

__all__ = ["PLACES", "CodeOwners", "OwnersFault", "OwnersRule", "Reviewers", "owners_of", "read_owners"]

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks, in this order; the first that is there counts."""

_LIMIT = 3_000_000
_OWNER = re.compile(r"@[\w-]+(?:/[\w.-]+)?|[^\s@]+@[^\s@]+\.[^\s@]+")
_TOKEN = re.compile(r"(?:\\.|[^\s\\]|\\$)+")


@dataclass(frozen=True)
class OwnersRule:
    """A line: a pattern and its owners, as `@user`, `@org/team` or an address; none take owners away."""

    line: int
    pattern: str
    owners: tuple[str, ...]

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Fits each path, from the top of the repository, that the pattern matches."""
        return _compiled(self.pattern)


@dataclass(frozen=True)
class OwnersFault:
    """A line that GitHub leaves out, and why."""

    line: int
    text: str
    why: str


@dataclass(frozen=True)
class CodeOwners:
    """What a CODEOWNERS file says; `path` is where it is."""

    path: str
    rules: tuple[OwnersRule, ...]
    faults: tuple[OwnersFault, ...] = ()

    def rule_for(self, path: str) -> OwnersRule | None:
        """The line that decides about a path; None where none matches."""
        return next((rule for rule in reversed(self.rules) if rule.regex.fullmatch(path)), None)

    def reviewers(self, paths: Iterable[str], without: Collection[str] = ()) -> Reviewers:
        """Who owns one of the paths, but for those named (the author, who was asked already).

        An address can't be asked for a review, so it is left out.
        """
        rules = (self.rule_for(path) for path in paths)
        names = dict.fromkeys(owner for rule in rules if rule for owner in rule.owners if owner[0] == "@")
        known = {name.removeprefix("@").casefold() for name in without}
        wanted = [name[1:] for name in names if name[1:].casefold() not in known]
        users = tuple(name for name in wanted if "/" not in name)
        return Reviewers(users, tuple(name for name in wanted if "/" in name))


@dataclass(frozen=True)
class Reviewers:
    """Users, and teams as `org/team`; both without the @."""

    users: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()


def owners_of(git: Git, ref: str) -> CodeOwners | None:
    """The file that GitHub would read in a commit; None where there is none, or one too large to be read."""
    for place in PLACES:
        size = git.ask("cat-file", "-s", f"{ref}:{place}")
        if size is not None:
            text = git("cat-file", "blob", f"{ref}:{place}").decode("utf-8", "replace")
            return read_owners(text, place) if int(size) <= _LIMIT else None
    return None


def read_owners(text: str, path: str = PLACES[0]) -> CodeOwners:
    """Read a file. A line that GitHub can't read is left out, and is a fault; the others count."""
    rules, faults = [], []
    for number, line in enumerate(text.splitlines(), 1):
        words = list(_words(line))
        if not words:
            continue
        pattern, *owners = words
        why = _fault(pattern, owners)
        if why:
            faults.append(OwnersFault(number, line.strip(), why))
        else:
            rules.append(OwnersRule(number, pattern, tuple(owners)))
    return CodeOwners(path, tuple(rules), tuple(faults))


def _words(line: str) -> Iterator[str]:
    for word in _TOKEN.findall(line):
        if word.startswith("#"):
            return
        yield word


def _fault(pattern: str, owners: list[str]) -> str:
    if pattern.startswith("!"):
        return "GitHub knows no ! in CODEOWNERS: write a later line without owners instead"
    if pattern.startswith("\\#"):
        return "GitHub can't match a name that begins with #"
    if pattern.endswith("\\"):
        return "it ends in a backslash"
    wrong = next((owner for owner in owners if not _OWNER.fullmatch(owner)), None)
    return f"{wrong} is no @user, @org/team or address" if wrong else ""


def _compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression of a pattern.

    Without a slash before its end it matches at any depth. What it matches may be a folder: then all below is
    matched, but not by a `*` as the last part, which is one level.
    """
    anchored = "/" in pattern.rstrip("/")
    parts = re.sub(r"\*\*(?:/\*\*)+", "**", pattern.strip("/")).split("/")
    made = "" if anchored else "(?:.*/)?"
    for part in parts[:-1]:
        made += "(?:.*/)?" if part == "**" else f"{_part(part)}/"
    last = parts[-1]
    if last == "**":
        made += ".*"
    else:
        made += _part(last)
        if pattern.endswith("/"):
            made += "/.*"
        elif last != "*":
            made += "(?:/.*)?"
    return re.compile(made, re.DOTALL)


def _part(part: str) -> str:
    made = ""
    for sign in re.findall(r"\\.|\*+|.", part, re.DOTALL):
        if sign[0] == "*":
            made += "[^/]*"
        elif sign == "?":
            made += "[^/]"
        else:
            made += re.escape(sign[-1])
    return made
