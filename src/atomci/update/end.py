"""The end of an update that was applied: committed, continued, aborted, or finished after a kill."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import msgspec

from atomci.artifacts.printed.sync import Update
from atomci.errors import AtomciError, RefusedError
from atomci.tools.git.client import complaint
from atomci.tools.git.objects import Objects
from atomci.tools.git.repository import Repository, open_repository
from atomci.update.kept import keep_work, standing
from atomci.update.three_way.merge_tree import has_markers
from atomci.update.under_way import refuse_unfinished, staged_paths, under_way
from atomci.update.wording import are
from atomci.update.worktree.journal import FOLDER, Journal
from atomci.update.worktree.stage import NOTHING, index_line, stage
from atomci.update.worktree.switch import held, resume, switch

__all__ = ["Unresolved", "abort_update", "commit_update", "continue_update", "recover"]

_FAILED_HOOK = re.compile(r"(\S.*?)\.{3,}(\(.*\))?Failed\s*$")
"""A line of pre-commit."""


class Unresolved(AtomciError):
    """Conflicts are open; the answer is no."""


def recover(root: Path) -> bool:
    """Finish a switch that a kill broke off. True when there was one.

    Raises RefusedError while an update waits to be continued or aborted.
    """
    repository = open_repository(root)
    with held(repository):
        finished = resume(repository)
        refuse_unfinished(repository)
    return finished


def commit_update(root: Path, staged: Update) -> Update:
    """Commit a staged update. The project's hooks run, and may refuse it."""
    with under_way(root) as (repository, journal):
        _commit(repository, journal)
    return msgspec.structs.replace(staged, state="committed")


def _commit(repository: Repository, journal: Journal) -> None:
    others = staged_paths(repository) - {step.path for step in journal.steps} - set(journal.unseen)
    if others:
        raise RefusedError(
            f"{are(others)} staged besides the update", "git restore --staged them, or commit by hand"
        )
    code, _, said = repository.git.code("commit", "--quiet", "--file=-", stdin=os.fsencode(journal.message))
    if code != 0:
        raise Unresolved(f"git commit: {_why(said)}", "the update is staged; fix that, then: git commit")
    shutil.rmtree(repository.git_dir / FOLDER)


def continue_update(root: Path) -> Update:
    """Commit an update whose conflicts are resolved. Raises Unresolved while one is open."""
    with under_way(root) as (repository, journal):
        _continue(repository, journal)
    return _ended(journal, "committed")


def _continue(repository: Repository, journal: Journal) -> None:
    if journal.phase == "staged":
        _commit(repository, journal)
        return
    if open_paths := repository.git.paths("diff", "--name-only", "--diff-filter=U", "-z"):
        raise Unresolved(f"{are(open_paths)} in conflict", "resolve, git add, then: atomci update --continue")
    if marked := _with_markers(repository, journal):
        raise Unresolved(
            f"{are(marked)} still in conflict: there are conflict markers",
            "resolve them, git add, then: atomci update --continue",
        )
    _pick_again(repository, journal)
    git = repository.git.with_env(GIT_EDITOR=":")
    code, out, said = git.code("cherry-pick", "--continue")
    if code != 0:
        raise Unresolved(
            f"git cherry-pick --continue: {_why(said or out.decode('utf-8', 'replace'))}",
            "fix that, then: atomci update --continue",
        )
    shutil.rmtree(repository.git_dir / FOLDER, ignore_errors=True)


def _pick_again(repository: Repository, journal: Journal) -> None:
    """A stand-in for the commit that is picked: no ref holds that, so git's gc may have removed it."""
    git = repository.git
    if git.commit("CHERRY_PICK_HEAD") is None:
        pick = git("commit-tree", "HEAD^{tree}", "-p", "HEAD", stdin=journal.message.encode()).decode()
        (repository.git_dir / "CHERRY_PICK_HEAD").write_text(pick, encoding="utf-8", newline="\n")


def abort_update(root: Path) -> Update:
    """Everything as it was before the update; work that would be lost is kept in a commit of its own."""
    with under_way(root) as (repository, journal):
        return _abort(repository, journal)


def _abort(repository: Repository, journal: Journal) -> Update:
    head = Objects(repository, repository.git_dir / FOLDER / "objects").files(journal.head)
    changed = {step.path for step in journal.steps} | {*journal.conflicted, *journal.unseen}
    touched = standing(repository.top, head, changed)
    notes = keep_work(repository, journal, head, touched, changed)
    # A path in conflict has no stage 0; to remove its stages it is removed first.
    lines = [index_line(path, NOTHING) for path in journal.conflicted]
    lines += [index_line(path, head.get(path, NOTHING)) for path in sorted({*touched, *changed})]
    outcome = {path: head[path] for path in touched if path in head}
    # Where git doesn't look at them (core.fileMode), HEAD doesn't tell which files could be run.
    bits = {step.path: step.before[0] == "x" for step in journal.steps if step.before[:2] in ("x ", "- ")}
    staged = stage(repository, outcome, touched, lines, unseen=journal.unseen, bits=bits)
    heads = dict.fromkeys([*journal.heads, "MERGE_RR"]) if journal.heads else {}
    switch(repository, staged, msgspec.structs.replace(journal, then="gone", heads=heads))
    return msgspec.structs.replace(_ended(journal, "aborted"), notes=notes)


def _with_markers(repository: Repository, journal: Journal) -> list[str]:
    marked = []
    for path in journal.conflicted:
        code, content, _ = repository.git.code("cat-file", "blob", f":{path}")
        if code == 0 and has_markers(content):
            marked.append(path)
    return marked


def _ended(journal: Journal, state: str) -> Update:
    before, after = journal.versions
    return Update(state=state, template=journal.template, before=before, after=after)  # type: ignore[arg-type]


def _why(said: str) -> str:
    """What git says, or which of pre-commit's hooks failed: the last line may be of one that passed."""
    failed = [found[1] for line in said.splitlines() if (found := _FAILED_HOOK.match(line))]
    if failed:
        return f"hooks failed: {', '.join(failed)}"
    return complaint(said) or "it failed and printed nothing, as a git hook may"
