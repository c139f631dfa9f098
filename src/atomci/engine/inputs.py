"""The files an atom may read, their content hashes, and which of them changed: found out once a run."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from atomci.tools.git.client import Git

__all__ = ["Inputs", "matches"]

# Never inputs, also where git doesn't ignore them or there is no git.
_NOT_INPUTS = re.compile(
    r"(^|/)(\.git|\.venv|__pycache__|node_modules|\.[a-z_]+_cache|[^/]+\.egg-info)/|^artifacts/"
)


@cache
def _regex(glob: str) -> re.Pattern[str]:
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts))


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether a POSIX path matches one of the globs; `**` crosses folders, `*` doesn't."""
    return any(_regex(glob).fullmatch(path) for glob in globs)


class Inputs:
    """A view of the project's files. Thread-safe; `forget` after something wrote to the tree."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """List and hash again on the next question."""
        self._files: list[str] | None = None
        self._hashes: dict[str, str] = {}
        self._changed: dict[str | None, list[str] | None] = {}

    def files(self) -> list[str]:
        """Every project file, sorted: what git knows and doesn't ignore, else what is on disk."""
        with self._lock:
            if self._files is None:
                listed = Git(self.root).files()
                found = listed if listed is not None else _walk(self.root)
                self._files = sorted(
                    path for path in found if not _NOT_INPUTS.search(path) and (self.root / path).is_file()
                )
            return self._files

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
        """The content hash of a project file; artifacts are hashed anew, since atoms write them."""
        if (known := self._hashes.get(path)) is not None:
            return known
        try:
            content = (self.root / path).read_bytes()
        except OSError:
            return "unreadable"
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        if not path.startswith("artifacts/"):
            self._hashes[path] = digest
        return digest


def _walk(root: Path) -> list[str]:
    found = []
    for folder, folders, files in os.walk(root):
        base = Path(folder).relative_to(root).as_posix()
        prefix = "" if base == "." else f"{base}/"
        folders[:] = [name for name in folders if not _NOT_INPUTS.search(f"{prefix}{name}/")]
        found += [prefix + name for name in files]
    return found
