"""Looking for secrets in the files under artifacts/, of any size and kind."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from atomci.artifacts.redaction import LONGEST_SECRET, Redactor

__all__ = ["Leak", "Scan", "scan"]

_PIECE = 1_000_000
_LEAKS_PER_FILE = 20
_PACKED = {
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf": "7z",
}
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Leak(NamedTuple):
    """A secret in a file: its path from the root, the line, and what it is."""

    path: str
    line: int
    kind: str


@dataclass(frozen=True)
class Scan:
    """How many files were looked at, what was found, and what can't be looked into, with the reason."""

    files: int
    leaks: tuple[Leak, ...]
    unseen: dict[str, str]


def scan(root: Path, redactor: Redactor) -> Scan:
    """Look through every file under artifacts/, binary ones too. Folders that are links are left out."""
    files, leaks = 0, list[Leak]()
    unseen: dict[str, str] = {}
    for path in _walk(root / "artifacts", root, unseen):
        relative = path.relative_to(root).as_posix()
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                continue
            with path.open("rb") as file:
                if kind := _packed(file):
                    unseen[relative] = f"packed by {kind}"
                else:
                    found = islice(_leaks(file, redactor), _LEAKS_PER_FILE)
                    leaks += [Leak(relative, *leak) for leak in dict.fromkeys(found)]
        except FileNotFoundError:  # whoever wrote it has taken it away again
            continue
        except OSError as error:
            unseen[relative] = str(error.strerror)
        files += 1
    return Scan(files, tuple(leaks), unseen)


def _walk(folder: Path, root: Path, unseen: dict[str, str]) -> Iterator[Path]:
    def refused(error: OSError) -> None:
        path = Path(error.filename)
        if path.exists():
            unseen[path.relative_to(root).as_posix()] = str(error.strerror)

    for above, folders, names in os.walk(folder, onerror=refused):
        for name in folders:
            if (path := Path(above, name)).is_symlink():
                unseen[path.relative_to(root).as_posix()] = "a link to a folder"
        folders.sort()
        yield from (Path(above, name) for name in sorted(names))


def _packed(file: BinaryIO) -> str | None:
    first = file.read(8)
    file.seek(0)
    return next((kind for magic, kind in _PACKED.items() if first.startswith(magic)), None)


def _leaks(file: BinaryIO, redactor: Redactor) -> Iterator[tuple[int, str]]:
    """Line and kind of each secret, read by pieces that overlap."""
    encoding = "utf-16" if file.read(2) in _UTF_16 else "utf-8"
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    held, line, last = "", 1, False
    while not last:
        piece = file.read(_PIECE)
        last = not piece
        held += decoder.decode(piece, last)
        done = len(held) if last else max(0, len(held) - LONGEST_SECRET)
        place = 0
        for hit in redactor.hits(held):
            if hit.start >= done:
                break
            line += held.count("\n", place, hit.start)
            place = hit.start
            yield line, hit.kind
        line += held.count("\n", place, done)
        held = held[done:]
