"""What git says of a working tree: which tracked files may differ from the commit, byte for byte.

Nothing is written, not even git's index, and no filter runs.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from atomci.guard.snapshot.conversions import Conversions
from atomci.tools.git.client import paths_in
from atomci.tools.git.objects import Entry
from atomci.tools.git.repository import Repository

__all__ = ["Survey", "survey"]

_STATUS = (
    "status", "--porcelain=v2", "-z", "-uno", "--no-renames", "--ignore-submodules=all",
    "--branch", "--no-ahead-behind",
)  # fmt: skip
_NO_COMMIT, _NO_BRANCH = "(initial)", "(detached)"


@dataclass(frozen=True)
class Survey:
    """What git knows. `changed` are tracked paths that may differ from the commit, `converted` those whose
    bytes git changes on their way. `unknown` are paths that it doesn't track; a folder's ends in a slash.

    `staged` is what the index holds otherwise than the commit; None while it holds conflicts. `head` is that
    commit, None before the first one, and `branch` what is checked out, None where no branch is.
    """

    changed: frozenset[str]
    converted: frozenset[str]
    staged: dict[str, Entry | None] | None
    head: str | None
    branch: str | None
    unknown: tuple[str, ...]
    submodules: tuple[str, ...]


@dataclass(frozen=True)
class _Index:
    """The rows of `git ls-files -v -s -z`: flag, mode, id, stage and path. Each begins after a null."""

    out: bytes

    def unseen(self) -> list[str]:
        """Those that git was told not to look at, or that a sparse checkout leaves out."""
        return self._paths(rb"\0[a-zS] \d{6} [0-9a-f]+ \d\t([^\0]+)")

    def submodules(self) -> list[str]:
        """Where other repositories are linked."""
        return self._paths(rb"\0\S 160000 [0-9a-f]+ \d\t([^\0]+)") if b" 160000 " in self.out else []

    def attribute_files(self) -> list[str]:
        """The .gitattributes that it holds."""
        name = b".gitattributes\0"
        return self._paths(rb"\t((?:[^\0]*/)?\.gitattributes)(?=\0)") if name in self.out else []

    def blobs(self) -> dict[str, str]:
        """The id of each file by its path."""
        rows = re.findall(rb"\0\S 100\d{3} ([0-9a-f]+) 0\t([^\0]+)", self.out)
        return {os.fsdecode(path): oid.decode() for oid, path in rows}

    def _paths(self, row: bytes) -> list[str]:
        return [os.fsdecode(path) for path in re.findall(row, self.out)]


def survey(repository: Repository) -> Survey:
    """Ask git about a working tree. Raises GitFailed."""
    conversions = Conversions(repository)
    git = repository.git
    with contextlib.ExitStack() as running:
        rows = running.enter_context(git.beside("ls-files", "-v", "-s", "-z"))
        others = running.enter_context(git.beside("ls-files", "--others", "--directory", "-z"))
        status = running.enter_context(git.beside(*conversions.switched_off, *_STATUS))
        index = _Index(b"\0" + rows.result())
        unknown = paths_in(others.result())
        new = [path for path in unknown if path.endswith(".gitattributes")]
        converted = conversions.paths([*index.attribute_files(), *new], index.blobs)
        out = status.result()
    changed, staged = _read_status(out)
    head, branch = (_header(out, name) for name in ("oid", "head"))
    links = index.submodules()
    changed.update(index.unseen(), (path for path in links if _is_file(repository.top / path)))
    # git doesn't list what is in a folder that has taken a file's place.
    folders = {path for path in changed if _is_folder(repository.top / path)}.difference(links)
    return Survey(
        changed=frozenset(changed),
        converted=frozenset(converted - changed),
        staged=staged,
        head=None if head == _NO_COMMIT else head,
        branch=None if branch == _NO_BRANCH else branch,
        unknown=(*unknown, *sorted(f"{path}/" for path in folders)),
        submodules=tuple(path for path in links if _is_folder(repository.top / path)),
    )


def _read_status(out: bytes) -> tuple[set[str], dict[str, Entry | None] | None]:
    """The paths that git lists, and what is staged."""
    changed: set[str] = set()
    staged: dict[str, Entry | None] | None = {}
    for row in _rows(out):
        if row[0] == "u":
            staged = None
            changed.add(row.split(" ", 10)[10])
            continue
        _, states, _, _, mode, _, _, oid, path = row.split(" ", 8)
        changed.add(path)
        if states[0] != "." and staged is not None:
            staged[path] = None if mode == "000000" else Entry(mode, oid)
    return changed, staged


def _header(out: bytes, name: str) -> str:
    """What the status says of the branch."""
    line = f"# branch.{name} ".encode()
    return next(os.fsdecode(row[len(line) :]) for row in out.split(b"\0") if row.startswith(line))


def _rows(out: bytes) -> Iterator[str]:
    return (os.fsdecode(row) for row in out.split(b"\0") if row[:1] in (b"1", b"u"))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_file(path: Path) -> bool:
    return os.path.lexists(path) and not _is_folder(path)
