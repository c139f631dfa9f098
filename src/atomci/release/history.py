"""What a repository knows of its releases: tags that name versions, and the commits since the last one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from atomci.errors import RefusedError
from atomci.release.messages import read_message
from atomci.release.versions import Commit
from atomci.tools.git.client import Git

__all__ = ["History", "Tag", "read_history"]


@dataclass(frozen=True)
class Tag:
    """A tag that names a version: its name, what stands before the version, the version and the commit."""

    name: str
    prefix: str
    version: Version
    commit: str


@dataclass(frozen=True)
class History:
    """Releases that HEAD has behind it, the newest version first, and the commits since the last final one.

    `elsewhere` are versions with a tag that HEAD hasn't behind it; `foreign` are tags that name no version.
    """

    head: str
    tags: tuple[Tag, ...]
    commits: tuple[Commit, ...]
    elsewhere: tuple[Tag, ...]
    foreign: tuple[str, ...]

    @property
    def final(self) -> Tag | None:
        """The newest release that is no pre-release."""
        return _final(self.tags)

    @property
    def announced(self) -> tuple[Version, ...]:
        """The pre-releases since the newest final release."""
        floor = self.final.version if self.final else None
        later = (tag.version for tag in self.tags if floor is None or tag.version > floor)
        return tuple(version for version in later if version.is_prerelease)

    @property
    def prefix(self) -> str:
        """What stands before the version in the newest tag: "v" where there is none yet."""
        return self.tags[0].prefix if self.tags else "v"

    def tag_of(self, version: Version) -> Tag | None:
        """The tag of a version, wherever it is."""
        return next((tag for tag in (*self.tags, *self.elsewhere) if tag.version == version), None)


def read_history(git: Git, prefix: str = "") -> History:
    """Read it. `prefix` is what the tags of this package begin with, where a repository holds several.

    Raises RefusedError in a shallow clone, whose history begins too late for an answer, and without a commit.
    """
    head = git.commit()
    if head is None:
        raise RefusedError(
            "there is no commit yet, so there is nothing to release", "git commit, then try again"
        )
    if git.ask("rev-parse", "--is-shallow-repository") == "true":
        raise RefusedError(
            "this is a shallow clone: it lacks the commits and tags that the next version follows from",
            "git fetch --unshallow --tags; in a workflow, actions/checkout with fetch-depth: 0",
        )
    found, foreign = _tags(git, prefix)
    behind = set(git("tag", "--merged", head).decode("utf-8", "replace").split("\n"))
    tags = sorted((tag for tag in found if tag.name in behind), key=lambda tag: tag.version, reverse=True)
    elsewhere = tuple(tag for tag in found if tag.name not in behind)
    final = _final(tags)
    commits = tuple(_commits(git, final.commit if final else None, head))
    return History(head, tuple(tags), commits, elsewhere, tuple(foreign))


def _final(tags: Iterable[Tag]) -> Tag | None:
    return next((tag for tag in tags if not tag.version.is_prerelease), None)


def _tags(git: Git, prefix: str) -> tuple[list[Tag], list[str]]:
    said = git("for-each-ref", "--format=%(refname:lstrip=2)%00%(objectname)%00%(*objectname)", "refs/tags")
    found, foreign = [], []
    for row in said.decode("utf-8", "replace").splitlines():
        name, own, peeled = row.split("\0")
        tag = _tag(name, prefix, peeled or own)
        if tag:
            found.append(tag)
        else:
            foreign.append(name)
    return found, foreign


def _tag(name: str, prefix: str, commit: str) -> Tag | None:
    rest = name.removeprefix(prefix)
    letter = "v" if rest[:1] == "v" else ""
    if not name.startswith(prefix) or not rest.removeprefix(letter)[:1].isdigit():
        return None
    try:
        return Tag(name, prefix + letter, Version(rest.removeprefix(letter)), commit)
    except InvalidVersion:
        return None


def _commits(git: Git, since: str | None, head: str) -> Iterator[Commit]:
    """Newest first; whatever the clocks said, a revert comes before what it reverts."""
    words = (f"^{since}",) if since else ()
    said = git("log", "-z", "--topo-order", "--format=%H %P%n%B", *words, head)
    for piece in filter(None, said.decode("utf-8", "replace").split("\0")):
        ids, _, text = piece.partition("\n")
        oid, *parents = ids.split()
        yield Commit(oid, read_message(text), len(parents) > 1)
