"""Adding to an audit log: one writer at a time, a line as a whole or not at all, a full file set aside."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from atomci.audit.chain import FORMAT, Chain, Head, line_of, read_chain
from atomci.errors import InfrastructureError, RefusedError
from atomci.tools.exclusive import wait_for_lock

__all__ = ["LIMIT", "NAME", "append", "read_log"]

NAME = "audit.jsonl"
LIMIT = 8_000_000
"""Bytes at which a file is set aside and a new one begun."""

_ASIDE = re.compile(r"audit-[0-9]+\.jsonl")
_TAIL = 1 << 16
_AS_BYTES: int = getattr(os, "O_BINARY", 0)  # Windows would change line ends


def append(folder: Path, entry: Mapping[str, Any], now: datetime | None = None, limit: int = LIMIT) -> Head:
    """Add an entry to the folder's log and return the new head, which whoever can should keep elsewhere.

    Raises InfrastructureError where it can't be written, and RefusedError where a newer atomci keeps the log.
    Nothing is written then.
    """
    path, at = folder / NAME, now or datetime.now(UTC)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(path) as file:
            if not _set_aside(path, file, limit):
                return _added(path, file, entry, at)
        with _locked(path) as file:
            return _added(path, file, entry, at)
    except OSError as error:
        raise InfrastructureError(
            f"the audit log {path} can't be written: {error.strerror}",
            "make room on the disk, or check who may write it",
        ) from error


def read_log(folder: Path) -> Chain:
    """All of the folder's log, with the files that were set aside and are still there."""
    files = [*_older(folder), *(path for path in (folder / NAME,) if path.is_file())]
    return read_chain(b"".join(path.read_bytes() for path in files))


def _older(folder: Path) -> list[Path]:
    """The files that were set aside, the oldest first."""
    found = (path for path in folder.glob("audit-*.jsonl") if _ASIDE.fullmatch(path.name))
    return sorted(found, key=lambda path: int(path.stem.rpartition("-")[2]))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    """The file, open and ours alone; another that took its place while we waited is opened anew."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _AS_BYTES, 0o644)
        try:
            wait_for_lock(file, f"another program is writing {path}")
            if _is_at(path, file):
                yield file
                return
        finally:
            os.close(file)


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _added(path: Path, file: int, entry: Mapping[str, Any], now: datetime) -> Head:
    size = os.fstat(file).st_size
    last, torn = _last(file, size)
    start: dict[str, Any] = _first(path) if last is None else _following(last)
    mended = {"repaired": {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}} if torn else {}
    at = now.astimezone(UTC).isoformat(timespec="milliseconds")
    line = line_of({**entry, **start, **mended, "at": at, "v": FORMAT})
    if torn:
        size -= len(torn)
        os.ftruncate(file, size)
    _write(file, line, size)
    return Head(start["log"], start["n"], hashlib.sha256(line).hexdigest())


def _write(file: int, line: bytes, size: int) -> None:
    """Write all of a line and see it on the disk, or leave the file as it was."""
    try:
        written = os.write(file, line)
        if written != len(line):
            raise OSError(28, os.strerror(28))
        os.fsync(file)
    except OSError:
        os.ftruncate(file, size)
        raise


def _last(file: int, size: int) -> tuple[Chain | None, bytes]:
    """The last whole line as a chain of one, and what stands behind it."""
    tail = b""
    at = size
    while at and tail.count(b"\n") < 2:
        step = min(_TAIL, at)
        at -= step
        os.lseek(file, at, os.SEEK_SET)
        tail = os.read(file, step) + tail
    whole, feed, torn = tail.rpartition(b"\n")
    if not feed:
        return None, torn
    return read_chain(whole.rpartition(b"\n")[2] + b"\n"), torn


def _following(last: Chain) -> dict[str, Any]:
    head = last.head
    if head is None or head.n < 0:
        raise RefusedError(
            "the last line of the audit log can't be read, so nothing is added to it",
            "atomci audit verify; then set the file aside under another name",
        )
    if any(fault.kind == "newer" for fault in last.faults):
        raise RefusedError("a newer atomci keeps this audit log", "use that version here too")
    return {"log": head.log, "n": head.n + 1, "prev": head.digest}


def _first(path: Path) -> dict[str, Any]:
    """How a new file begins: with the last line of the one before it, or with an id of its own."""
    before = _older(path.parent)
    if not before:
        return {"log": os.urandom(8).hex(), "n": 0, "prev": ""}
    file = os.open(before[-1], os.O_RDONLY | _AS_BYTES)
    try:
        last, _ = _last(file, os.fstat(file).st_size)
    finally:
        os.close(file)
    return _following(last or Chain((), (), (), ())) | {"after": before[-1].name}


def _set_aside(path: Path, file: int, limit: int) -> bool:
    """Give a full file the name of its last line, and say so: then the next entry begins a new one."""
    size = os.fstat(file).st_size
    if size < limit:
        return False
    last, torn = _last(file, size)
    if last is None or last.head is None or torn:
        return False
    try:
        path.rename(path.with_name(f"audit-{last.head.n}.jsonl"))
    except PermissionError:  # Windows: another program reads it
        return False
    return True
