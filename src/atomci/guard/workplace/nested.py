"""Repositories inside a checkout: submodules, and clones that git doesn't track or ignores."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from atomci.tools.git.repository import Repository

__all__ = ["nested_git"]

_LINKED = re.compile(rb"(?:\A|\0)160000 [0-9a-f]+ \d\t([^\0]+)")


def nested_git(repository: Repository) -> tuple[Path, ...]:
    """What git keeps of each: the folder or file `.git`, as it stands there. Links are not followed."""
    top, git = repository.top, repository.git
    links = [os.fsdecode(path) for path in _LINKED.findall(git("ls-files", "-s", "-z"))]
    others = [path for path in git.paths("ls-files", "--others", "--directory", "-z") if path.endswith("/")]
    return tuple(sorted({found for path in (*links, *others) for found in _below(top / path)}))


def _below(folder: Path) -> Iterator[Path]:
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.name == ".git":
                        yield Path(entry.path)
                    elif entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue
