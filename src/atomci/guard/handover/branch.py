"""A session's changes as one commit on a branch. HEAD, the index and the files stay, and no hook runs."""

from __future__ import annotations

import os
from pathlib import Path

from atomci.artifacts.handed.guarded import Session
from atomci.artifacts.handed.snapshots import Branched
from atomci.errors import InfrastructureError, RefusedError, UsageError
from atomci.guard.handover.finished import FinishedSession
from atomci.guard.handover.trailers import block, trailers
from atomci.guard.snapshot.difference import rows_between
from atomci.guard.snapshot.plan import FileState, merged
from atomci.guard.snapshot.trees import edited_tree
from atomci.tools.git.client import Git, GitFailed
from atomci.tools.git.objects import Entry, Objects
from atomci.tools.git.repository import Repository

__all__ = ["FOLDER", "NOTHING", "SUBJECT", "branch", "new_tree", "set_branch"]

FOLDER = "fix/"
SUBJECT = "Apply the changes of a guarded session"
NOTHING = "changed nothing that a commit can hold"
_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
# As it is written, whatever the settings say of other messages.
_ENCODING = ("-c", "i18n.commitEncoding=UTF-8")
_IDENTITY = "git config user.name NAME and git config user.email ADDRESS"
_OTHER_TOPIC = "give another one: --topic NAME"


def branch(session: FinishedSession, topic: str, subject: str, told: Session | None) -> Branched:
    """Make `fix/<topic>` with what the session did to the commit that it began with.

    Raises UsageError without a subject, RefusedError where the branch can't be or is there, or the session
    went on from edits that no commit holds and that its own can't be told from; InfrastructureError where git
    knows nobody who commits.
    """
    repository, parent = session.store.repository, session.before.head
    name = f"{FOLDER}{topic}"
    if not subject.strip():
        raise UsageError("a commit needs a message", "give one: -m TEXT")
    _refuse_name(repository.git, name)
    if parent is None:
        here = "its changes are in this checkout: git commit"
        raise RefusedError(
            "the session began before the first commit",
            here if session.here else f"atomci guard apply {session.store.run}",
        )
    objects = Objects(repository, session.store.folder / "branch" / "objects")
    tree, paths = new_tree(session, objects, session.store.folder / "branch", parent)
    if not paths:
        raise RefusedError(f"{session.store.run} {NOTHING}", f"atomci guard show {session.store.run}")
    message = f"{subject.strip()}\n\n{block(trailers(session, told))}\n"
    words = (*_NO_HOOKS, *_ENCODING, "commit-tree", tree, "-p", parent, "-F", "-")
    try:
        out = objects.git(*words, stdin=message.encode("utf-8", "surrogateescape"))
    except GitFailed as error:
        raise InfrastructureError(error.said, _IDENTITY) from None
    commit = out.decode().strip()
    objects.migrate()
    set_branch(repository, name, commit, why=f"atomci guard branch {session.store.run}")
    return Branched(run=session.store.run, branch=name, commit=commit, parent=parent, paths=paths)


def set_branch(repository: Repository, name: str, commit: str, *, why: str, was: str = "") -> None:
    """Make a branch, or move it from where it `was`. No hook runs. Raises GitFailed if it is elsewhere."""
    words = ("update-ref", "-m", why, f"refs/heads/{name}", commit, was or "0" * len(commit))
    repository.git(*_NO_HOOKS, *words)


def _refuse_name(git: Git, name: str) -> None:
    if git.code("check-ref-format", "--branch", name)[0] != 0:
        raise RefusedError(f"{name} can't be the name of a branch", _OTHER_TOPIC)
    if git.resolve(f"refs/heads/{name}") is not None:
        raise RefusedError(f"there is a branch {name}", _OTHER_TOPIC)
    parts = name.split("/")
    above = ("/".join(parts[:count]) for count in range(1, len(parts)))
    below = (git.ask("for-each-ref", "--count=1", "--format=%(refname:short)", f"refs/heads/{name}/") or "",)
    for other in (*(found for found in above if git.resolve(f"refs/heads/{found}")), *filter(None, below)):
        raise RefusedError(f"git can't keep a branch {name} beside the branch {other}", _OTHER_TOPIC)


def new_tree(
    session: FinishedSession, objects: Objects, folder: Path, parent: str
) -> tuple[str, tuple[str, ...]]:
    """The commit's tree with what the session did, and the paths that differ; new objects go to `objects`.

    Raises RefusedError, see `branch`.
    """
    edits = _edits(session, objects, folder, parent)
    base = session.store.repository.git.resolve(f"{parent}^{{tree}}") or ""
    return (edited_tree(objects, base, edits) if edits else base), tuple(sorted(edits))


def _edits(session: FinishedSession, objects: Objects, folder: Path, parent: str) -> dict[str, Entry | None]:
    """What the commit holds otherwise than its parent, as git would store it."""
    held = objects.files(parent)
    git = session.store.objects.git
    edits: dict[str, Entry | None] = {}
    for row in rows_between(git, session.before.tree, session.after.tree):
        if row.path in session.ignored:
            continue
        before, after = (_stored(git, objects, row.path, side) for side in (row.before, row.after))
        here = held.get(row.path)
        if after in (before, here):
            continue
        if here == before:
            edits[row.path] = after
            continue
        mixed = merged(objects.git, folder, _state(here), _state(before), _state(after))
        if mixed is None:
            raise RefusedError(
                f"{row.path}: the session went on from edits that no commit holds",
                f"atomci guard apply {session.store.run} brings all to the checkout; commit there",
            )
        edits[row.path] = Entry(mixed.mode, mixed.oid)
    return edits


def _stored(git: Git, objects: Objects, path: str, side: tuple[str, str]) -> Entry | None:
    """A file as git would add it: line endings and filters are the project's."""
    mode, oid = side
    if not oid:
        return None
    content = git("cat-file", "blob", oid)
    through = (f"--path={path}",) if mode != "120000" else ("--no-filters",)
    words = ("hash-object", "-w", "--stdin", *through)
    return Entry(mode, objects.git(*words, stdin=content).decode().strip())


def _state(entry: Entry | None) -> FileState | None:
    return FileState(*entry) if entry else None
