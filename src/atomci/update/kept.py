"""Work on an update that is aborted, kept in commits that a ref of their own holds."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from atomci.errors import RefusedError
from atomci.tools.git.links import link_text
from atomci.tools.git.objects import Entry, Files, Objects
from atomci.tools.git.repository import Repository, identity
from atomci.update.wording import some_of
from atomci.update.worktree.journal import FOLDER, Journal, digest
from atomci.update.worktree.obstacles import blocking

__all__ = ["keep_work", "standing"]

_REF = "refs/atomci/aborted"


def standing(top: Path, head: Files, paths: Iterable[str]) -> list[str]:
    """What an abort has to replace, so that HEAD's files have their places again at these paths.

    A file may have become a folder since, and a folder a link, which is never followed. Raises RefusedError
    where a folder holds a repository, and for what git can't keep: a read of a pipe never ends.
    """
    found: set[str] = set()
    for path in paths:
        blocked = blocking(top, path)
        if path in head:
            found |= {path, *([blocked] if blocked else _below(top, path))}
        elif not blocked and not _is_folder(top / path):
            found.add(path)
    for path in found:
        _refuse_special(top, path)
    return sorted(found)


def _refuse_special(top: Path, path: str) -> None:
    try:
        mode = (top / path).lstat().st_mode
    except OSError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
        raise RefusedError(
            f"{path} is neither a file nor a folder nor a link", "move it elsewhere, then try again"
        )


def _below(top: Path, path: str) -> list[str]:
    if not _is_folder(top / path):
        return []
    files = []
    for folder, names, plain in os.walk(top / path):
        if ".git" in (*names, *plain):
            raise RefusedError(
                f"{path} is a folder now, and a repository is in it", "move it elsewhere, then try again"
            )
        links = [name for name in names if Path(folder, name).is_symlink()]
        files += [Path(folder, name).relative_to(top).as_posix() for name in (*plain, *links)]
    return files


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def keep_work(
    repository: Repository, journal: Journal, head: Files, paths: list[str], changed: Iterable[str]
) -> tuple[str, ...]:
    """Keep what was done since to these paths, in the index to all that changed; how to get it back."""
    objects = Objects(repository, repository.git_dir / FOLDER / "objects")
    edited = _edited(objects, journal, head, paths)
    staged = _staged(objects, journal, head, {*paths, *changed})
    staged = {path: entry for path, entry in staged.items() if edited.get(path) != entry}
    if not edited and not staged:
        return ()
    who, commit = identity(repository), ""
    if staged:
        text = "What was staged of an update that was aborted\n"
        commit = objects.commit(objects.tree(staged), text, who, (journal.head,))
    if edited:
        parents = (journal.head, commit) if commit else (journal.head,)
        commit = objects.commit(objects.tree(edited), "Work on an update that was aborted\n", who, parents)
    objects.migrate()
    ref = _new_ref(repository, commit)
    notes = []
    if edited:
        notes.append(f"your work on {some_of(edited)} is kept: git show {ref}:PATH")
    if staged:
        where = f"{ref}^2" if edited else ref
        notes.append(f"what you had staged of {some_of(staged)} is kept: git show {where}:PATH")
    return tuple(notes)


def _edited(objects: Objects, journal: Journal, head: Files, paths: list[str]) -> Files:
    """What lies in the working tree and is neither the update's nor HEAD's."""
    top, after = objects.repository.top, {step.path: step.after for step in journal.steps}
    there = {path: digest(top / path) for path in paths if not blocking(top, path)}
    new = [path for path, found in there.items() if found not in ("", "folder", after.get(path))]
    plain = [path for path in new if not (top / path).is_symlink()]
    oids = dict(zip(plain, objects.repository.git.store(plain), strict=True)) if plain else {}
    found = {
        path: (
            Entry(_mode(top / path, head.get(path)), oids[path])
            if path in oids
            else Entry("120000", objects.write("blob", link_text(top / path)))
        )
        for path in new
    }
    return {path: entry for path, entry in found.items() if entry != head.get(path)}


def _mode(path: Path, known: Entry | None) -> str:
    """Windows has no executable bit: there HEAD's counts."""
    if os.name == "nt":
        return known.mode if known is not None and known.is_file else "100644"
    return "100755" if path.stat().st_mode & 0o100 else "100644"


def _staged(objects: Objects, journal: Journal, head: Files, paths: set[str]) -> Files:
    """What the index holds and is neither the update's nor HEAD's."""
    index = objects.repository.git.staged()
    mine: Mapping[str, str] = journal.entries
    return {
        path: Entry(*index[path])
        for path in sorted(paths)
        if path in index and index[path] != head.get(path) and " ".join(index[path]) != mine.get(path)
    }


def _new_ref(repository: Repository, commit: str) -> str:
    """A ref that there wasn't yet: each abort has its own."""
    names = repository.git("for-each-ref", "--format=%(refname)", "refs/atomci").decode().split()
    number = 1 + sum(name == _REF or name.startswith(f"{_REF}-") for name in names)
    while (name := _REF if number == 1 else f"{_REF}-{number}") in names:
        number += 1
    repository.git("update-ref", name, commit, "")
    return name
