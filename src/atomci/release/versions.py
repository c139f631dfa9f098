"""The next version of a project after PEP 440, from what its commits say since the last release.

Versions are `packaging`'s. Below 1.0 a breaking change makes the next minor one: 1.0 is a promise, and people
make it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from packaging.version import Version

from atomci.release.messages import Message

__all__ = ["BUMPS", "Bump", "Commit", "PreRelease", "bump_of", "next_version", "that_stand"]

Bump = Literal["patch", "minor", "major"]
PreRelease = Literal["a", "b", "rc"]

BUMPS: Mapping[str, Bump] = {"feat": "minor", "fix": "patch", "perf": "patch"}
"""What a commit of a type asks for; one of another type asks for nothing, unless it breaks something."""

_ORDER: tuple[Bump, ...] = ("patch", "minor", "major")


@dataclass(frozen=True)
class Commit:
    """A commit with what its message says. A merge doesn't count: the commits that it brings do."""

    oid: str
    message: Message
    is_merge: bool = False


def that_stand(commits: Sequence[Commit]) -> list[Commit]:
    """Without merges, and without what was reverted again and its revert; commits with the newest first.

    A revert of something older stays: it takes back what a release already has.
    """
    gone: set[str] = set()
    for commit in commits:
        if commit.oid in gone or commit.is_merge:
            continue
        reverted = [other.oid for name in commit.message.reverts for other in _named(commits, name)]
        if reverted and len(reverted) == len(commit.message.reverts):
            gone |= {commit.oid, *reverted}
    return [commit for commit in commits if commit.oid not in gone and not commit.is_merge]


def bump_of(messages: Iterable[Message], bumps: Mapping[str, Bump] = BUMPS) -> Bump | None:
    """The largest step that one of them asks for; None where none asks for a release.

    git's own revert of something that was released is a `fix`.
    """
    asked = [_asked(message, bumps) for message in messages]
    return max(filter(None, asked), key=_ORDER.index, default=None)


def next_version(
    last: Version | None, bump: Bump, pre: PreRelease | None, before: Iterable[Version]
) -> Version:
    """The version after the final release `last`, as a pre-release where `pre` says so.

    `before` are the pre-releases made since: the next version is never below what they announced, and a
    further pre-release counts on. Without any release it is 0.1.0, or what the pre-releases announced.
    """
    announced = list(before)
    wanted = _stepped(last, bump) if last else Version("0.1.0")
    if announced and (not last or _base(max(announced)) > wanted):
        wanted = _base(max(announced))
    if pre is None:
        return wanted
    numbers = [v.pre[1] for v in announced if v.pre and v.pre[0] == pre and _base(v) == wanted]
    return Version(f"{wanted}{pre}{max(numbers, default=0) + 1}")


def _named(commits: Sequence[Commit], name: str) -> list[Commit]:
    return [commit for commit in commits if commit.oid.startswith(name)][:1]


def _asked(message: Message, bumps: Mapping[str, Bump]) -> Bump | None:
    if message.breaking:
        return "major"
    return bumps.get("fix" if message.kind == "revert" else message.type)


def _base(version: Version) -> Version:
    return Version(f"{version.epoch}!{version.base_version.rpartition('!')[2]}")


def _stepped(last: Version, bump: Bump) -> Version:
    major, minor, micro = last.major, last.minor, last.micro
    if bump == "major" and major > 0:
        release = (major + 1, 0, 0)
    elif bump != "patch":
        release = (major, minor + 1, 0)
    else:
        release = (major, minor, micro + 1)
    return Version(f"{last.epoch}!{'.'.join(map(str, release))}")
