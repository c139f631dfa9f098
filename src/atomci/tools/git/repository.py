"""Where git keeps the things of the repository that a project lies in."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from atomci.errors import UsageError
from atomci.tools.git.client import Git

__all__ = ["Repository", "head_commit", "identity", "open_repository", "pinned_repository"]

_ASKED = (
    ("--show-object-format",),
    ("--show-prefix",),
    ("--show-toplevel",),
    ("--absolute-git-dir",),
    ("--git-path", "objects"),
)


@dataclass(frozen=True)
class Repository:
    """Where git keeps a working tree's things. `prefix` leads from its top to the project: "" or "sub/".

    `pinned`: git is told where they are, whatever a `.git` in the tree says by now. `own_index`: its index is
    nobody else's, so git may note there which files are as they were.
    """

    top: Path
    git_dir: Path
    objects: Path
    algorithm: str
    prefix: str
    pinned: bool = False
    own_index: bool = False

    @cached_property
    def git(self) -> Git:
        """git at the top of the working tree."""
        if not self.pinned:
            return Git(self.top)
        noting = {"GIT_OPTIONAL_LOCKS": "1"} if self.own_index else {}
        return Git(self.top, {"GIT_DIR": str(self.git_dir), "GIT_WORK_TREE": str(self.top), **noting})

    def linked(self, tree: Path, git_dir: Path) -> Repository:
        """Another working tree of it, whatever a program may have made of the `.git` in there."""
        return replace(self, top=tree, git_dir=git_dir, prefix="", pinned=True, own_index=True)


def open_repository(root: Path, why: str = "an update needs one: it merges as git does") -> Repository:
    """The repository that a project lies in. Raises UsageError where there is none, or a bare one; `why`
    says what wants it.
    """
    git = Git(root)
    code, out, said = git.code("rev-parse", *(word for words in _ASKED for word in words))
    if code != 0:
        hint = "git init it and commit; then run this again"
        if "dubious ownership" in said:
            raise UsageError(
                f"{root} belongs to another user, so git refuses it", f"to see why: git -C {root} status"
            )
        git.check_settings()
        if git.ask("rev-parse", "--is-bare-repository") == "true":
            raise UsageError(
                f"{root} is a bare repository, without files", f"git clone {root}; start in the clone"
            )
        raise UsageError(f"{root} isn't in a git repository, and {why}", hint)
    found = os.fsdecode(out).removesuffix("\n").split("\n")
    if len(found) != len(_ASKED):  # a folder's name holds a line break
        found = [git.ask("rev-parse", *words) or "" for words in _ASKED]
    algorithm, prefix, top, git_dir, objects = found
    return Repository(Path(top), Path(git_dir), (root / objects).resolve(), algorithm, prefix)


def pinned_repository(top: Path, git_dir: Path) -> Repository:
    """A working tree whose things git keeps in `git_dir`, whatever a program may have made of its `.git`.

    Raises GitFailed.
    """
    git = Git(top, {"GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(top)})
    words = ("--show-object-format", "--git-path", "objects")
    algorithm, _, objects = os.fsdecode(git("rev-parse", *words)).removesuffix("\n").partition("\n")
    return Repository(top, git_dir, (top / objects).resolve(), algorithm, "", pinned=True)


def head_commit(repository: Repository) -> str:
    """HEAD's commit. Raises UsageError where there is none yet."""
    head = repository.git.commit()
    if head is None:
        raise UsageError("the repository has no commit yet", "git add -A && git commit, then try again")
    return head


def identity(repository: Repository) -> str:
    """Who makes commits here, with the time, as git writes it; a stand-in where git knows nobody."""
    return repository.git.ask("var", "GIT_AUTHOR_IDENT") or "atomci <atomci@localhost> 0 +0000"
