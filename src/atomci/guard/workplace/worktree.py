"""A worktree outside of the checkout, with all that the checkout holds: made, found again, and removed."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from atomci.errors import InfrastructureError, RefusedError
from atomci.guard.workplace.copying import bring
from atomci.guard.workplace.nested import nested_git
from atomci.guard.workplace.place import Workplace, places_of
from atomci.tools.atomic import replace_file
from atomci.tools.exclusive import take_lock
from atomci.tools.git.client import GitFailed
from atomci.tools.git.repository import Repository, open_repository

__all__ = ["clear", "find", "in_place", "kept", "lend", "make", "remove"]

_LOCKED = "atomci guard"
_READY = "ready"
_LINK = "link"
# Hooks and filters of the checkout aren't run: what it holds is copied.
_NOTHING_RUNS = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")
_held: dict[Path, int | None] = {}
"""The locks of the folders of sessions that go on in this process."""
_MOST_NEW = 2_000_000_000
"""Bytes of untracked files that a worktree gets."""
_SHARED_INDEX = "sharedindex.*"


def make(root: Path, run: str, *, passing: bool = False, repository: Repository | None = None) -> Workplace:
    """A worktree with the files of a checkout as they are now, untracked ones too, and its index.

    Ignored files stay behind. Where it can't be made nothing of it stays. One that is `passing` is taken away
    by a later session, should this process be killed. `repository`: the checkout's, where it is open.
    Raises UsageError without a repository, RefusedError, InfrastructureError.
    """
    repository = repository or open_repository(root)
    folder = _new_folder(repository, run)
    tree = folder / (repository.top.name or "checkout")
    try:
        _add(repository, tree)
        place = _place(repository, run, folder, tree)
        _take_index(repository, place)
        bring(_files(repository), repository.top, tree)
        if not passing:
            (folder / _READY).touch()
    except BaseException as error:
        _discard(folder, _admin(tree))
        if isinstance(error, OSError):
            raise InfrastructureError(f"the worktree can't be made: {error}") from None
        raise
    return place


def lend(place: Workplace, run: str) -> Workplace:
    """The same worktree for a session of its own in it: with another folder, which is all that `clear` and
    `remove` take away. Raises InfrastructureError.
    """
    folder = place.folder / "sessions" / run
    try:
        (folder / "scratch").mkdir(parents=True)
    except OSError as error:
        raise InfrastructureError(f"no session can have its folder at {folder}: {error.strerror}") from None
    return replace(place, run=run, folder=folder)


def in_place(root: Path, run: str, *, repository: Repository | None = None) -> Workplace:
    """The checkout itself, with a folder outside of it. Raises UsageError, InfrastructureError."""
    repository = repository or open_repository(root)
    folder = _new_folder(repository, run)
    try:
        nested = nested_git(repository)
        if _record_link(repository.top / ".git", folder / _LINK):
            repository = replace(repository, pinned=True)
    except BaseException:
        _discard(folder, None)
        raise
    return Workplace(
        run, repository.top, repository.top, folder, _of_git(repository), repository, nested=nested
    )


def find(root: Path, run: str) -> Workplace | None:
    """A session's worktree, None where it was removed or never whole."""
    repository = open_repository(root)
    folder = places_of(repository.top) / run
    tree = folder / (repository.top.name or "checkout")
    if not (folder / _READY).is_file():
        return None
    place = _place(repository, run, folder, tree)
    _put_back(place)
    return place


def kept(root: Path) -> list[str]:
    """The runs of a checkout whose worktrees are still there, oldest first."""
    folder = places_of(open_repository(root).top)
    return sorted(ready.parent.name for ready in folder.glob(f"*/{_READY}"))


def clear(place: Workplace) -> None:
    """After a session: its temporary files go, and a copied login with them; a worktree stays.

    Raises InfrastructureError.
    """
    if place.in_place:
        _put_back_link(place)
        remove(place)
        return
    _let_go(place.folder)
    try:
        _put_back(place)
        shutil.rmtree(place.scratch, onerror=_after_opening)
    except (OSError, RecursionError) as error:
        raise _stays(place.scratch, error) from None


def remove(place: Workplace) -> None:
    """The session's folder and what git knows of its worktree; the checkout of a session in place stays.

    Raises InfrastructureError where something can't be removed.
    """
    try:
        _discard(place.folder, place.admin)
    except (OSError, RecursionError) as error:
        raise _stays(place.folder, error) from None


def _stays(folder: Path, error: Exception) -> InfrastructureError:
    reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
    return InfrastructureError(f"{folder} can't be removed: {reason}", f"rm -rf {shlex.quote(str(folder))}")


def _new_folder(repository: Repository, run: str) -> Path:
    """A session's folder, which this process holds until its end; what killed ones have left goes first."""
    if Path.home().resolve().is_relative_to(repository.top.resolve()):
        raise RefusedError(
            f"the repository at {repository.top} holds your whole home, and so would a session",
            "start it in a repository below",
        )
    folder = places_of(repository.top) / run
    try:
        _sweep(folder.parent)
        folder.mkdir(parents=True)
        _held[folder] = take_lock(folder)
        (folder / "scratch").mkdir()
    except OSError as error:
        raise InfrastructureError(f"no session can have its folder at {folder}: {error.strerror}") from None
    return folder


def _sweep(places: Path) -> None:
    """Take away what sessions that were killed have left: places that aren't whole, and temporary files.

    A worktree that is whole stays, since there is work in it.
    """
    for folder in places.iterdir() if places.is_dir() else ():
        lock = take_lock(folder) if folder.is_dir() else None
        if lock is None:
            continue
        try:
            with contextlib.suppress(OSError, RecursionError):  # it stays, and is no reason to start nothing
                _clean(folder)
        finally:
            os.close(lock)


def _clean(folder: Path) -> None:
    if not (folder / _READY).is_file():
        trees = (path.parent for path in folder.glob("*/.git") if path.parent.name != "scratch")
        _discard(folder, _admin(next(trees, folder / "none")))
    elif (folder / "scratch").is_dir():
        shutil.rmtree(folder / "scratch", onerror=_after_opening)


def _let_go(folder: Path) -> None:
    lock = _held.pop(folder, None)
    if lock is not None:
        os.close(lock)


def _add(repository: Repository, tree: Path) -> None:
    words = ("worktree", "add", "--quiet", "--detach", "--no-checkout", "--lock")
    try:
        repository.git(*_NOTHING_RUNS, *words, "--reason", _LOCKED, "--", str(tree), "HEAD")
    except GitFailed:
        if repository.git.commit() is not None:
            raise
        raise RefusedError(
            "this repository has no commit yet, so it can have no second worktree",
            "git commit first, or add --in-place",
        ) from None


def _place(repository: Repository, run: str, folder: Path, tree: Path) -> Workplace:
    return Workplace(run, repository.top, tree, folder, _of_git(repository), repository, _admin(tree))


def _of_git(repository: Repository) -> tuple[Path, ...]:
    """The folders of git that a checkout has: its own, and the one that it shares with other worktrees."""
    return tuple(dict.fromkeys((repository.git_dir, repository.objects.parent)))


def _admin(tree: Path) -> Path | None:
    """What git keeps of a worktree, as its file `.git` said when it was made."""
    record = tree.parent / "admin"
    if record.is_file():
        return Path(os.fsdecode(record.read_bytes()))
    try:
        text = os.fsdecode((tree / ".git").read_bytes())
    except OSError:
        return None
    admin = Path(text.removeprefix("gitdir: ").rstrip("\n"))
    record.write_bytes(os.fsencode(admin))  # the program may rewrite the file
    return admin


def _put_back(place: Workplace) -> None:
    """What leads git from the tree to its own folder, where the program wrote something else there.

    Settings of git that it chose could start programs, for whoever asks git in the tree. A repository that it
    made is kept beside the tree.
    """
    if place.admin is None or not place.tree.is_dir():
        return
    link, right = place.tree / ".git", b"gitdir: %s\n" % os.fsencode(place.admin)
    if link.is_symlink() or link.is_dir():
        link.rename(Path(tempfile.mkdtemp(prefix="git-", dir=place.folder)) / "git")
    if not link.is_file() or link.read_bytes() != right:
        replace_file(link, right)


def _record_link(link: Path, record: Path) -> bool:
    """Whether it leads to a folder of git's elsewhere. No back-end can keep a link from being removed."""
    if link.is_symlink():
        record.symlink_to(os.readlink(link))  # noqa: PTH115
    elif link.is_file():
        shutil.copy2(link, record)
    return os.path.lexists(record)


def _put_back_link(place: Workplace) -> None:
    """The same for a session in place; what the program put there stays beside it."""
    link, record = place.tree / ".git", place.folder / _LINK
    if not os.path.lexists(record) or _content(link) == _content(record):
        return
    try:
        if os.path.lexists(link):
            link.rename(place.tree / f".git-{place.run}")
        shutil.copy2(record, link, follow_symlinks=False)
    except OSError as error:
        raise InfrastructureError(
            f"{link} can't be put back: {error.strerror}", f"git init --separate-git-dir {place.git[0]}"
        ) from None


def _content(link: Path) -> tuple[str, bytes] | None:
    if link.is_symlink():
        return "link", os.fsencode(os.readlink(link))  # noqa: PTH115
    return ("file", link.read_bytes()) if link.is_file() else None


def _take_index(repository: Repository, place: Workplace) -> None:
    """With its time, by which git tells files that were changed in the same moment."""
    if place.admin is None:
        raise InfrastructureError("git made a worktree without saying where it keeps it")
    index = repository.git_dir / "index"
    for file in (index, *repository.git_dir.glob(_SHARED_INDEX)):
        if file.is_file():
            shutil.copy2(file, place.admin / file.name)


def _files(repository: Repository) -> list[str]:
    """What the checkout holds, but for what git ignores. Raises RefusedError where that is too much."""
    words = ("ls-files", "-t", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    rows = repository.git.paths(*words)
    new = [row[2:] for row in rows if row.startswith("? ")]
    sizes = {path: _size(repository.top / path) for path in new}
    if sum(sizes.values()) > _MOST_NEW:
        largest = max(sizes, key=lambda path: sizes[path])
        raise RefusedError(
            f"files that git neither tracks nor ignores take {sum(sizes.values()) / 1e9:.1f} GB, "
            f"{largest} most of all; a session gets a copy of them",
            f"echo {shlex.quote('/' + largest)} >> .gitignore, or add --in-place",
        )
    return [row[2:] for row in rows]


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _discard(folder: Path, admin: Path | None) -> None:
    _let_go(folder)
    if admin is not None:
        _forget(admin, folder)
    if folder.is_dir():
        shutil.rmtree(folder, onerror=_after_opening)
    for above in list(folder.parents)[:3]:
        with contextlib.suppress(OSError):  # another session's
            above.rmdir()


def _forget(admin: Path, folder: Path) -> None:
    """Take a worktree out of git's list: its own folder there, and the one for all when it was the last."""
    try:
        tree = Path(os.fsdecode((admin / "gitdir").read_bytes()).rstrip("\n")).parent
    except OSError:
        return
    if admin.parent.name != "worktrees" or not tree.is_relative_to(folder):
        return
    shutil.rmtree(admin)
    with contextlib.suppress(OSError):
        admin.parent.rmdir()


def _after_opening(remove_it: Callable[[str], Any], path: str, _: object) -> None:
    """A program may have taken away its own right to change a folder."""
    for place in (os.path.dirname(path), path):  # noqa: PTH120
        if not os.path.islink(place):  # noqa: PTH114
            os.chmod(place, stat.S_IRWXU)  # noqa: PTH101
    if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114
        shutil.rmtree(path)
    else:
        remove_it(path)
