"""What lies outside of a session and matters most, before and after it: harm that nothing stopped is seen."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from atomci.guard.workplace.place import Workplace

__all__ = ["Seen", "changed_outside", "seen_outside"]

Seen = Mapping[str, tuple[int, str]]
"""Mode and digest by path; times where a whole checkout is looked at, which is too much to read."""

_OF_HOME = (
    ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".profile", ".zshrc", ".zshenv", ".zprofile",
    ".zlogin", ".config/fish/config.fish", ".gitconfig", ".config/git", ".ssh", ".gnupg/gpg.conf", ".npmrc",
    ".pypirc", ".netrc", ".pdbrc", ".vimrc", ".tmux.conf", ".inputrc", ".local/bin", ".config/autostart",
    ".config/systemd/user", ".config/pip", ".config/uv", ".cargo/config.toml", "Library/LaunchAgents",
    ".claude/settings.json", ".claude/hooks", ".claude.json", ".codex/config.toml", ".gemini/settings.json",
    ".mcp.json",
)  # fmt: skip
"""What other programs run or believe."""
_OF_GIT = ("HEAD", "config", "config.worktree", "packed-refs", "index", "hooks", "info", "refs", "modules")
_OWN_REFERENCES = ("refs", "atomci")
_MOST = 20_000
_LARGEST = 10_000_000


def seen_outside(place: Workplace, home: Path) -> Seen:
    """How it is now, with the checkout's files where the session works elsewhere."""
    roots = [home / name for name in _OF_HOME]
    if not place.in_place:
        roots += [folder / name for folder in place.git for name in _OF_GIT]
    elif place.git:
        folders = (*place.git, *place.nested)
        roots += [folder / name for folder in folders for name in _OF_GIT if name != "index"]
        roots += [path for path in place.nested if path.is_file()]
    found = dict(_with_digests(roots))
    if not place.in_place:
        found |= dict(_with_times(place.root))
    return found


def changed_outside(before: Seen, after: Seen) -> tuple[str, ...]:
    """The paths that came, went or are different now, by whomever."""
    return tuple(sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)))


def _with_digests(roots: list[Path]) -> Iterator[tuple[str, tuple[int, str]]]:
    count = 0
    for root in roots:
        for path in _below(root):
            count += 1
            if count > _MOST:
                return
            try:
                yield str(path), _digest(path)
            except OSError:
                continue


def _below(root: Path) -> Iterator[Path]:
    if not root.is_dir() or root.is_symlink():
        yield root
        return
    for above, folders, files in os.walk(root):
        links = [name for name in folders if (Path(above) / name).is_symlink()]
        folders[:] = [name for name in folders if Path(above, name).parts[-2:] != _OWN_REFERENCES]
        for name in (*files, *links):
            yield Path(above) / name


def _digest(path: Path) -> tuple[int, str]:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return found.st_mode, os.readlink(path)  # noqa: PTH115
    if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
        return found.st_mode, "" if stat.S_ISDIR(found.st_mode) else str(found.st_size)
    return found.st_mode, hashlib.sha256(path.read_bytes()).hexdigest()


def _with_times(root: Path) -> Iterator[tuple[str, tuple[int, str]]]:
    waiting, own = [str(root)], str(root / "artifacts")
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.name == ".git" or entry.path == own:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            yield entry.path, (found.st_mode, f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}")
