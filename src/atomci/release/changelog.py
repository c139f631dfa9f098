"""A changelog that people write (https://keepachangelog.com), at a release: not a byte of theirs changes.

What changes is the heading of `Unreleased`, which becomes the version's, and the link of that name. What is
added is a new empty `Unreleased`, and a line for each commit that no line tells of. Text keeps its own line
endings; bytes that aren't UTF-8 must be decoded with `surrogateescape`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from packaging.version import InvalidVersion, Version

from atomci.release.versions import Commit

__all__ = ["has_section", "notes_of", "released"]

_HEADING = re.compile(r"(?P<marks>##)(?P<space>[ \t]+)(?P<name>.*?)(?P<end>[ \t]*\r?\n?)", re.DOTALL)
_UNRELEASED = re.compile(r"\[?unreleased\]?(?:\(.*\))?", re.IGNORECASE)
_NUMBER = re.compile(r"\[?v?(?P<version>\d[^\]\s]*)\]?")
_LINK = re.compile(
    r"\[unreleased\]:[ \t]*(?P<url>\S+?/compare/)(?P<old>\S+?)\.\.\.(?P<head>\S+)", re.IGNORECASE
)
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_PULL = re.compile(r"#(\d+)\b")
_TITLE = "# Changelog"
_GROUPS = {"feat": "Added", "fix": "Fixed"}


@dataclass(frozen=True)
class _Section:
    """A heading of the second level: its line, what it names, and the line where the next one begins."""

    start: int
    name: str
    stop: int


def has_section(text: str, version: Version) -> bool:
    """Whether the changelog has a section of the version."""
    return _of_version(_sections(_lines(text)), version) is not None


def notes_of(text: str, version: Version) -> str | None:
    """What the changelog says of a version, without the heading; None where it has no section of it."""
    lines = _lines(text)
    section = _of_version(_sections(lines), version)
    if section is None:
        return None
    body = [line for line in lines[section.start + 1 : section.stop] if not re.match(r"\[[^\]]+\]: ", line)]
    return "".join(body).replace("\r\n", "\n").strip("\n")


def released(text: str, version: Version, on: date, commits: Sequence[Commit], tag: str) -> str:
    """The changelog with the version released: the same, where it has a section of it already.

    `commits` are those that ask for a line, the newest first; `tag` is the version's, for its link.
    """
    if has_section(text, version):
        return text
    lines = _lines(text)
    end = "\r\n" if any(line.endswith("\r\n") for line in lines) else "\n"
    if not text.strip("\ufeff \t\r\n"):
        lines = [*_ended(lines, end), f"{_TITLE}{end}"]
    section = next((s for s in _sections(lines) if _UNRELEASED.fullmatch(s.name)), None)
    if section is None:
        section = _opened(lines, end)
    heading = _HEADING.fullmatch(lines[section.start])
    name = heading["name"] if heading else "[Unreleased]"
    linked = any(_LINK.match(line) for line in lines)
    bracket = name.startswith("[") and (linked or "](" not in name)
    new = f"## [{version}] - {on}{end}" if bracket else f"## {version} - {on}{end}"
    kept = name.partition("](")[0] + "]" if "](" in name else name
    body = _told(lines[section.start + 1 : section.stop], commits, end)
    lines[section.start : section.stop] = [f"## {kept}{end}", end, new, *body]
    return "".join(_linked(lines, version, tag, end))


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one, so that nothing else is split or joined."""
    return re.findall(r"[^\n]*\n|[^\n]+\Z", text)


def _sections(lines: Sequence[str]) -> list[_Section]:
    """Those outside of blocks of code and comments."""
    starts = [(at, match["name"]) for at in _outside(lines) if (match := _HEADING.fullmatch(lines[at]))]
    stops = [*(at for at, _ in starts[1:]), len(lines)]
    return [_Section(at, name, stop) for (at, name), stop in zip(starts, stops, strict=False)]


def _outside(lines: Sequence[str]) -> Iterator[int]:
    fence, comment = "", False
    for at, line in enumerate(lines):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif comment:
            comment = "-->" not in line
        elif mark:
            fence = mark[1]
        elif "<!--" in line and "-->" not in line.rpartition("<!--")[2]:
            comment = True
        else:
            yield at


def _of_version(sections: Sequence[_Section], version: Version) -> _Section | None:
    for section in sections:
        match = _NUMBER.match(section.name)
        try:
            if match and Version(match["version"]) == version:
                return section
        except InvalidVersion:
            continue
    return None


def _opened(lines: list[str], end: str) -> _Section:
    """A new section `Unreleased`: above the first version, else at the end, but in no open block of code."""
    first = next((s.start for s in _sections(lines) if _NUMBER.match(s.name)), None)
    if first is not None:
        lines[first:first] = [f"## Unreleased{end}", end]
        return _Section(first, "Unreleased", first + 2)
    at = max(_outside(lines), default=-1) + 1
    lines[:at] = [*_ended(lines[:at], end), end, f"## Unreleased{end}"]
    at = next(n for n, line in enumerate(lines) if n >= at and line == f"## Unreleased{end}")
    return _Section(at, "Unreleased", at + 1)


def _told(body: list[str], commits: Sequence[Commit], end: str) -> list[str]:
    """The section's body with a line for each commit that none tells of, in its group."""
    told = "".join(body)
    missing = [commit for commit in commits if not _tells(told, commit)]
    groups: dict[str, list[str]] = {}
    for commit in missing:
        groups.setdefault(_GROUPS.get(commit.message.type, "Changed"), []).append(_bullet(commit) + end)
    for group, bullets in sorted(groups.items()):
        body = _with_group(body, group, bullets, end)
    return body


def _tells(told: str, commit: Commit) -> bool:
    """Whether a text names a commit by its id, its pull request or its subject."""
    pulls = _PULL.findall(commit.message.subject)
    subject = _PULL.sub("", commit.message.subject).strip(" ()")
    by_number = any(re.search(rf"#{number}\b|/pull/{number}\b", told) for number in pulls)
    return by_number or commit.oid[:7] in told or subject.casefold() in told.casefold()


def _bullet(commit: Commit) -> str:
    message = commit.message
    scope = f"{message.scope}: " if message.scope else ""
    return f"- {'**Breaking:** ' if message.breaking else ''}{scope}{message.subject}"


def _with_group(body: list[str], group: str, bullets: list[str], end: str) -> list[str]:
    """A group's lines after its last one; a group that isn't there goes before the links at the end."""
    outside = set(_outside(body))
    heads = [at for at in sorted(outside) if re.match(r"###[ \t]", body[at])]
    own = next((at for at in heads if body[at].strip("# \t\r\n").casefold() == group.casefold()), None)
    if own is not None:
        stop = next((at for at in heads if at > own), _before_links(body))
        at = next((n + 1 for n in range(stop - 1, own, -1) if body[n].strip()), own + 1)
        gap = [] if at > own + 1 else [end]
        return [*_ended(body[:at], end), *gap, *bullets, *body[at:]]
    at = next((n + 1 for n in range(_before_links(body) - 1, -1, -1) if body[n].strip()), 0)
    new = [end, f"### {group}{end}", end, *bullets]
    return [*_ended(body[:at], end), *new, *(body[at:] or [end])]


def _ended(lines: list[str], end: str) -> list[str]:
    """The same, where what follows begins a line of its own."""
    return [*lines, end] if lines and not lines[-1].endswith("\n") else lines


def _before_links(body: list[str]) -> int:
    at = len(body)
    while at and (not body[at - 1].strip() or re.match(r"\[[^\]]+\]: ", body[at - 1])):
        at -= 1
    return at


def _linked(lines: list[str], version: Version, tag: str, end: str) -> Iterator[str]:
    for line in lines:
        match = _LINK.match(line)
        if match is None:
            yield line
            continue
        yield f"{line[: match.start('old')]}{tag}...{match['head']}{line[match.end() :]}"
        if not line.endswith("\n"):
            yield end
        yield f"[{version}]: {match['url']}{match['old']}...{tag}{end if line.endswith(chr(10)) else ''}"
