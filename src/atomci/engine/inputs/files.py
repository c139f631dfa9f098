"""The project's files, their content hashes, and which of them changed: found out once a run."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from atomci.tools.git.client import Git

__all__ = ["ABSENT", "REPOSITORY", "Inputs", "counts", "matches"]

ABSENT = "absent"
"""The hash of what isn't there."""
REPOSITORY = ".git/*"
"""In place of a path: what git itself would say of the repository, such as its commits and settings."""

# Never inputs, also where git doesn't ignore them or there is no git: what tools keep for themselves.
_NOT_INPUTS = re.compile(
    r"(^|/)(\.git|\.venv|\.tox|\.nox|\.hypothesis|__pycache__|node_modules|\.[a-z_]+_cache|[^/]+\.egg-info)/"
    r"|(^|/)(\.coverage(\.[^/]*)?|\.DS_Store|[^/]*\.py[co])$|^artifacts/"
)
_MODULES = (".py", ".pyi", ".so", ".pyd")
# To read more than this takes longer than most atoms; such a file goes by its size and times.
_READ_AT_MOST = 64 * 1024 * 1024


@cache
def _regex(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Of all of them, since to try one after the other takes several times as long."""
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = (re.split(r"(\*\*/|\*\*|\*|\?)", glob) for glob in globs)
    return re.compile("|".join("".join(words.get(word, re.escape(word)) for word in glob) for glob in parts))


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether a POSIX path matches one of the globs; `**` crosses folders, `*` doesn't."""
    globs = tuple(globs)
    return bool(globs) and _regex(globs).fullmatch(path) is not None


def counts(path: str) -> bool:
    """Whether a POSIX path from the root may be an input: not a cache, an environment, git's or our own."""
    return not _NOT_INPUTS.search(path)


class Inputs:
    """A view of the project's files. Thread-safe; `forget` after something wrote to the tree."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._place = str(root)
        self._lock = threading.Lock()
        self._hashes: dict[str, tuple[tuple[int, ...], str]] = {}
        self.forget()

    def forget(self) -> None:
        """List again on the next question."""
        self._files: list[str] | None = None
        self._on_disk: list[str] | None = None
        self._changed: dict[str | None, list[str] | None] = {}

    def files(self) -> list[str]:
        """Every project file, sorted: what git knows and doesn't ignore, else what is on disk."""
        with self._lock:
            if self._files is None:
                listed = Git(self.root).files()
                found = listed if listed is not None else _walk(self.root)
                self._files = sorted(path for path in found if counts(path) and (self.root / path).is_file())
            return self._files

    def on_disk(self) -> list[str]:
        """Every file below the root, sorted: ignored ones, submodules and what links lead to as well."""
        with self._lock:
            if self._on_disk is None:
                self._on_disk = sorted(_walk(self.root))
            return self._on_disk

    def matching(self, globs: Iterable[str]) -> list[str]:
        """Project files that match a glob, and artifacts where a glob begins with artifacts/."""
        globs = tuple(globs)
        artifacts = [glob for glob in globs if glob.startswith("artifacts/")]
        tree = [glob for glob in globs if glob not in artifacts]
        found = [path for path in self.files() if matches(path, tree)] if tree else []
        return found + sorted(
            path.relative_to(self.root).as_posix()
            for glob in artifacts
            for path in self.root.glob(glob)
            if path.is_file()
        )

    def changed(self, since: str | None = None) -> list[str] | None:
        """What differs from the merge base with `since` (default: from HEAD); None where git can't tell."""
        with self._lock:
            if since not in self._changed:
                self._changed[since] = Git(self.root).changed(since)
            return self._changed[since]

    def hash_of(self, path: str) -> str:
        """The hash of a file's content, of whether it can be executed, and of where it leads if it is a link;
        ABSENT where there is none.

        A path is relative to the root or absolute. What is unchanged by its times isn't read twice.
        """
        if path == REPOSITORY:
            return _short(Git(self.root).state() or b"")
        file, leads = os.path.join(self._place, path), ""  # noqa: PTH118 - a Path takes as long as the rest
        try:
            found = os.lstat(file)
            if stat.S_ISLNK(found.st_mode):
                leads = f" link to {Path(file).readlink()}"
                found = os.stat(file)  # noqa: PTH116
            now = _times(found)
            known, digest = self._hashes.get(path, ((), ""))
            if known != now:
                digest = _digest(file, found)
                self._hashes[path] = now, digest
        except (FileNotFoundError, NotADirectoryError):
            return f"nowhere{leads}" if leads else ABSENT
        except (OSError, ValueError):
            return "unreadable"
        return digest + leads

    def state_of(self, path: str) -> str:
        """The hash of a file's mode, owner, size, links and last change; of a folder's mode and owner."""
        try:
            rows = [(self.root / path).lstat(), (self.root / path).stat()]
        except (OSError, ValueError):
            return ABSENT
        return _short(repr([_state(row) for row in rows]).encode())

    def times_of(self, path: str) -> tuple[int, ...]:
        """When a file was changed, in content and in kind, in ns, and which file it is; empty without one."""
        try:
            return _times((self.root / path).stat())
        except (OSError, ValueError):
            return ()

    def names_in(self, folder: str) -> str:
        """The hash of the names that a folder holds and of their kinds; ABSENT where there is none."""
        return self._names(folder, lambda entry: True)

    def modules_in(self, folder: str) -> str:
        """The same of what Python could import from it."""
        return self._names(folder, _is_importable)

    def _names(self, folder: str, wanted: Callable[[os.DirEntry[str]], bool]) -> str:
        prefix = "" if folder == "." else f"{folder}/"
        try:
            with os.scandir(self.root / folder) as found:
                known = [entry for entry in found if counts(prefix + entry.name + _end(entry))]
                names = sorted(entry.name + _kind(entry) for entry in known if wanted(entry))
        except (FileNotFoundError, NotADirectoryError):
            return ABSENT
        except OSError:
            return "unreadable"
        return _short("\0".join(names).encode("utf-8", "surrogateescape"))


def _times(found: os.stat_result) -> tuple[int, ...]:
    """Of a folder its kind alone: it is newer after each file that is made in it."""
    if stat.S_ISDIR(found.st_mode):
        return 0, 0, 0, found.st_ino, found.st_mode
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_mode


def _digest(file: str, found: os.stat_result) -> str:
    if not stat.S_ISREG(found.st_mode):
        return f"mode {stat.S_IFMT(found.st_mode):o}"
    if found.st_size > _READ_AT_MOST:
        return f"{found.st_size} bytes of {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
    content = _short(Path(file).read_bytes())
    return f"{content} executable" if os.name != "nt" and found.st_mode & stat.S_IXUSR else content


def _short(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _state(found: os.stat_result) -> tuple[int, ...]:
    if stat.S_ISDIR(found.st_mode):
        return found.st_mode, found.st_uid, found.st_gid
    owner = found.st_mode, found.st_uid, found.st_gid
    return *owner, found.st_size, found.st_nlink, found.st_mtime_ns


def _is_importable(entry: os.DirEntry[str]) -> bool:
    """A module, or a folder that holds some, at most three levels down."""
    if not entry.is_dir():
        return entry.name.endswith(_MODULES)
    return entry.name.isidentifier() and _holds_modules(entry.path, 3)


def _holds_modules(folder: str, levels: int) -> bool:
    with os.scandir(folder) as found:
        entries = list(found)
    if any(entry.name.endswith(_MODULES) for entry in entries):
        return True
    below = [entry.path for entry in entries if entry.name.isidentifier() and entry.is_dir()]
    return levels > 1 and any(_holds_modules(path, levels - 1) for path in below)


def _kind(entry: os.DirEntry[str]) -> str:
    return ("@" if entry.is_symlink() else "") + _end(entry)


def _end(entry: os.DirEntry[str]) -> str:
    """A folder's path ends in /, so that patterns of folders see it."""
    return "/" if entry.is_dir() else ""


def _walk(root: Path) -> Iterator[str]:
    """Files below a folder, links followed; environments, and links that lead back up, are left out."""
    queue, visited = [""], {os.path.realpath(root)}
    while queue:
        prefix = queue.pop()
        try:
            with os.scandir(root / prefix) as listed:
                entries = list(listed)
        except OSError:
            continue
        if prefix and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir():
                if not counts(f"{path}/"):
                    continue
                if entry.is_symlink():
                    place = os.path.realpath(entry.path)
                    if place in visited:
                        continue
                    visited.add(place)
                queue.append(f"{path}/")
            elif counts(path) and entry.is_file():
                yield path
