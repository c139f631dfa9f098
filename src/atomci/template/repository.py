"""A template's repository, read by git: fetched once, its versions named and checked out."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from atomci.errors import RefusedError, UsageError
from atomci.template.sources import address, credentials_in, on_this_machine
from atomci.template.store import TAGS, Store, fetched_store, fill_index, local_store, unreachable
from atomci.template.versions import Position, nearest_tag, newest_tag, position
from atomci.tools.git.client import NO_QUESTIONS, Git, GitFailed

__all__ = ["Release", "Template", "opened_template", "refuse_leading_out", "remote_tags"]


@dataclass(frozen=True)
class Release:
    """A version of a template: its commit's id, and its name as copier records it."""

    commit: str
    name: str

    @property
    def is_there(self) -> bool:
        """Whether the template holds it; of one that was removed only the name is known."""
        return bool(self.commit)

    @property
    def position(self) -> Position | None:
        """Its place in the order of versions, None for a bare commit."""
        # 12345678 and 1a23456 read as versions.
        return None if self.commit.startswith(self.name) else position(self.name)


class Template:
    """One template. Objects of a local repository are read in place, others fetched once into `folder`."""

    def __init__(self, location: str, folder: Path) -> None:
        refuse_credentials(location)
        self.location = location
        self._folder = folder
        self._checkouts: dict[str, Path] = {}
        self._releases: dict[str, Release] = {}

    @cached_property
    def _store(self) -> Store:
        url, store = address(self.location), self._folder / "store.git"
        if Path(url).is_dir():
            return local_store(Path(url), store)
        return fetched_store(self.location, url, store)

    @property
    def _git(self) -> Git:
        return self._store.git

    @property
    def tags(self) -> list[str]:
        """Every tag's name."""
        return list(self.tagged)

    @cached_property
    def tagged(self) -> dict[str, str]:
        """The commit of each tag by its name, empty where it is the tag of something else."""
        out = self._store.tags
        if out is None:
            out = self._git("for-each-ref", f"--format={TAGS}", "refs/tags")
        found = {}
        for name, *words in (line.split(" ") for line in out.decode("utf-8", "replace").splitlines()):
            found[name] = dict(zip(words[::2], words[1::2], strict=True)).get("commit", "")
        return found

    def wanted(self, ref: str | None, *, prereleases: bool = False) -> Release:
        """The version that is named, or else the newest one: HEAD where no tag is a version."""
        return self.release(ref or newest_tag(self.tags, prereleases=prereleases) or "HEAD")

    def as_it_lies(self, ref: str | None) -> tuple[Release, bool]:
        """The wanted version; whether it is HEAD with what isn't committed, in a folder of this machine."""
        release = self.wanted(ref)
        at_head = ref == "HEAD" or (ref is None and newest_tag(self.tags) is None)
        changed = (
            self._store.uncommitted(self.location, self._folder / "uncommitted.index") if at_head else None
        )
        return (Release(changed, self._described(changed)), True) if changed else (release, False)

    @cached_property
    def is_edited(self) -> bool:
        """Whether it is a folder on this machine with changes that no commit holds."""
        return self._store.is_edited(self._folder / "edited.index")

    def release(self, ref: str) -> Release:
        """The version that a tag, branch, commit or `git describe` text names. Raises UsageError for none."""
        if ref not in self._releases:
            self._releases[ref] = self._release(ref)
        return self._releases[ref]

    def recorded(self, version: str) -> Release:
        """The version that a project recorded, under that name: its commit may have more tags by now.

        Raises UsageError where it is no longer there.
        """
        try:
            return replace(self.release(version), name=version)
        except UsageError as error:
            near = nearest_tag(self.tags, version) or "HEAD"
            raise UsageError(
                error.message,
                f"was the tag removed? {near} is nearest to what is rendered here: atomci update --from"
                f" {near}; is the template elsewhere? atomci update --template SRC",
            ) from None

    def _release(self, ref: str) -> Release:
        commit = self.tagged.get(ref) or None
        if not commit and not ref.startswith("-"):
            for candidate in (ref, f"refs/remotes/origin/{ref}"):
                commit = commit or self._git.commit(candidate)
        if not commit:
            raise UsageError(
                f"{self.location} has no version {ref!r}",
                f"it has {_some(self.tags)}; was a tag removed, or is this another template?",
            )
        return Release(commit, self._described(commit))

    def _described(self, commit: str) -> str:
        """The tag of a commit, or what `git describe` says where it hasn't one, or several."""
        names = [name for name, tagged in self.tagged.items() if tagged == commit]
        # A tag of a tag is one of its commit, too.
        if len(names) == 1 and all(self.tagged.values()):
            return names[0]
        return self._git("describe", "--tags", "--always", commit).decode().strip()

    def is_older(self, release: Release, than: Release) -> bool:
        """Whether a version comes before another: by the names, or by the history where these don't say."""
        here, there = release.position, than.position
        if here and there:
            return here < there
        code, _, _ = self._git.code("merge-base", "--is-ancestor", release.commit, than.commit)
        return code == 0

    def read(self, release: Release, path: str) -> bytes | None:
        """A file's bytes at a version, None without it. Raises RefusedError for a link that leads out."""
        root = self.checkout(release)
        file = root / path
        refuse_leading_out(file, root, self.location)
        return file.read_bytes() if file.is_file() else None

    def checkout(self, release: Release) -> Path:
        """The template's files at a version, on disk; once for each version."""
        if release.commit not in self._checkouts:
            folder = self._folder / release.commit
            folder.mkdir(parents=True)
            git = self._git.with_env(GIT_INDEX_FILE=str(self._folder / f"{release.commit}.index"))
            fill_index(git, self.location, release.commit)
            git.with_env(GIT_WORK_TREE=str(folder))("checkout-index", "--all", f"--prefix={folder}/")
            if (folder / ".gitmodules").exists():
                raise RefusedError(
                    f"{self.location} holds git submodules, which atomci doesn't fetch",
                    "plain copier does: copier copy, copier update",
                )
            self._checkouts[release.commit] = folder
        return self._checkouts[release.commit]


class _PlainFolder(Template):
    """A folder that is no repository: it has no versions, and is rendered as it lies."""

    def as_it_lies(self, ref: str | None) -> tuple[Release, bool]:
        """No version at all."""
        return Release("", ""), False

    def checkout(self, release: Release) -> Path:
        """The folder itself."""
        return Path(self.location)


def opened_template(location: str, folder: Path) -> Template:
    """A template to be rendered for the first time, which may be a folder that is no repository."""
    place = on_this_machine(location)
    plain = place is not None and not (place / ".git").exists() and not (place / "HEAD").is_file()
    return _PlainFolder(str(place), folder) if plain else Template(location, folder)


def refuse_leading_out(path: Path, root: Path, location: str) -> None:
    """Raises RefusedError where a path of a template, read through links, is another file of this machine."""
    if not path.resolve().is_relative_to(root.resolve()):
        name = os.path.relpath(path, root)
        raise RefusedError(
            f"{location} holds {name}, which leads out of the template", "report it to the template's authors"
        )


def refuse_credentials(location: str) -> None:
    """Raises RefusedError when an address carries a user's name, password or token; never repeats it."""
    clean = credentials_in(location)
    if clean is not None:
        raise RefusedError(
            f"the address of the template holds credentials: {clean} without them is enough",
            f"give the token to git's credential helper, then give its address: --template {clean}",
        )


def remote_tags(location: str, folder: Path) -> dict[str, str] | None:
    """The commit of each tag of a template, which isn't fetched; None where it is a folder on this machine.

    Asked in a folder of no repository, whose configuration would count.
    """
    refuse_credentials(location)
    url = address(location)
    if Path(url).is_dir():
        return None
    try:
        out = Git(folder, NO_QUESTIONS)("ls-remote", "--tags", "--", url)
    except GitFailed as error:
        raise unreachable(location, error.said) from None
    rows = (line.split("\trefs/tags/") for line in out.decode("utf-8", "replace").splitlines())
    # A row of its own, which comes second, says what an annotated tag is one of.
    return {name.removesuffix("^{}"): commit for commit, name in rows}


def _some(tags: list[str]) -> str:
    shown = ", ".join(tags[-5:])
    return (f"{len(tags)} tags, the last of them " if len(tags) > 5 else "") + shown if tags else "no tags"
