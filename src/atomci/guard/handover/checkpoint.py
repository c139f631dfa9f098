"""The commits that tell of a session: the one on its own branch, and those that it was squashed into."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from atomci.artifacts.handed.snapshots import Branched
from atomci.errors import RefusedError
from atomci.guard.handover.branch import FOLDER, new_tree, set_branch
from atomci.guard.handover.finished import FinishedSession
from atomci.guard.handover.trailers import RUN, block, read_blocks
from atomci.tools.git.client import Git
from atomci.tools.git.objects import Objects

__all__ = ["SessionCommit", "annotated", "branched", "checkpoints", "own_checkpoint"]


@dataclass(frozen=True)
class SessionCommit:
    """A commit that tells of a session, the branch `fix/...` that ends with it, and what it says.

    `stands_alone`: it is the session's own, on the commit that this began with, and not a squash.
    """

    commit: str
    branch: str
    stands_alone: bool
    said: dict[str, str]


def checkpoints(session: FinishedSession) -> list[SessionCommit]:
    """All that are on a branch or a tag here, newest first."""
    git, run, head = session.store.repository.git, session.store.run, session.before.head
    if head is None:
        return []
    pattern = f"^[[:space:]]*{RUN}: {re.escape(run)}$"
    words = ("rev-list", "--all", f"^{head}", "-E", f"--grep={pattern}")
    found = (git.ask(*words) or "").split()
    if not found and (lost := _without_trailers(session, head)):
        found = [lost]
    return [_read(session, commit, head) for commit in found]


def own_checkpoint(session: FinishedSession) -> SessionCommit | None:
    """The session's own commit: it holds just what the session changed, on the commit that it began with."""
    return next((each for each in checkpoints(session) if each.stands_alone), None)


def branched(session: FinishedSession, found: SessionCommit) -> Branched:
    """What `branch` said when it made this commit."""
    git, parent = session.store.repository.git, session.before.head or ""
    paths = git.paths("diff-tree", "-r", "-z", "--name-only", "--no-renames", parent, found.commit)
    return Branched(
        run=session.store.run,
        branch=found.branch,
        commit=found.commit,
        parent=parent,
        paths=tuple(sorted(paths)),
    )


def _without_trailers(session: FinishedSession, head: str) -> str:
    """A branch of the session's own name that holds just its changes."""
    git = session.store.repository.git
    commit = git.resolve(f"refs/heads/{FOLDER}{session.store.run}")
    if commit is None or git.ask("rev-parse", f"{commit}^@") != head:
        return ""
    return commit if _holds(session, commit, head) else ""


def _read(session: FinishedSession, commit: str, head: str) -> SessionCommit:
    git = session.store.repository.git
    blocks = read_blocks(git, os.fsdecode(git("show", "-s", "--no-show-signature", "--format=%B", commit)))
    said = next((each for each in blocks if each.get(RUN) == session.store.run), {})
    alone = git.ask("rev-parse", f"{commit}^@") == head and _holds(session, commit, head)
    return SessionCommit(commit, _branch_at(git, commit), alone, said)


def _branch_at(git: Git, commit: str) -> str:
    words = ("for-each-ref", "--points-at", commit, "--format=%(refname:short)", f"refs/heads/{FOLDER}")
    return next(iter((git.ask(*words) or "").splitlines()), "")


def _holds(session: FinishedSession, commit: str, head: str) -> bool:
    """Whether a commit's tree is just what the session makes of its parent."""
    with tempfile.TemporaryDirectory(prefix="atomci-") as name:
        folder = Path(name)
        objects = Objects(session.store.repository, folder / "objects")
        try:
            tree, _ = new_tree(session, objects, folder, head)
        except RefusedError:
            return False
    return session.store.repository.git.resolve(f"{commit}^{{tree}}") == tree


def annotated(session: FinishedSession, found: SessionCommit, wanted: dict[str, str]) -> str:
    """Give a checkpoint the trailers that it lacks, as a new commit on its branch, and return that one.

    Raises RefusedError where that would take a commit away from under somebody.
    """
    git = session.store.repository.git
    lacking = {name: value for name, value in wanted.items() if name not in found.said}
    head, _, message = git("cat-file", "commit", found.commit).partition(b"\n\n")
    if why := _why_it_stays(git, found, head):
        typed = " ".join(f"--trailer '{name}: {value}'" for name, value in lacking.items())
        raise RefusedError(
            f"{found.commit[:9]} lacks {', '.join(lacking)}, and isn't replaced: {why}",
            f"git commit --amend --no-edit {typed}",
        )
    added = block(lacking).encode("utf-8", "surrogateescape")
    text = message.rstrip(b"\n")
    between = b"\n" if _ends_with_trailers(git, message) else b"\n\n"
    content = head + b"\n\n" + text + between + added + b"\n"
    commit = git("hash-object", "-t", "commit", "-w", "--stdin", stdin=content).decode().strip()
    set_branch(session.store.repository, found.branch, commit, why="atomci: trailers", was=found.commit)
    return commit


def _why_it_stays(git: Git, found: SessionCommit, head: bytes) -> str:
    """Why a commit isn't replaced by one with another message; empty where nobody would miss it."""
    if not found.branch:
        return f"no branch {FOLDER}... ends with it"
    if b"\ngpgsig" in head:
        return "it is signed"
    own = f"refs/heads/{found.branch}"
    if git.ask("for-each-ref", "--format=%(worktreepath)", own):
        return f"{found.branch} is checked out"
    holders = (git.ask("for-each-ref", "--contains", found.commit, "--format=%(refname)") or "").splitlines()
    return next((f"{name} holds it too" for name in holders if name != own), "")


def _ends_with_trailers(git: Git, message: bytes) -> bool:
    words = ("-c", "trailer.separators=:", "interpret-trailers", "--parse", "--no-divider")
    return bool(git(*words, stdin=message).strip())
