"""A template's objects in a repository of our own, so that no configuration or hook of the template counts.

Of another repository on this machine git only says where things are, and the names; it may reach for
nothing. Its objects are read in place.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from atomci.errors import InfrastructureError, UsageError
from atomci.template.limits import SMALLEST, size_limit, too_big
from atomci.tools.git.client import NO_QUESTIONS, OFFLINE, Git, GitFailed, quoted

__all__ = ["TAGS", "Store", "fetched_store", "fill_index", "local_store", "unreachable"]

_ASKED = (
    ("--show-object-format",),
    ("--is-inside-work-tree",),
    ("--absolute-git-dir",),
    ("--show-prefix",),
    ("--git-path", "objects"),
    ("--git-path", "shallow"),
    ("--git-path", "info/exclude"),
    ("HEAD",),
)
TAGS = "%(refname:lstrip=2) %(objecttype) %(objectname) %(*objecttype) %(*objectname)"
_MISMATCH = "mismatched algorithms"


@dataclass(frozen=True)
class Store:
    """The repository, and the template's working tree where that is on this machine.

    `tags` is what `TAGS` asks, where it was asked already, `index` the template's own index of its working
    tree.
    """

    git: Git
    worktree: Path | None = None
    tags: bytes | None = None
    index: Path | None = None

    def is_edited(self, index: Path) -> bool:
        """Whether the working tree has what no commit holds; executable bits alone don't count.

        Asked of a copy of its index, which knows the times of files, so that few are read.
        """
        if self.worktree is None or self.index is None or not self.index.is_file():
            return False
        index.write_bytes(self.index.read_bytes())
        git = Git(self.worktree, {**self.git.env, "GIT_WORK_TREE": str(self.worktree)})
        words = ("-c", "core.fileMode=false", "status", "--porcelain", "-z", "--ignore-submodules=all")
        code, out, _ = git.with_env(GIT_INDEX_FILE=str(index)).code(*words)
        return code == 0 and bool(out)

    def uncommitted(self, location: str, index: Path) -> str | None:
        """The template's files as they lie there, as a commit on top of HEAD; None where nothing differs."""
        head = self.git.commit() if self.worktree else None
        if self.worktree is None or head is None:
            return None
        git = Git(self.worktree, {**self.git.env, "GIT_WORK_TREE": str(self.worktree)})
        git = git.with_env(GIT_INDEX_FILE=str(index), **_WHO)
        fill_index(git, location, head)
        if b"160000 " in git("ls-files", "--stage"):
            return None  # what lies in a submodule would be asked by a git of its own
        git("add", "--all", ".")
        tree = git("write-tree").decode().strip()
        if tree == git.resolve(f"{head}^{{tree}}"):
            return None
        return git("commit-tree", tree, "-p", head, "-m", "Uncommitted changes").decode().strip()


_WHO = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "atomci"), ("EMAIL", "atomci@localhost"))
}


def local_store(path: Path, store: Path) -> Store:
    """Of a repository on this machine. Raises UsageError where the path isn't the root of one."""
    bare = (path / "HEAD").is_file() and (path / "objects").is_dir()
    git = Git(path, {**OFFLINE, **({"GIT_DIR": str(path)} if bare else {})})
    _, out, said = git.code("rev-parse", *(word for words in _ASKED for word in words))
    told = os.fsdecode(out).split("\n")
    if len(told) < len(_ASKED) and "dubious ownership" in said:
        raise UsageError(
            f"{path} belongs to another user, so git refuses it", f"to see why: git -C {path} status"
        )
    if len(told) < len(_ASKED):
        git.check_settings()
        raise _no_root(path)
    algorithm, inside, git_dir, prefix, objects, shallow, exclude, head = told[: len(_ASKED)]
    if prefix or (inside != "true" and Path(git_dir).resolve() != path.resolve()):
        raise _no_root(path)
    _make(store, algorithm)
    told_of = git("for-each-ref", f"--format=%(objectname) %(refname)\t{TAGS}", "refs").splitlines()
    refs = [line.partition(b"\t") for line in told_of if b" refs/replace/" not in line]
    (store / "packed-refs").write_bytes(b"".join(name + b"\n" for name, _, _ in refs))
    tags = b"".join(row + b"\n" for name, _, row in refs if b" refs/tags/" in name)
    (store / "objects/info/alternates").write_bytes(
        os.fsencode(quoted(str((path / objects).resolve())) + "\n")
    )
    for name, there in (("shallow", shallow), ("info/exclude", exclude)):
        if (path / there).is_file():
            (store / name).write_bytes((path / there).read_bytes())
    if re.fullmatch("[0-9a-f]{40,64}", head):
        (store / "HEAD").write_text(f"{head}\n", "utf-8")
    if inside != "true":
        return Store(_git_of(store), None, tags)
    return Store(_git_of(store), path, tags, path / git_dir / "index")


def fetched_store(location: str, url: str, store: Path) -> Store:
    """Of a repository elsewhere. Raises InfrastructureError when it can't be fetched."""
    for algorithm in ("sha1", "sha256"):
        _make(store, algorithm)
        git = _git_of(store)
        try:
            # The address on standard input would need a remote; after -- it can't be taken for an option.
            git("fetch", "--quiet", "--no-auto-gc", "--", url, "+refs/*:refs/*", "+HEAD:refs/atomci/HEAD")
        except GitFailed as error:
            if _MISMATCH in error.said and algorithm == "sha1":
                continue
            raise unreachable(location, error.said) from None
        git("symbolic-ref", "HEAD", "refs/atomci/HEAD")
        break
    return Store(git)


def fill_index(git: Git, location: str, commit: str) -> None:
    """What `git read-tree` does, of no more than may be rendered: a few trees can stand for very many files.

    Raises InfrastructureError for more.
    """
    most, size, rows = size_limit(), 0, bytearray()
    for row in git.streamed("ls-tree", "-r", "-l", "-z", "--full-tree", commit):
        entry, _, path = row.partition(b"\t")
        mode, kind, oid, length = entry.split()
        size += SMALLEST + (int(length) if length.isdigit() else 0)
        if size > most:
            raise too_big(location)
        rows += b"%s %s %s\t%s\0" % (mode, kind, oid, path)
    git("update-index", "-z", "--index-info", stdin=bytes(rows))


def unreachable(location: str, said: str) -> InfrastructureError:
    """What there is to say of a template that git can't get."""
    return InfrastructureError(
        f"{location} can't be fetched: {said}",
        "check the address and the network; if the template moved: atomci update --template SRC",
    )


def _make(store: Path, algorithm: str) -> None:
    """An empty bare repository, without what the user's git would put into each new one."""
    for folder in ("objects/info", "refs", "info"):
        (store / folder).mkdir(parents=True, exist_ok=True)
    extension = f"[extensions]\n\tobjectFormat = {algorithm}\n" if algorithm != "sha1" else ""
    version = 1 if extension else 0
    text = (
        f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n\thooksPath = {_NOWHERE}\n{extension}"
    )
    (store / "config").write_text(text, "utf-8")
    (store / "HEAD").write_text("ref: refs/heads/none\n", "utf-8")


_NOWHERE = os.devnull.replace("\\", "/")


def _git_of(store: Path) -> Git:
    return Git(store.parent, {**NO_QUESTIONS, "GIT_DIR": str(store)})


def _no_root(path: Path) -> UsageError:
    return UsageError(
        f"{path} isn't the root of a git repository, so it has no versions",
        "git init it and commit, or name another: --template SRC",
    )
