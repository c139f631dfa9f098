"""`.atomci/lock.json`: what the recorded version rendered, so that drift shows without the template."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from atomci.artifacts.printed.sync import Lock, LockedFile, Tier
from atomci.decoding import decoded
from atomci.template.answers import Recorded
from atomci.tools.atomic import replace_file
from atomci.tools.git.names import fault_of

if TYPE_CHECKING:
    from atomci.tools.git.objects import Files

__all__ = [
    "LockFile",
    "is_current",
    "lies_there",
    "lock_bytes",
    "locked_seeds",
    "made_lock",
    "parsed_lock",
    "read_lock",
    "same_content",
    "with_own_files",
    "write_lock",
]


def made_lock(files: Files, answers_file: str, version: str, tier: Callable[[str], Tier]) -> Lock:
    """The lock of a render; paths are relative to the project."""
    locked = {
        path: LockedFile(tier=tier(path), blob=entry.oid, mode=entry.mode)  # type: ignore[arg-type]
        for path, entry in sorted(files.items())
        if path != answers_file
    }
    return Lock(version=version, answers=files[answers_file].oid, files=locked)


def lock_bytes(lock: Lock) -> bytes:
    """The file's content: one line for each file, so that it merges and diffs well."""
    head = msgspec.json.encode({"schema": lock.schema, "version": lock.version, "answers": lock.answers})
    rows = [
        f"  {msgspec.json.encode(path).decode()}: {msgspec.json.encode(file).decode()}"
        for path, file in lock.files.items()
    ]
    return head[:-1] + b',"files":{\n' + ",\n".join(rows).encode() + b"\n}}\n"


@dataclass(frozen=True)
class LockFile:
    """A lock's bytes, and what they say: None where they can't be read, or there are none."""

    content: bytes
    lock: Lock | None

    def current(self, recorded: Recorded) -> Lock | None:
        """The lock, where it belongs to the answers file as it is."""
        return self.lock if self.lock is not None and is_current(self.lock, recorded) else None


def lies_there(recorded: Recorded) -> LockFile:
    """The lock in the project's working tree."""
    path = recorded.root / recorded.lock
    try:
        content = path.read_bytes() if path.is_file() else b""
    except OSError:
        content = b""
    return LockFile(content, parsed_lock(content))


def read_lock(recorded: Recorded) -> Lock | None:
    """The project's lock, None where it is missing or can't be read."""
    return lies_there(recorded).lock


def parsed_lock(content: bytes) -> Lock | None:
    """What a lock's file says, None where it can't be read, or names what lies outside."""
    try:
        lock = decoded(content, Lock)
    except msgspec.DecodeError:
        return None
    return None if any(fault_of(path) for path in lock.files) else lock


def locked_seeds(lock: Lock | None) -> frozenset[str]:
    """The files that a lock calls the project's own."""
    return (
        frozenset(path for path, file in lock.files.items() if file.tier == "seed") if lock else frozenset()
    )


def with_own_files(tier: Callable[[str], Tier], own: Collection[str]) -> Callable[[str], Tier]:
    """The same tiers, but that managed files which the project had before the template are its own: seeds."""

    def found(path: str) -> Tier:
        theirs = tier(path)
        return "seed" if theirs == "managed" and path in own else theirs

    return found


def write_lock(recorded: Recorded, lock: Lock) -> bool:
    """Write the lock, whole or not at all. False where the folder can't be written to, or is a link."""
    path = recorded.root / recorded.lock
    if path.parent.is_symlink():
        return False
    try:
        replace_file(path, lock_bytes(lock))
    except OSError:
        return False
    return True


def is_current(lock: Lock, recorded: Recorded) -> bool:
    """Whether the lock belongs to the answers file as it is; `copier update` writes only the latter."""
    path = Path(recorded.root, recorded.file)
    return lock.version == recorded.version and same_content(path.read_bytes(), lock.answers)


def same_content(content: bytes, blob: str) -> bool:
    """Whether a file is the blob that git stores, also where it was checked out with CRLF."""
    return _id(content, blob) == blob or (
        b"\r\n" in content and _id(content.replace(b"\r\n", b"\n"), blob) == blob
    )


def _id(content: bytes, like: str) -> str:
    algorithm = "sha256" if len(like) == 64 else "sha1"
    framed = b"blob %d\0" % len(content) + content
    return hashlib.new(algorithm, framed, usedforsecurity=False).hexdigest()
