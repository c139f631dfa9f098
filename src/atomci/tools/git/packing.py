"""New objects, gathered into one pack: a hundred small files are two files on the disk then.

https://git-scm.com/docs/gitformat-pack
"""

from __future__ import annotations

import hashlib
import itertools
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

from atomci.tools.atomic import replace_file

__all__ = ["NewPack"]

_KINDS = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
_ENOUGH = 32_000_000
"""Bytes that are held until a pack is written."""


class _Packed(NamedTuple):
    oid: bytes
    crc: int
    offset: int


class NewPack:
    """Objects on their way into packs of a folder of objects. Nothing is there before `write`, or all is."""

    def __init__(self, folder: Path, algorithm: str) -> None:
        self._folder = folder / "pack"
        self._algorithm = algorithm
        self._known: set[str] = set()
        self._begin()

    def _begin(self) -> None:
        self._rows: list[_Packed] = []
        self._body = bytearray(12)

    def add(self, kind: str, content: bytes) -> str:
        """Its id. What has been added before isn't added again."""
        head = f"{kind} {len(content)}\0".encode()
        digest = hashlib.new(self._algorithm, head, usedforsecurity=False)
        digest.update(content)
        if (oid := digest.hexdigest()) not in self._known:
            self._known.add(oid)
            packed = _head(_KINDS[kind], len(content)) + zlib.compress(content, 1)
            self._rows.append(_Packed(digest.digest(), zlib.crc32(packed), len(self._body)))
            self._body += packed
            if len(self._body) > _ENOUGH:
                self.write()
        return oid

    def write(self) -> None:
        """Put what was gathered on the disk, for good; nothing where nothing was. Raises OSError."""
        if not self._rows:
            return
        self._body[:12] = struct.pack(">4sII", b"PACK", 2, len(self._rows))
        checksum = self._hash(bytes(self._body))
        path = self._folder / f"pack-{checksum.hex()}"
        replace_file(path.with_suffix(".pack"), bytes(self._body) + checksum, durable=True)
        # A pack without its index is nothing to git, so that comes last.
        replace_file(path.with_suffix(".idx"), self._index(checksum), durable=True)
        self._begin()

    def _index(self, checksum: bytes) -> bytes:
        rows = sorted(self._rows)
        counts = [0] * 256
        for row in rows:
            counts[row.oid[0]] += 1
        upto = itertools.accumulate(counts)
        body = b"\xfftOc" + struct.pack(">257I", 2, *upto)
        body += b"".join(row.oid for row in rows)
        body += struct.pack(f">{len(rows)}I", *(row.crc for row in rows))
        body += struct.pack(f">{len(rows)}I", *(row.offset for row in rows)) + checksum
        return body + self._hash(body)

    def _hash(self, content: bytes) -> bytes:
        return hashlib.new(self._algorithm, content, usedforsecurity=False).digest()


def _head(kind: int, size: int) -> bytes:
    """Kind and size of an object, seven bits a byte, the lowest first."""
    first, size = kind << 4 | size & 15, size >> 4
    found = bytearray()
    while size:
        found.append(first | 0x80)
        first, size = size & 127, size >> 7
    found.append(first)
    return bytes(found)
