"""What a release would be now: nothing, the next version to prepare, or the prepared one to publish.

Nothing is kept between the two calls: the version in pyproject.toml, the tags and the commits say it all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packaging.version import Version

from atomci.errors import RefusedError
from atomci.release.history import History
from atomci.release.versions import BUMPS, Bump, Commit, PreRelease, bump_of, next_version, that_stand

__all__ = ["Decision", "NothingToRelease", "Prepare", "Publish", "decide"]


@dataclass(frozen=True)
class NothingToRelease:
    """No commit since the last release asks for one."""

    last: Version | None
    commits: int


@dataclass(frozen=True)
class Prepare:
    """The next version has to be written: so large a step, for these commits."""

    version: Version
    bump: Bump
    commits: tuple[Commit, ...]


@dataclass(frozen=True)
class Publish:
    """The version is written; it has to be published under this tag, or to be looked at whether it was."""

    version: Version
    tag: str
    commits: tuple[Commit, ...]


Decision = NothingToRelease | Prepare | Publish


def decide(
    history: History,
    written: Version | None,
    *,
    has_notes: bool = False,
    pre: PreRelease | None = None,
    asked: Version | None = None,
    bumps: Mapping[str, Bump] = BUMPS,
) -> Decision:
    """Decide. `written` is the version in pyproject.toml, None where tags make it, as with hatch-vcs.

    `has_notes` says that the changelog has a section of the written version; `asked` is a version that
    somebody wants, such as 1.0.0. Raises RefusedError where file, tags and commits disagree.
    """
    standing = tuple(that_stand(history.commits))
    newest = history.tags[0].version if history.tags else None
    if written is not None and (newest is None or written > newest):
        return _prepared(history, written, standing, has_notes, bumps)
    if written is not None and newest is not None and written < newest:
        raise _disagree(written, history.tags[0].name)
    bump = bump_of((commit.message for commit in standing), bumps)
    if asked is None and (bump is None or _at_a_release(history, pre)):
        return NothingToRelease(newest, len(history.commits))
    last = history.final.version if history.final else None
    version = asked or next_version(last, bump or "patch", pre, history.announced)
    _refuse_taken(history, version, newest)
    if written is None:
        return Publish(version, f"{history.prefix}{version}", standing)
    return Prepare(version, bump or "patch", standing)


def _at_a_release(history: History, pre: PreRelease | None) -> bool:
    """Whether HEAD is the newest release itself; of a pre-release the final one may still be wanted."""
    newest = history.tags[0] if history.tags else None
    final = newest is not None and not newest.version.is_prerelease
    return newest is not None and newest.commit == history.head and (final or pre is not None)


def _prepared(
    history: History,
    written: Version,
    standing: tuple[Commit, ...],
    has_notes: bool,
    bumps: Mapping[str, Bump],
) -> Publish:
    """A version that is higher than each tag: prepared by the first call, or written by mistake."""
    if history.tags and not has_notes and not _follows(history, written, standing, bumps):
        raise _disagree(written, history.tags[0].name)
    taken = history.tag_of(written)
    if taken is not None:
        raise _taken(written, taken.name)
    return Publish(written, f"{history.prefix}{written}", standing)


def _follows(
    history: History, written: Version, standing: tuple[Commit, ...], bumps: Mapping[str, Bump]
) -> bool:
    bump = bump_of((commit.message for commit in standing), bumps)
    last = history.final.version if history.final else None
    pre = written.pre[0] if written.pre else None
    kind: PreRelease | None = next((name for name in ("a", "b", "rc") if name == pre), None)
    return bump is not None and next_version(last, bump, kind, history.announced) == written


def _refuse_taken(history: History, version: Version, newest: Version | None) -> None:
    taken = history.tag_of(version)
    if taken is not None:
        raise _taken(version, taken.name)
    if newest is not None and version <= newest:
        raise RefusedError(f"{version} isn't higher than the last release, {newest}", "ask for a higher one")


def _taken(version: Version, tag: str) -> RefusedError:
    return RefusedError(
        f"there is a tag {tag} already, of a commit that isn't in this branch",
        f"git log {tag}; if {version} was released from there, merge it, or ask for a higher version",
    )


def _disagree(written: Version, tag: str) -> RefusedError:
    return RefusedError(
        f"file and tag disagree: pyproject.toml says {written}, and the last tag is {tag}",
        f"write the version of {tag} into pyproject.toml, to let the commits say the next one; "
        f"or give CHANGELOG.md a section of {written}, to release that",
    )
