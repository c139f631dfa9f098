"""Files as objects, byte for byte: through no filter, whatever attributes and settings say."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from atomci.tools.git.links import link_text
from atomci.tools.git.objects import Entry
from atomci.tools.git.packing import NewPack

__all__ = ["NotCaptured", "RawObjects"]

_PIECE = 1 << 20
_TRIES = 3
_SMALL = 1 << 20
"""Bytes of a file that goes into a pack."""
# Not through a link that was put there meanwhile, nor waiting for a pipe's other end.
_AS_IT_IS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


class NotCaptured(Exception):
    """A file that can't be captured; its text says why."""


@dataclass(frozen=True)
class RawObjects:
    """Where files are written: small ones into the pack, where there is one, others into the folder, as loose
    objects.
    """

    folder: Path
    algorithm: str
    pack: NewPack | None = None

    def add(self, path: Path, found: os.stat_result) -> Entry:
        """Store what is in state `found` there. Raises NotCaptured, and OSError on a full disk."""
        if stat.S_ISLNK(found.st_mode):
            return Entry("120000", self._link(path))
        return Entry("100755" if found.st_mode & stat.S_IXUSR else "100644", self._file(path))

    def _link(self, path: Path) -> str:
        try:
            content = link_text(path)
        except OSError as error:
            raise NotCaptured(_reason(error)) from None
        return self._written(io.BytesIO(content), len(content)) or ""

    def _file(self, path: Path) -> str:
        for _ in range(_TRIES):
            try:
                descriptor = os.open(path, _AS_IT_IS)
            except OSError as error:
                raise NotCaptured(_reason(error)) from None
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                before = os.fstat(descriptor)
                oid = self._written(file, before.st_size)
                if oid and os.fstat(descriptor).st_mtime_ns == before.st_mtime_ns:
                    return oid
        raise NotCaptured("it changes all the time")

    def _written(self, stream: BinaryIO | io.RawIOBase, size: int) -> str | None:
        """The id of what a stream holds; None where that isn't of this size."""
        if self.pack is not None and size <= _SMALL:
            content = b"".join(_pieces(stream, size + 1))
            return self.pack.add("blob", content) if len(content) == size else None
        head = f"blob {size}\0".encode()
        digest, packer = hashlib.new(self.algorithm, head, usedforsecurity=False), zlib.compressobj(1)
        partial = self.folder / f"tmp_obj_{os.getpid()}"
        try:
            with partial.open("wb") as file:
                file.write(packer.compress(head))
                for piece in _pieces(stream):
                    digest.update(piece)
                    file.write(packer.compress(piece))
                    size -= len(piece)
                file.write(packer.flush())
                file.flush()
                if self.pack is not None:
                    os.fsync(file.fileno())
            if size:
                return None
            oid = digest.hexdigest()
            (self.folder / oid[:2]).mkdir(exist_ok=True)
            partial.replace(self.folder / oid[:2] / oid[2:])
        finally:
            partial.unlink(missing_ok=True)
        return oid


def _pieces(stream: BinaryIO | io.RawIOBase, most: int | None = None) -> Iterator[bytes]:
    """What is read of a stream, of one that grows no more than `most` bytes and a piece."""
    try:
        while (most is None or most > 0) and (piece := stream.read(_PIECE)):
            most = None if most is None else most - len(piece)
            yield piece
    except OSError as error:
        raise NotCaptured(_reason(error)) from None


def _reason(error: OSError) -> str:
    return f"it can't be read: {error.strerror}"
