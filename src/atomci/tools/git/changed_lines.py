"""Which lines of which files changed since a commit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from atomci.tools.git.client import Git

__all__ = ["added_lines", "changed_lines"]

_HUNK = re.compile(rb"@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@")
# Whatever somebody's settings make of a diff: these words undo it.
_PLAIN = (
    *("--no-ext-diff", "--no-textconv", "--no-color", "--text", "--submodule=short", "--relative"),
    *("--unified=0", "--find-renames", "--diff-filter=AMRC"),
)


def changed_lines(git: Git, base: str, pattern: str = "*.py") -> dict[str, tuple[int, ...]]:
    """By path from the folder: the lines that are other or new in it, of a new file all; none of a file that
    was only renamed. Untracked files count. Raises GitFailed.
    """
    names = list(_names(git.paths("diff", "--name-status", "-z", *_PLAIN, base)))
    found = dict(zip(names, added_lines(git("diff", *_PLAIN, base)), strict=True))
    for path in git.paths("ls-files", "-z", "--others", "--exclude-standard"):
        if (git.root / path).is_file():
            found[path] = tuple(range(1, _count_lines(git.root / path) + 1))
    return {path: lines for path, lines in found.items() if lines and Path(path).match(pattern)}


def added_lines(diff: bytes) -> Iterator[tuple[int, ...]]:
    """Of each file of a diff, as it comes: the numbers of the lines that it adds."""
    lines: list[int] | None = None
    number = 0
    for row in diff.split(b"\n"):
        if row.startswith(b"diff --git "):
            if lines is not None:
                yield tuple(lines)
            lines, number = [], 0
        elif match := _HUNK.match(row):
            number = int(match[1])
        elif lines is not None and number:
            if row.startswith(b"+"):
                lines.append(number)
            number += row.startswith((b"+", b" "))
    if lines is not None:
        yield tuple(lines)


def _names(words: Iterable[str]) -> Iterator[str]:
    """Of `--name-status -z`: the path as it is now, of a rename the second."""
    rest = iter(words)
    for status in rest:
        path = next(rest)
        yield next(rest) if status[0] in "RC" else path


def _count_lines(path: Path) -> int:
    text = path.read_bytes()
    return text.count(b"\n") + (not text.endswith(b"\n") and bool(text))
