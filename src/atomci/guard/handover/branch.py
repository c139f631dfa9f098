"""A session's changes as one commit on a branch. HEAD, the index and the files stay, and no hook runs."""

from __future__ import annotations

import os
import re
from pathlib import Path

from atomci.artifacts.handed.guarded import Session
from atomci.artifacts.handed.snapshots import Branched
from atomci.errors import InfrastructureError, RefusedError
from atomci.guard.handover.finished import FinishedSession
from atomci.guard.snapshot.difference import rows_between
from atomci.guard.snapshot.plan import FileState, merged
from atomci.guard.snapshot.trees import edited_tree
from atomci.tools.git.client import Git, GitFailed
from atomci.tools.git.objects import Entry, Objects

__all__ = ["branch", "trailers"]

_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
_NEW = "0" * 40


def branch(session: FinishedSession, topic: str, subject: str, told: Session | None) -> Branched:
    """Make `fix/<topic>` with what the session did to the commit that it began with.

    Raises RefusedError where there is such a branch, or the session went on from edits that no commit holds
    and that its own can't be told from; InfrastructureError where git knows nobody who commits.
    """
    repository, parent = session.store.repository, session.before.head
    name = f"fix/{topic}"
    if repository.git.code("check-ref-format", "--branch", name)[0] != 0:
        raise RefusedError(f"{name} can't be the name of a branch", "give another one: --topic NAME")
    if repository.git.resolve(f"refs/heads/{name}") is not None:
        raise RefusedError(f"there is a branch {name}", "give another one: --topic NAME")
    if parent is None:
        raise RefusedError(
            "the session began before the first commit", f"atomci guard apply {session.store.run}"
        )
    folder = session.store.folder / "branch"
    objects = Objects(repository, folder / "objects")
    edits = _edits(session, objects, folder, parent)
    if not edits:
        raise RefusedError(f"{session.store.run} changed nothing that a commit can hold", "")
    base = repository.git.resolve(f"{parent}^{{tree}}") or ""
    tree = edited_tree(objects, base, edits)
    message = f"{subject}\n\n{trailers(session, told)}\n"
    try:
        out = objects.git(*_NO_HOOKS, "commit-tree", tree, "-p", parent, "-F", "-", stdin=message.encode())
    except GitFailed as error:
        raise InfrastructureError(
            error.said, "git config user.name NAME and git config user.email ADDRESS"
        ) from None
    commit = out.decode().strip()
    objects.migrate()
    words = ("update-ref", "-m", f"atomci guard branch {session.store.run}")
    repository.git(*_NO_HOOKS, *words, f"refs/heads/{name}", commit, "0" * len(commit))
    return Branched(
        run=session.store.run, branch=name, commit=commit, parent=parent, paths=tuple(sorted(edits))
    )


def trailers(session: FinishedSession, told: Session | None) -> str:
    """One block without an empty line, so that a squash keeps it whole. The user is who commits and answers
    for it, so nobody is said to have signed it off.
    """
    rows = [("Atomci-Run", session.store.run), ("Atomci-Time", session.after.taken)]
    if told is not None:
        version = f" {told.tool_version}" if told.tool_version else ""
        rows.insert(0, ("Assisted-by", f"{told.tool}{version}"))
        rows.append(("Atomci-Confinement", told.level))
    rows += [("Atomci-Before", session.before.tree), ("Atomci-After", session.after.tree)]
    return "\n".join(f"{name}: {_one_line(value)}" for name, value in rows)


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()


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
