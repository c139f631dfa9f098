"""Putting what is staged in place, all of it or nothing.

The journal tells what replaces what; git's own `index.lock` keeps others out meanwhile. A switch that was
broken off is finished by the next command; one that goes on after its parent was killed is waited for.
"""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from atomci.errors import InfrastructureError
from atomci.tools.exclusive import exclusive
from atomci.tools.git.repository import Repository
from atomci.tools.in_place import keep, put, remove_empty
from atomci.tools.outlive import outlive
from atomci.update.worktree.journal import FOLDER, JOURNAL, Journal, digest, journal_of, write_journal
from atomci.update.worktree.stage import Staged, clear

__all__ = ["held", "resume", "switch"]

_NEXT = "next.json"
_EARLIER = "earlier.json"


def held(repository: Repository) -> AbstractContextManager[None]:
    """Keep every other atomci from changing this repository. Raises InfrastructureError after ten seconds."""
    return exclusive(repository.git_dir, "another atomci is at work in this repository")


def switch(repository: Repository, staged: Staged, journal: Journal) -> None:
    """Make the staged state the current one; the journal says what for.

    Raises InfrastructureError, and then nothing has changed.
    """
    journal = msgspec.structs.replace(
        journal,
        phase="switching",
        index_before=staged.index_before,
        index_after=staged.index_after,
        steps=staged.steps,
    )
    folder = repository.git_dir / FOLDER
    earlier = (folder / JOURNAL).exists()
    try:
        if earlier:
            keep(folder / JOURNAL, folder / _EARLIER)
        write_journal(repository, journal)
        outlive(lambda: _switch(repository, journal))
    except (InfrastructureError, OSError):
        if not earlier:
            shutil.rmtree(folder)
        else:
            if (folder / _EARLIER).exists():
                (folder / _EARLIER).replace(folder / JOURNAL)
            clear(folder)
        raise
    repository.git.code("update-index", "-q", "--refresh")


def resume(repository: Repository) -> bool:
    """Bring a switch that was broken off to its end. True when there was one."""
    journal = journal_of(repository)
    if journal is None or journal.phase != "switching":
        return False
    lock = repository.git_dir / "index.lock"
    index = digest(repository.git_dir / "index")
    untouched = all(digest(repository.top / step.path) == step.before for step in journal.steps)
    begun = index != journal.index_before or not untouched or lock.exists()
    if not begun and journal.then != "gone":
        shutil.rmtree(repository.git_dir / FOLDER)
        return False
    outlive(lambda: _switch(repository, journal, resumed=True))
    return True


def _switch(repository: Repository, journal: Journal, *, resumed: bool = False) -> None:
    folder, index = repository.git_dir / FOLDER, repository.git_dir / "index"
    lock = repository.git_dir / "index.lock"
    _prepare(repository, journal)
    if not (resumed and digest(index) == journal.index_after and not lock.exists()):
        _take(lock, folder / "index", journal, resumed)
        try:
            _check_still(repository, journal, resumed)
            _files(repository, journal, resumed)
        except BaseException:
            lock.unlink()
            raise
    for number, name in enumerate(journal.heads):
        _write_head(folder / "heads" / str(number), repository.git_dir / name)
    if lock.exists():
        lock.replace(index)
    if journal.then == "gone":
        shutil.rmtree(folder)
        return
    (folder / _NEXT).replace(folder / JOURNAL)
    clear(folder)


def _prepare(repository: Repository, journal: Journal) -> None:
    """Write what is put in place last, while all can be undone; only renames, which need no room, follow."""
    folder = repository.git_dir / FOLDER
    shutil.rmtree(folder / "heads", ignore_errors=True)
    (folder / "heads").mkdir()
    for number, text in enumerate(journal.heads.values()):
        if text is not None:
            (folder / "heads" / str(number)).write_bytes(os.fsencode(text))
    if journal.then != "gone":
        write_journal(repository, msgspec.structs.replace(journal, phase=journal.then), _NEXT)


def _take(lock: Path, prepared: Path, journal: Journal, resumed: bool) -> None:
    """Hold git's lock of the index, with the new index as its content, as git itself does."""
    if resumed and lock.exists() and digest(lock) == journal.index_after:
        return
    if resumed and lock.exists() and lock.stat().st_size < prepared.stat().st_size:
        lock.unlink()  # ours, broken off while it was written
    content = prepared.read_bytes()
    try:
        file = lock.open("xb")
    except FileExistsError:
        raise InfrastructureError(
            f"{lock} exists: another git is at work in this repository", "wait for it, then run this again"
        ) from None
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        lock.unlink()
        raise


def _check_still(repository: Repository, journal: Journal, resumed: bool) -> None:
    if resumed:
        return
    if digest(repository.git_dir / "index") != journal.index_before:
        raise InfrastructureError("git's index changed meanwhile", "nothing was changed; run this again")
    if repository.git.resolve("HEAD") != journal.head:
        raise InfrastructureError("HEAD moved meanwhile", "nothing was changed; run this again")


def _files(repository: Repository, journal: Journal, resumed: bool) -> None:
    """Replace each path by a rename; what is replaced is kept until the end, and put back on an error."""
    folder, done = repository.git_dir / FOLDER, []
    # What disappears goes first: a folder may stand where a file stood.
    steps = sorted(journal.steps, key=lambda step: (step.after != "", step.path))
    try:
        for number, step in enumerate(steps):
            target, kept = repository.top / step.path, folder / "old" / str(number)
            if step.before == "folder":
                remove_empty(target)
            found = digest(target)
            if found == step.after or (resumed and found not in (step.before, "")):
                continue  # done before, or changed by somebody after the kill: theirs stays
            emptied = step.before == "folder" and found == ""
            if found == "folder" or (found != step.before and not resumed and not emptied):
                raise InfrastructureError(
                    f"{step.path} changed meanwhile", "nothing was changed; run this again"
                )
            if found:
                keep(target, kept)
            done.append((step, target, kept))
            put(folder / step.staged if step.after else None, target, repository.top)
    except BaseException:
        for step, target, kept in reversed(done):
            put(kept if step.before not in ("", "folder") else None, target, repository.top)
        raise


def _write_head(prepared: Path, path: Path) -> None:
    if prepared.exists():
        prepared.replace(path)
    else:
        path.unlink(missing_ok=True)
