"""Which version of a template is newer: PEP 440 tags, and commits after them. Text in, text out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from packaging.version import InvalidVersion, Version

__all__ = ["Position", "is_same", "nearest_tag", "newest_tag", "position"]

Position = tuple[Version, int]
# What `git describe --tags` calls a commit after a tag: TAG-COUNT-gCOMMIT.
_DESCRIBED = re.compile(r"(?P<tag>.+)-(?P<count>\d+)-g[0-9a-f]{4,64}")
# That, or the commit alone.
_COMMIT = re.compile(r"(?:.+-\d+-g)?(?P<commit>[0-9a-f]{4,64})")


def newest_tag(tags: Iterable[str], *, prereleases: bool = False) -> str | None:
    """The highest tag by PEP 440, as copier picks it; None where no tag is a version."""
    found = [(version, tag) for tag in tags if (version := _version(tag)) is not None]
    if not prereleases:
        found = [(version, tag) for version, tag in found if not version.is_prerelease]
    return max(found, key=lambda pair: pair[0], default=(None, None))[1]


def nearest_tag(tags: Iterable[str], name: str) -> str | None:
    """The highest tag that isn't above a version, or the lowest above it; None where none compares."""
    found = sorted((version, tag) for tag in tags if (version := _version(tag)) is not None)
    here = position(name)
    if here is None or not found:
        return None
    below = [tag for version, tag in found if version <= here[0]]
    return below[-1] if below else found[0][1]


def is_same(tags: Mapping[str, str], version: str, tag: str) -> bool:
    """Whether a recorded version and a tag name one commit; `tags` are the commits of all tags."""
    commit = tags.get(tag)
    if not commit or version in tags:
        return bool(commit) and tags.get(version) == commit
    named = _COMMIT.fullmatch(version)
    return named is not None and commit.startswith(named["commit"])


def position(name: str) -> Position | None:
    """A recorded version in an order: its tag's version and the commits since. None for a bare commit."""
    version = _version(name)
    if version is not None:
        return version, 0
    described = _DESCRIBED.fullmatch(name)
    version = _version(described["tag"]) if described else None
    return (version, int(described["count"])) if described and version is not None else None


def _version(tag: str) -> Version | None:
    try:
        return Version(tag)
    except InvalidVersion:
        return None
