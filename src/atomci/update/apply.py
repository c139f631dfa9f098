"""Bringing a planned update into the working tree, and ending it: committed, continued or aborted."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from atomci.artifacts.sync import Update
from atomci.errors import AtomciError, RefusedError, UsageError
from atomci.template.lock import same_content
from atomci.tools.objects import Entry, Files, Objects, Repository, open_repository
from atomci.update.merge import has_markers
from atomci.update.plan import Planned, identity, message_of
from atomci.update.switch import FOLDER, Journal, digest, finish, held, journal_of, stage, switch

__all__ = ["Unresolved", "abort_update", "apply_update", "commit_update", "continue_update", "recover"]

_NOTHING = Entry("0", "0" * 40)
_OPERATIONS = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}


class Unresolved(AtomciError):
    """Conflicts are open; the answer is no."""


def recover(root: Path) -> bool:
    """Finish a switch that a kill broke off. True when there was one.

    Raises RefusedError while an update waits to be continued or aborted.
    """
    repository = open_repository(root)
    with held(repository):
        finished = finish(repository)
        _refuse_unfinished(repository)
    return finished


def apply_update(planned: Planned, *, alone: bool = False) -> Update:
    """Stage a planned update; with conflicts the repository is in the middle of a cherry-pick of it.

    `alone`: refuse where anything else is staged, since the update is to be committed.

    Raises RefusedError where uncommitted work is in its way, InfrastructureError where the disk or
    another git is; nothing has changed then.
    """
    with held(planned.repository):
        return _apply(planned, alone)


def _apply(planned: Planned, alone: bool) -> Update:
    repository, merged = planned.repository, planned.merged
    touched = planned.touched
    refuse_operations(repository)
    _refuse_dirty(planned, touched, alone)
    planned.objects.migrate()
    conflicts = bool(merged.stages)
    lines = _index_lines(planned, touched)
    staged = stage(repository, merged.files, touched, lines, conflicts=conflicts)
    message = message_of(planned.update)
    heads: dict[str, str | None] = {"MERGE_MSG": _merge_message(message, sorted(merged.stages))}
    heads |= {"CHERRY_PICK_HEAD": f"{planned.pick}\n"} if conflicts else {}
    switch(
        repository,
        Journal(
            phase="switching",
            then="conflicts" if conflicts else "staged",
            head=planned.head,
            index_before=staged.index_before,
            index_after=staged.index_after,
            steps=staged.steps,
            heads=heads if conflicts else {},
            message=message,
            template=planned.update.template,
            versions=(planned.update.before, planned.update.after),
            conflicted=tuple(sorted(merged.stages)),
        ),
    )
    repository.git.code("update-index", "-q", "--refresh")
    if conflicts:
        repository.git.code("rerere")
    return msgspec.structs.replace(planned.update, state="conflicts" if conflicts else "staged")


def commit_update(root: Path) -> None:
    """Commit a staged update. The project's hooks run, and may refuse it."""
    with _under_way(root) as (repository, journal):
        _commit(repository, journal)


def _commit(repository: Repository, journal: Journal) -> None:
    others = _staged(repository) - {step.path for step in journal.steps}
    if others:
        raise RefusedError(
            f"{_are(others)} staged besides the update", "git restore --staged them, or commit by hand"
        )
    code, _, said = repository.git.code("commit", "--quiet", "--file=-", stdin=journal.message.encode())
    if code != 0:
        raise Unresolved(f"git commit: {_last(said)}", "the update is staged; mend it and: git commit")
    shutil.rmtree(repository.git_dir / FOLDER)


def continue_update(root: Path) -> Update:
    """Commit an update whose conflicts are resolved. Raises Unresolved while one is open."""
    with _under_way(root) as (repository, journal):
        _continue(repository, journal)
    return _ended(journal, "committed")


def _continue(repository: Repository, journal: Journal) -> None:
    if journal.phase == "staged":
        _commit(repository, journal)
        return
    unmerged = repository.git("diff", "--name-only", "--diff-filter=U", "-z").split(b"\0")
    if open_paths := [os.fsdecode(path) for path in unmerged if path]:
        raise Unresolved(
            f"{_are(open_paths)} in conflict", "resolve, git add, then: atomci update --continue"
        )
    if marked := _with_markers(repository, journal):
        raise Unresolved(f"{_are(marked)} still with conflict markers", "resolve and git add, then again")
    git = repository.git.with_env(GIT_EDITOR=":")
    code, out, said = git.code("cherry-pick", "--continue")
    if code != 0:
        raise Unresolved(
            f"git cherry-pick --continue: {_last(said or out.decode('utf-8', 'replace'))}",
            "mend it and: atomci update --continue",
        )
    shutil.rmtree(repository.git_dir / FOLDER, ignore_errors=True)


def abort_update(root: Path) -> Update:
    """Everything as it was before the update; resolutions that would be lost are kept in a commit."""
    with _under_way(root) as (repository, journal):
        return _abort(repository, journal)


def _abort(repository: Repository, journal: Journal) -> Update:
    note = _keep_edits(repository, journal)
    head = Objects(repository, repository.git_dir / FOLDER / "objects").files(journal.head)
    touched = sorted({step.path for step in journal.steps} | set(journal.conflicted))
    lines = b"".join(_line(head.get(path, _NOTHING), 0, path) for path in touched)
    # A path in conflict has no stage 0; to remove its stages it is removed first.
    lines = b"".join(_line(_NOTHING, 0, path) for path in journal.conflicted) + lines
    staged = stage(repository, {p: head[p] for p in touched if p in head}, touched, lines)
    heads: dict[str, str | None] = dict.fromkeys(journal.heads)
    switch(
        repository,
        msgspec.structs.replace(
            journal,
            phase="switching",
            then="gone",
            index_before=staged.index_before,
            index_after=staged.index_after,
            steps=staged.steps,
            heads={**heads, "MERGE_RR": None} if heads else {},
        ),
    )
    repository.git.code("update-index", "-q", "--refresh")
    return msgspec.structs.replace(_ended(journal, "aborted"), notes=(note,) if note else ())


def refuse_operations(repository: Repository) -> None:
    """Raises RefusedError where a merge, an update or the like is under way."""
    _refuse_unfinished(repository)
    for name, what in _OPERATIONS.items():
        if (repository.git_dir / name).exists():
            raise RefusedError(f"{what} is under way in this repository", "finish it first: git status")


def _refuse_unfinished(repository: Repository) -> None:
    journal = journal_of(repository)
    if journal is not None and not _over(repository, journal):
        raise RefusedError(
            f"the update to {journal.versions[1]} isn't finished",
            "atomci update --continue, or atomci update --abort",
        )


@contextlib.contextmanager
def _under_way(root: Path) -> Iterator[tuple[Repository, Journal]]:
    repository = open_repository(root)
    with held(repository):
        finish(repository)
        journal = journal_of(repository)
        if journal is None or _over(repository, journal):
            shutil.rmtree(repository.git_dir / FOLDER, ignore_errors=True)
            raise UsageError("no update is under way here", "git status tells what is")
        yield repository, journal


def _over(repository: Repository, journal: Journal) -> bool:
    """Whether git ended the update without us: committed, picked, reset or aborted."""
    if repository.git.ask("rev-parse", "--verify", "--quiet", "HEAD") != journal.head:
        return True
    if journal.phase == "conflicts":
        return not (repository.git_dir / "CHERRY_PICK_HEAD").exists()
    return not _staged(repository) & {step.path for step in journal.steps}


def _refuse_dirty(planned: Planned, touched: list[str], alone: bool) -> None:
    """Uncommitted work in what the update touches; with conflicts also what an abort by git would lose."""
    repository = planned.repository
    rows = repository.git(
        "status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none"
    )
    states = {os.fsdecode(row[3:]): row[:2].decode() for row in rows.split(b"\0") if row}
    # The lock is ours: `atomci status` may just have written it.
    states.pop(planned.lock, None)
    wanted = set(touched) - {planned.lock}
    dirty = {path for path in states if path in wanted}
    dirty |= {path for path in wanted if _in_the_way(planned, path)}
    if dirty:
        raise RefusedError(
            f"the update changes {_listed(dirty)}: uncommitted work is in its way",
            "git commit or git stash it, then again",
        )
    staged = [path for path, state in states.items() if state[0] not in " ?"]
    if alone and staged:
        raise RefusedError(
            f"{_are(staged)} staged, and the update is to be committed by itself", "git commit it first"
        )
    if planned.merged.stages and staged:
        raise RefusedError(
            f"{_are(staged)} staged, and the update has conflicts: aborting it would unstage that",
            "git commit or git stash it, then again",
        )


def _in_the_way(planned: Planned, path: str) -> bool:
    """Something that git doesn't know lies where the update puts a file, or a link leads elsewhere."""
    top = planned.repository.top
    if path in planned.merged.files:
        for folder in list(Path(path).parents)[:-1]:
            place = top / folder
            stands = place.exists() and not place.is_dir() and folder.as_posix() not in planned.before
            if place.is_symlink() or stands:
                return True
        if path not in planned.before and (top / path).is_dir() and not (top / path).is_symlink():
            return not _only_touched(planned, top / path)
    before = planned.before.get(path)
    found = digest(top / path)
    if before is None:
        return found not in ("", "folder")
    return not found or not _as_committed(planned, path, before)


def _only_touched(planned: Planned, folder: Path) -> bool:
    top, touched = planned.repository.top, set(planned.touched)
    return all(file.is_dir() or file.relative_to(top).as_posix() in touched for file in folder.rglob("*"))


def _as_committed(planned: Planned, path: str, entry: Entry) -> bool:
    """Whether the file is what HEAD holds, also where a flag of the index hides an edit from git status."""
    target = planned.repository.top / path
    if target.is_symlink() or entry.mode == "120000":
        return True
    if same_content(target.read_bytes(), entry.oid):
        return True
    filtered = planned.repository.git.ask("hash-object", f"--path={path}", "--", path)
    return filtered == entry.oid


def _index_lines(planned: Planned, touched: list[str]) -> bytes:
    lines = []
    for path in touched:
        stages = planned.merged.stages.get(path)
        if stages is None:
            lines.append(_line(planned.merged.files.get(path, _NOTHING), 0, path))
        else:
            lines.append(_line(_NOTHING, 0, path))
            lines += [_line(entry, stage, path) for stage, entry in sorted(stages.items())]
    return b"".join(lines)


def _line(entry: Entry, stage: int, path: str) -> bytes:
    return f"{entry.mode} {entry.oid} {stage}\t".encode() + os.fsencode(path) + b"\0"


def _merge_message(message: str, conflicted: list[str]) -> str:
    rows = "".join(f"#\t{path}\n" for path in conflicted)
    return f"{message}\n# Conflicts:\n{rows}" if conflicted else message


def _staged(repository: Repository) -> set[str]:
    out = repository.git("diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD")
    return {os.fsdecode(path) for path in out.split(b"\0") if path}


def _with_markers(repository: Repository, journal: Journal) -> list[str]:
    marked = []
    for path in journal.conflicted:
        code, content, _ = repository.git.code("cat-file", "blob", f":{path}")
        if code == 0 and has_markers(content):
            marked.append(path)
    return marked


def _keep_edits(repository: Repository, journal: Journal) -> str:
    """What was done to the update's files since, in a commit that a ref holds; its name, or nothing."""
    after = {step.path: step.after for step in journal.steps}
    paths = sorted(after.keys() | set(journal.conflicted))
    edited = [
        path
        for path in paths
        if (found := digest(repository.top / path)) not in ("", "folder")
        and found != after.get(path)
        and not (path not in after and found == "")
    ]
    edited = [path for path in edited if not _is_committed(repository, journal, path)]
    if not edited:
        return ""
    out = repository.git(
        "hash-object", "-w", "--stdin-paths", stdin="".join(f"{p}\n" for p in edited).encode()
    )
    files: Files = {
        path: Entry("100644", oid) for path, oid in zip(edited, out.decode().split(), strict=True)
    }
    objects = Objects(repository, repository.git_dir / FOLDER / "objects")
    commit = objects.commit(
        objects.tree(files), "Work on an update that was aborted\n", identity(repository), (journal.head,)
    )
    objects.migrate()
    repository.git("update-ref", "refs/atomci/aborted", commit)
    return f"your work on {_listed(edited)} is kept: git show refs/atomci/aborted:PATH"


def _is_committed(repository: Repository, journal: Journal, path: str) -> bool:
    there = repository.git.ask("rev-parse", "--verify", "--quiet", f"{journal.head}:{path}")
    return there is not None and repository.git.ask("hash-object", "--", path) == there


def _ended(journal: Journal, state: str) -> Update:
    before, after = journal.versions
    return Update(state=state, template=journal.template, before=before, after=after)  # type: ignore[arg-type]


def _listed(paths: set[str] | list[str]) -> str:
    names = sorted(paths)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _are(paths: set[str] | list[str]) -> str:
    return f"{_listed(paths)} {'is' if len(paths) == 1 else 'are'}"


def _last(said: str) -> str:
    lines = [line for line in said.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
