"""Working trees for snapshots: made with plain git, and read back byte for byte without any of our code."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from atomci.artifacts.handed.snapshots import WorkSnapshot
from atomci.guard.snapshot.store import FOLDER, open_store

__all__ = ["Tree", "captured", "git", "lying", "new_tree", "users_git"]

Tree = Mapping[bytes, tuple[str, bytes]]
"""What lies there: kind and content by path."""
_NOBODY = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_SOMEBODY = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")


def git(top: Path, *words: str) -> bytes:
    """What plain git prints. Raises on a failure."""
    env = {**os.environ, **_NOBODY}
    return subprocess.run(
        ["git", *_SOMEBODY, *words], cwd=top, env=env, check=True, capture_output=True
    ).stdout


def new_tree(top: Path, files: Mapping[str, str | bytes], *, commit: bool = True) -> Path:
    """A repository that holds the files, in a commit."""
    top.mkdir(parents=True, exist_ok=True)
    git(top, "init", "-q", "-b", "main")
    for path, content in files.items():
        place = top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    if commit:
        git(top, "add", "-A")
        git(top, "commit", "-q", "-m", "first")
    return top


def lying(top: Path) -> Tree:
    """Every file, link and empty folder but for what is git's own."""
    return {os.fsencode(path.relative_to(top)): state for path in _below(top) if (state := _state(path))}


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name != ".git":
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from _below(path)


def _state(path: Path) -> tuple[str, bytes] | None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "link", os.readlink(os.fsencode(path))  # noqa: PTH115
    if stat.S_ISDIR(mode):
        return None if any(path.iterdir()) else ("folder", b"")
    kind = "program" if mode & stat.S_IXUSR else "file"
    return (kind, path.read_bytes()) if stat.S_ISREG(mode) else None


def captured(top: Path, snapshot: WorkSnapshot) -> Tree:
    """What a snapshot holds, read by plain git."""
    kinds = {b"100644": "file", b"100755": "program", b"120000": "link"}
    objects = open_store(top, snapshot.run).objects.git
    found = {os.fsencode(folder): ("folder", b"") for folder in snapshot.empty_folders}
    rows = [row.split(b"\t", 1) for row in objects("ls-tree", "-r", "-z", snapshot.tree).split(b"\0") if row]
    entries = [(head.split(), path) for head, path in rows]
    for (mode, kind, oid), path in entries:
        if kind == b"blob":
            found[path] = (kinds[mode], objects("cat-file", "blob", oid.decode()))
    return found


def users_git(top: Path) -> dict[str, str]:
    """Everything of git's folder that isn't ours, by path."""
    own = top / ".git"
    files = (path for path in sorted(own.rglob("*")) if path.is_file() and not path.is_symlink())
    ours = (own / FOLDER, own / "refs/atomci")
    return {
        path.relative_to(own).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if not any(path.is_relative_to(place) for place in ours)
    }
