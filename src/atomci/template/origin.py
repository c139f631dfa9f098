"""A template that lies in a clone on this machine, as others reach it: by the clone's origin."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from atomci.template.repository import Release, Template
from atomci.template.sources import Source, credentials_in, on_this_machine
from atomci.tools.git.client import NO_QUESTIONS, OFFLINE, Git, GitFailed

__all__ = ["Shared", "shared"]

_SCP = re.compile(r"(?P<host>[^/:\\]{2,}):/*(?P<path>[^\\].*)")
_KNOWN_TO_COPIER = ("git@", "https://github.com/", "https://gitlab.com/")


class Shared(NamedTuple):
    """A source that others can take as well; else `why_not` says why it is of use on this machine only."""

    source: Source
    why_not: str = ""


def shared(source: Source, folder: Path) -> Shared:
    """A clone's origin in place of the clone, where that holds the very commit; it is asked.

    `folder` is an empty one to work in. Raises UsageError where the clone has no such version.
    """
    place = on_this_machine(source.location)
    if place is None:
        return Shared(source)
    if source.location.startswith(("git+", "file:")) or not (place / ".git").exists():
        return Shared(source, f"{source.location} is a folder of this machine")
    origin = _origin(place)
    if origin is None:
        return Shared(source, f"the clone {place} has no origin")
    template = Template(str(place), folder)
    release, changed = template.as_it_lies(source.ref)
    if changed:
        return Shared(source, f"{place} holds changes that aren't committed")
    tagged = release.name in template.tagged
    if why := _why_not_there(place, origin, release, tagged=tagged):
        return Shared(source, why)
    ref = release.name if tagged else release.commit
    found = Source(_as_copier_takes_it(origin), ref, clone=str(place))
    here = on_this_machine(found.location)
    return Shared(found, f"the clone's origin {origin} is a folder of this machine" if here else "")


def _origin(place: Path) -> str | None:
    """Its address as the user wrote it, as git expands it where that is a short form; no secret is in it."""
    git = Git(place, OFFLINE)
    written = git.ask("config", "--get", "remote.origin.url")
    if not written:
        return None
    whole = "://" in written or "@" in written or "." in written.partition(":")[0]
    url = written if whole else git.ask("remote", "get-url", "origin") or written
    if "://" not in url and not _SCP.fullmatch(url):
        return (place / url).resolve().as_uri()
    return credentials_in(url) or url


def _why_not_there(place: Path, origin: str, release: Release, *, tagged: bool) -> str:
    try:
        out = Git(place, NO_QUESTIONS)("ls-remote", "--tags", "--", origin)
    except GitFailed as error:
        return f"its origin {origin} can't be reached: {error.said}"
    rows = (line.split("\trefs/tags/") for line in out.decode("utf-8", "replace").splitlines())
    tags = {name.removesuffix("^{}"): commit for commit, name in rows}  # of two rows the second is the commit
    if tagged:
        if tags.get(release.name) == release.commit:
            return ""
        return f"its origin lacks the tag: git -C {place} push origin {release.name}"
    words = ("for-each-ref", "--count=1", f"--contains={release.commit}", "refs/remotes/origin")
    known = Git(place, OFFLINE).ask(*words)
    if known or release.commit in tags.values():
        return ""
    return f"its origin lacks commit {release.name}: git -C {place} push"


def _as_copier_takes_it(url: str) -> str:
    if url.startswith(_KNOWN_TO_COPIER) or url.endswith(".git"):
        return url
    scp = None if "://" in url else _SCP.fullmatch(url)
    return f"git+ssh://{scp['host']}/{scp['path']}" if scp else f"git+{url}"
