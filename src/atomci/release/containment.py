"""Whether a branch's work is in another branch, so that the first can go and nothing is lost.

A yes comes from what the target's history holds, byte by byte; whatever can't be shown is a no. Merge drivers
of the repository's configuration are put out of action first: `driver = true` would "merge" anything.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from atomci.tools.git.client import GitFailed
from atomci.tools.git.objects import Objects
from atomci.tools.git.repository import Repository

__all__ = ["Contained", "How", "Judge", "Reverted", "Unmerged", "Verdict"]

How = Literal["ancestor", "forge", "content", "squash", "merge", "patches"]
"""By what it was seen: the target leads to the tip; the forge merged this very commit; a commit of the target
has each changed path as the branch has it, or is the whole branch as one; to merge it would change nothing;
each of its commits is there again.
"""

_REVERTS = re.compile(rb"\bThis reverts commit ([0-9a-f]{40,64})\b")


@dataclass(frozen=True)
class Contained:
    """The work is in the target: in `commit`, where it is one commit that shows it."""

    how: How
    commit: str | None = None


@dataclass(frozen=True)
class Reverted:
    """The work came into the target in `commit`, and `by` took it out again: the branch is kept."""

    commit: str
    by: str


@dataclass(frozen=True)
class Unmerged:
    """The target lacks something: so many commits, and these paths differ from the target's now."""

    commits: int
    paths: tuple[str, ...]
    why: str = ""


Verdict = Contained | Reverted | Unmerged


class _State(NamedTuple):
    """What a path is in a tree: mode and id of its blob."""

    mode: str
    oid: str


_ABSENT = _State("000000", "0")


class _Step(NamedTuple):
    """A commit of the target's own line, its first parent, and what it made of paths."""

    commit: str
    parent: str
    made: dict[str, _State]


class Judge:
    """Asks of one repository. Nothing in it changes: what git writes while it is asked goes elsewhere."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.git = repository.git.with_env(GIT_LITERAL_PATHSPECS="1", GIT_NO_REPLACE_OBJECTS="1")

    def verdict(self, tip: str, target: str, merged_heads: Collection[str] = ()) -> Verdict:
        """Whether the commit `tip` is contained in the commit `target`; both are full ids.

        `merged_heads` are the heads of pull requests that the forge says it merged into the target. Raises
        GitFailed where git can't tell, as in a shallow clone that lacks commits.
        """
        if self._is_ancestor(tip, target):
            return self._unless_reverted(Contained("ancestor", tip), tip, target)
        base = self.git.ask("merge-base", tip, target)
        if base is None:
            return Unmerged(self._count(tip, target), (), "the two have no commit in common")
        if tip in merged_heads:
            return Contained("forge")
        changed = self._changed(base, tip)
        if not changed:
            return Unmerged(self._count(tip, target), (), "its commits change no file in the end")
        steps = tuple(self._steps(base, target, changed))
        found = self._by_content(changed, steps) or self._as_one(tip, target, steps)
        found = found or self._by_patches(tip, target)
        if found is not None:
            return self._unless_reverted(found, base, target)
        return Unmerged(self._count(tip, target), tuple(self._lacking(changed, target)))

    def _is_ancestor(self, one: str, other: str) -> bool:
        code, _, said = self.git.code("merge-base", "--is-ancestor", one, other)
        if code not in (0, 1):
            raise GitFailed(("merge-base", "--is-ancestor"), code, said)
        return code == 0

    def _count(self, tip: str, target: str) -> int:
        return int(self.git("rev-list", "--count", tip, f"^{target}"))

    def _changed(self, base: str, tip: str) -> dict[str, _State]:
        out = self.git("diff-tree", "-r", "--raw", "--no-renames", "--no-abbrev", "-z", base, tip)
        return _raw(out.split(b"\0"))

    def _steps(self, base: str, target: str, changed: dict[str, _State]) -> Iterator[_Step]:
        """The commits of the target's own line since the base that touch a path, the oldest first."""
        words = (
            "log", "--first-parent", "-m", "--reverse", "--raw", "--no-renames", "--no-abbrev", "-z",
            "--format=commit %H %P", "--stdin",
        )  # fmt: skip
        asked = f"{target}\n^{base}\n".encode()
        if not any("\n" in path for path in changed):  # such a one can't be given by a line
            asked += b"--\n" + b"".join(os.fsencode(path) + b"\n" for path in changed)
        for step in _read_steps(self.git(*words, stdin=asked)):
            if step.made.keys() & changed.keys():
                yield step

    def _by_content(self, changed: dict[str, _State], steps: tuple[_Step, ...]) -> Contained | None:
        """The first commit at which every path that the branch changed is as the branch has it."""
        now: dict[str, _State] = {}
        for step in steps:
            now |= {path: state for path, state in step.made.items() if path in changed}
            if now == changed:
                return Contained("content", step.commit)
        return None

    def _as_one(self, tip: str, target: str, steps: tuple[_Step, ...]) -> Contained | None:
        """The commit that is its parent with the branch merged in, or a merge that would add nothing now."""
        *merged, now = self._merges([*((step.parent, tip) for step in steps), (target, tip)])
        trees = self._trees([target, *(name for step in steps for name in (step.commit, step.parent))])
        for step, tree in zip(steps, merged, strict=True):
            if tree is not None and tree == trees[step.commit] != trees[step.parent]:
                return Contained("squash", step.commit)
        return Contained("merge") if now == trees[target] else None

    def _by_patches(self, tip: str, target: str) -> Contained | None:
        """Whether each commit of the branch is in the target again, as a rebase leaves them.

        The same patch isn't enough, as it says nothing of the place in a file: the commit must be of the same
        author and moment, which a rebase keeps.
        """
        own = self._patches(f"^{target}", tip, "--no-merges")
        commits = self.git("rev-list", "--no-merges", tip, f"^{target}").decode().split()
        if not commits or own.keys() != set(commits) or not self._merges_are_clean(tip, target):
            return None
        there = set(self._patches(f"^{tip}", target, "--no-merges").values())
        return Contained("patches") if set(own.values()) <= there else None

    def _patches(self, *words: str) -> dict[str, tuple[str, str]]:
        """Patch and authorship of each commit that has a patch, by its id."""
        log = self.git("log", "-p", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", *words)
        rows = self.git("patch-id", "--verbatim", stdin=log).decode().split("\n")
        patches = {commit: patch for patch, commit in (row.split() for row in rows if row)}
        said = self.git("log", "--format=%H %ae %at", *words).decode("utf-8", "replace").splitlines()
        who = {line.partition(" ")[0]: line.partition(" ")[2] for line in said}
        return {commit: (patch, who[commit]) for commit, patch in patches.items()}

    def _merges_are_clean(self, tip: str, target: str) -> bool:
        """Whether each merge on the branch is what git makes of its parents, and nothing was added in it."""
        rows = self.git("rev-list", "--merges", "--parents", tip, f"^{target}").decode().splitlines()
        merges = [row.split() for row in rows]
        if any(len(row) != 3 for row in merges):
            return False
        if not merges:
            return True
        made = self._merges((one, two) for _, one, two in merges)
        trees = self._trees([row[0] for row in merges])
        return made == [trees[row[0]] for row in merges]

    def _merges(self, pairs: Iterable[tuple[str, str]]) -> list[str | None]:
        """The tree that git makes of each two commits; None where they conflict."""
        asked = "".join(f"{one} {two}\n" for one, two in pairs).encode()
        words = ("merge-tree", "--write-tree", "--stdin", "--no-messages")
        with tempfile.TemporaryDirectory() as folder:
            aside = Objects(self.repository, Path(folder) / "objects", self.git.env)
            return _merged(aside.git(*self._no_drivers, *words, stdin=asked))

    def _trees(self, commits: list[str]) -> dict[str, str]:
        asked = "".join(f"{commit}^{{tree}}\n" for commit in commits).encode()
        ids = self.git("cat-file", "--batch-check=%(objectname)", stdin=asked).decode().split("\n")
        return dict(zip(commits, ids, strict=False))

    @cached_property
    def _no_drivers(self) -> tuple[str, ...]:
        """Settings that make a driver of the repository's own fail, which is a conflict."""
        out = self.git(
            "config", "--null", "--name-only", "--get-regexp", r"^merge\..*\.driver$", codes=(0, 1)
        )
        names = [os.fsdecode(name) for name in out.split(b"\0") if name]
        return tuple(word for name in names for word in ("-c", f"{name}=false"))

    def _unless_reverted(self, found: Contained, since: str, target: str) -> Verdict:
        """What was found, or the commit that took it out again and was not taken out itself."""
        landed = found.commit and self._brought_by(found, target)
        if not landed:
            return found
        out = self.git("log", "-z", "--format=%H%n%B", f"^{since}", target)
        reverts: dict[str, list[str]] = {}
        for piece in filter(None, out.split(b"\0")):
            by = piece[: piece.index(b"\n")].decode()
            for of in _REVERTS.findall(piece):
                reverts.setdefault(of.decode(), []).append(by)
        standing = (by for name in landed for by in reverts.get(name, ()) if not _taken_back(by, reverts))
        first = next(standing, None)
        return Reverted(found.commit or "", first) if first else found

    def _brought_by(self, found: Contained, target: str) -> set[str]:
        """The commits whose revert takes the work out: the one found, and the merge that brought it."""
        if found.how != "ancestor" or found.commit is None:
            return {found.commit} if found.commit else set()
        path = ("rev-list", "--ancestry-path", "--merges", "--parents", target, f"^{found.commit}")
        rows = [row.split() for row in self.git(*path).decode().splitlines()]
        return {found.commit, *(merge for merge, first, *others in rows if found.commit in others)}

    def _lacking(self, changed: dict[str, _State], target: str) -> Iterator[str]:
        out = self.git("ls-tree", "-r", "-z", "--full-tree", target)
        there = {}
        for row in out.split(b"\0")[:-1]:
            words, _, path = row.partition(b"\t")
            mode, _, oid = words.decode().split()
            there[os.fsdecode(path)] = _State(mode, oid)
        for name, state in sorted(changed.items()):
            if there.get(name, _ABSENT) != state:
                yield name


def _taken_back(by: str, reverts: dict[str, list[str]]) -> bool:
    """Whether a revert was itself reverted, by one that stands."""
    return any(not _taken_back(later, reverts) for later in reverts.get(by, ()))


def _raw(fields: list[bytes]) -> dict[str, _State]:
    """What rows of `--raw -z` make of each path."""
    made = {}
    for row, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, oid, _ = row.decode().split()
        made[os.fsdecode(path)] = _ABSENT if mode == "000000" else _State(mode, oid)
    return made


def _read_steps(out: bytes) -> Iterator[_Step]:
    """Commits with their rows, as `git log --raw -z` prints them; one without a parent has no step."""
    fields = iter(out.split(b"\0"))
    commit: list[str] = []
    made: dict[str, _State] = {}
    for field in fields:
        row = field.lstrip(b"\n")
        if row.startswith(b":"):
            made |= _raw([row, next(fields)])
        elif row:
            yield from _step(commit, made)
            commit, made = row.decode().split()[1:], {}
    yield from _step(commit, made)


def _step(commit: list[str], made: dict[str, _State]) -> Iterator[_Step]:
    if len(commit) > 1:
        yield _Step(commit[0], commit[1], made)


def _merged(out: bytes) -> list[str | None]:
    """The tree of each merge of `merge-tree --stdin --no-messages`; None for one with conflicts.

    Source: git-merge-tree(1), INPUT FORMAT: status, tree, conflicted files, an empty field; NUL ends each.
    """
    fields = out.split(b"\0")
    found: list[str | None] = []
    at = 0
    while at + 1 < len(fields):
        clean, tree = fields[at] == b"1", fields[at + 1].decode()
        found.append(tree if clean else None)
        at += 2
        while at < len(fields) and fields[at]:
            at += 1
        at += 1
    return found
