"""The blocks of files as an earlier process read them: to parse a whole project takes much longer."""

from __future__ import annotations

import contextlib
import hashlib
from functools import lru_cache
from pathlib import Path

import msgspec

from atomci.decoding import decoded
from atomci.testing.selection.blocks import Blocks, read_blocks
from atomci.tools.atomic import replace_file

__all__ = ["KnownBlocks", "known_blocks"]

_SEAL = 32
_MOST = 10_000


class _Kept(msgspec.Struct):
    blocks: dict[str, Blocks | None]


class KnownBlocks:
    """By the digests of files' bytes, in one file, which holds for one reader: `reader` says which.

    A damaged file, or one of another reader, counts as empty. Of more than 10,000 the last used are kept.
    """

    def __init__(self, file: Path, reader: str) -> None:
        self._file = file
        self._reader = reader
        self._kept = self._read()
        self._is_new = False

    def of(self, source: bytes) -> Blocks | None:
        """Those of a file with these bytes; None where it can't be parsed."""
        key = hashlib.blake2b(source, digest_size=16).hexdigest()
        if key in self._kept:
            found = self._kept.pop(key)
        else:
            found, self._is_new = read_blocks(source), True
        self._kept[key] = found
        return found

    def keep(self) -> None:
        """For the next process, if there is something new. Where it can't be written, nothing is."""
        if not self._is_new:
            return
        self._kept = dict(list(self._kept.items())[-_MOST:])
        content = msgspec.json.encode(_Kept(self._kept))
        with contextlib.suppress(OSError):
            replace_file(self._file, self._sealed(content) + content)
            self._is_new = False

    def _read(self) -> dict[str, Blocks | None]:
        try:
            whole = self._file.read_bytes()
            seal, content = whole[:_SEAL], whole[_SEAL:]
            known = seal == self._sealed(content)
            return decoded(content, _Kept).blocks if known else {}
        except (OSError, msgspec.DecodeError):
            return {}

    def _sealed(self, content: bytes) -> bytes:
        return hashlib.sha256(self._reader.encode() + b"\0" + content).digest()


@lru_cache(maxsize=4)  # `atomci watch` asks again at each save
def known_blocks(file: Path, reader: str) -> KnownBlocks:
    """Those of a file, which this process reads once."""
    return KnownBlocks(file, reader)
