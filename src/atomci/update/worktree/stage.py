"""New contents and the new index, prepared in git's folder. The working tree isn't touched."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from atomci.errors import RefusedError
from atomci.tools.git.client import nul_ended
from atomci.tools.git.objects import Entry, Files
from atomci.tools.git.repository import Repository
from atomci.update.worktree.journal import FOLDER, JOURNAL, Replacement, digest

__all__ = ["NOTHING", "Staged", "clear", "index_line", "stage"]

NOTHING = Entry("0", "0" * 40)
"""What takes a path out of the index."""


@dataclass(frozen=True)
class Staged:
    """What `stage` prepared: what replaces what, and the digests of the index before and after."""

    steps: tuple[Replacement, ...]
    index_before: str
    index_after: str


def index_line(path: str, entry: Entry, stage: int = 0) -> bytes:
    """A line of what `git update-index -z --index-info` takes."""
    return f"{entry.mode} {entry.oid} {stage}\t".encode() + os.fsencode(path) + b"\0"


def stage(
    repository: Repository,
    outcome: Files,
    touched: list[str],
    index_lines: Iterable[bytes],
    *,
    conflicts: bool = False,
    unseen: Collection[str] = (),
    bits: Mapping[str, bool] = MappingProxyType({}),
) -> Staged:
    """Write the new contents and the new index into git's folder. Nothing else changes.

    With `conflicts` the index doesn't hold each path as `outcome` does. Of `unseen` paths, which a sparse
    checkout leaves out, only the index changes. `bits` tells files that can be run, or can't, whatever git
    holds. Raises on a full disk, and RefusedError where a link is in place of a folder; cleans up.
    """
    folder = repository.git_dir / FOLDER
    clear(folder)
    (folder / "new").mkdir(parents=True)
    try:
        return _stage(repository, folder, outcome, touched, b"".join(index_lines), conflicts, unseen, bits)
    except BaseException:
        clear(folder)
        with contextlib.suppress(OSError):  # of an earlier update there is a journal
            folder.rmdir()
        raise


def clear(folder: Path) -> None:
    """Remove what was staged, and what a git that died left there; the journal stays."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != JOURNAL:
            path.unlink()


def _stage(
    repository: Repository,
    folder: Path,
    outcome: Files,
    touched: list[str],
    index_lines: bytes,
    conflicts: bool,
    unseen: Collection[str],
    bits: Mapping[str, bool],
) -> Staged:
    index, current = folder / "index", repository.git_dir / "index"
    index_before = digest(current)
    if current.exists():
        shutil.copyfile(current, index)
    git = repository.git.with_env(GIT_INDEX_FILE=str(index))
    git("update-index", "-z", "--index-info", stdin=index_lines)
    if unseen:
        git("update-index", "-z", "--skip-worktree", "--stdin", stdin=nul_ended(unseen))
    written = [path for path in touched if path in outcome and path not in unseen]
    gone = {path for path in touched if path not in outcome and (repository.top / path).is_symlink()}
    _refuse_through_links(repository.top, written, gone)
    written_paths = set(written)
    if conflicts:
        git = repository.git.with_env(GIT_INDEX_FILE=str(folder / "contents"))
        lines = b"".join(index_line(path, outcome[path]) for path in written)
        git("update-index", "-z", "--index-info", stdin=lines)
    git("checkout-index", "-z", "--stdin", f"--prefix={folder / 'new'}/", stdin=nul_ended(written))
    for path in written_paths & bits.keys():
        _set_bit(folder / "new" / path, bits[path])
    steps = []
    for path in touched:
        # Nothing is below a link: what it leads to is somewhere else.
        below = any(str(parent) in gone for parent in PurePosixPath(path).parents)
        before = "" if below else digest(repository.top / path)
        after = digest(folder / "new" / path) if path in written_paths else ""
        if before == "folder" and not after and not (path in unseen and _is_empty(repository.top / path)):
            continue  # it goes with the last file in it
        step = Replacement(path, before, after, f"new/{path}")
        if step.before != step.after:
            steps.append(step)
    return Staged(tuple(steps), index_before, digest(index))


def _refuse_through_links(top: Path, written: Iterable[str], gone: Collection[str]) -> None:
    """Raises RefusedError where what is written would land elsewhere, through a link in place of a folder."""
    folders = {str(folder) for path in written for folder in PurePosixPath(path).parents}
    for folder in sorted(folders - {"."} - set(gone)):
        if (top / folder).is_symlink():
            raise RefusedError(
                f"{folder} is a link, and files below it would be written to where it leads",
                f"make it a folder, or remove it: git rm --cached {folder}",
            )


def _is_empty(folder: Path) -> bool:
    """Whether there is no file in it. git would take it for the file that a sparse checkout leaves out."""
    return not any(files for _, _, files in os.walk(folder))


def _set_bit(path: Path, executable: bool) -> None:
    if not path.is_symlink():
        mode = path.stat().st_mode
        path.chmod(mode | (mode & 0o444) >> 2 if executable else mode & ~0o111)
