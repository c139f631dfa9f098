"""Which files the findings of a static tool depend on: sources, and settings wherever they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from atomci.analysis.protocol import Tool

__all__ = ["Reads", "places_outside", "reads_of"]

_SETTINGS = re.compile(r"(.*/)?(\.?ruff|pyproject)\.toml")
_EXTENDS = re.compile(r"""^\s*extend\s*=\s*["'](.+?)["']""", re.MULTILINE)
# They make a tool look at files of other names.
_OTHER_NAMES = re.compile(r"^\s*(extend-)?include\s*=|^\s*(lint\.)?extension\s*=|\.extension\]", re.MULTILINE)


_EXCLUDES_FILE = re.compile(r"""^\s*excludesfile\s*=\s*["']?([^"'\n]+)""", re.MULTILINE | re.IGNORECASE)
_MYPY_PATH = re.compile(r"^\s*mypy_path\s*=\s*(\[[^]]*\]|.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_BETWEEN_PLACES = re.compile(rf"[\s,\[\]\"'{re.escape(os.pathsep)}]+")


@dataclass(frozen=True)
class Reads:
    """Globs of all files below the root, ignored ones too, and single files, also where there is none."""

    on_disk: tuple[str, ...]
    files: tuple[str, ...]


def reads_of(tool: Tool, root: Path, files: Iterable[str]) -> Reads:
    """What a tool may read in a project; `files` are those on disk, relative to the root."""
    texts = {path: _text(root / path) for path in files if _SETTINGS.fullmatch(path)}
    every = any(_OTHER_NAMES.search(text) for text in texts.values())
    named = [(above / name).as_posix() for above in root.parents for name in tool.SETTINGS]
    named += [path.as_posix() for path in (_of_the_user(name) for name in tool.OF_THE_USER)]
    named += _extended(root, texts) if tool.SETTINGS else ()
    named += _of_git(root) if "git/ignore" in tool.OF_THE_USER else ()
    return Reads(("**/*",) if every else tool.READS, tuple(dict.fromkeys(named)))


def places_outside(tool: Tool, root: Path) -> tuple[Path, ...]:
    """Folders outside the root where a tool that follows imports was told to look for modules."""
    files = [*(root / name for name in tool.SETTINGS), *map(_of_the_user, tool.OF_THE_USER)]
    told = [match for file in files for match in _MYPY_PATH.findall(_text(file))]
    names = {name for text in (*told, os.environ.get("MYPYPATH", "")) for name in _BETWEEN_PLACES.split(text)}
    places = {
        Path(os.path.normpath(root / Path(os.path.expandvars(name)).expanduser())) for name in names if name
    }
    return tuple(sorted(place for place in places if place.is_dir() and not place.is_relative_to(root)))


def _of_git(root: Path) -> Iterator[str]:
    """What git is told to leave out, in the repository and by the user."""
    for above in (root, *root.parents):
        place = _common_folder(above / ".git") / "info/exclude"
        yield (place.relative_to(root) if place.is_relative_to(root) else place).as_posix()
    for settings in map(_of_the_user, ("git/config", "~/.gitconfig")):
        yield settings.as_posix()
        for name in _EXCLUDES_FILE.findall(_text(settings)):
            yield (root / Path(name.strip()).expanduser()).as_posix()


def _common_folder(git: Path) -> Path:
    """What all worktrees of a repository share; in a worktree, .git is a file that leads there."""
    leads = _text(git) if git.is_file() else ""
    if not leads.startswith("gitdir:"):
        return git
    own = git.parent / leads.removeprefix("gitdir:").strip()
    return Path(os.path.normpath(own / _text(own / "commondir").strip()))


def _extended(root: Path, texts: dict[str, str]) -> Iterator[str]:
    """What settings extend, and what that extends, below the root or not."""
    queue = [((root / path).parent, text) for path, text in texts.items()]
    visited: set[Path] = set()
    while queue:
        folder, text = queue.pop()
        for name in _EXTENDS.findall(text):
            file = Path(os.path.normpath(folder / Path(os.path.expandvars(name)).expanduser()))
            if file not in visited:
                visited.add(file)
                yield file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()
                queue.append((file.parent, _text(file)))


def _of_the_user(name: str) -> Path:
    """A file of the home, or of the folder where programs keep their settings."""
    if name.startswith("~"):
        return Path(name).expanduser()
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / name


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
