"""Which files the findings of a static tool depend on: sources, and settings wherever they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from atomci.analysis.protocol import Tool

__all__ = ["Reads", "reads_of"]

_SETTINGS = re.compile(r"(.*/)?(\.?ruff|pyproject)\.toml")
_EXTENDS = re.compile(r"""^\s*extend\s*=\s*["'](.+?)["']""", re.MULTILINE)
# They make a tool look at files of other names.
_OTHER_NAMES = re.compile(r"^\s*(extend-)?include\s*=|^\s*(lint\.)?extension\s*=|\.extension\]", re.MULTILINE)


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
    return Reads(("**/*",) if every else tool.READS, tuple(dict.fromkeys(named)))


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
