"""One process at a time in a folder, by the operating system's own lock: whoever dies lets go of it.

A process forked while the lock is held holds it as well, which no lock library wants: a switch that
outlives its parent keeps others out until its end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from atomci.errors import InfrastructureError

__all__ = ["LOCK", "exclusive", "take_lock", "wait_for_lock"]

LOCK = "atomci.lock"
"""The file that is locked in a folder, where a folder can't be: on Windows. Nobody else may read it then."""

PATIENCE = 10.0
_PAUSE = 0.01
_BUSY = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF}


@contextlib.contextmanager
def exclusive(folder: Path, busy: str) -> Iterator[None]:
    """Hold a folder's lock; on a file system without locks nothing is held.

    Raises InfrastructureError with the message `busy` when another process holds it for ten seconds.
    """
    descriptor = _opened(folder)
    try:
        wait_for_lock(descriptor, busy)
        yield
    finally:
        os.close(descriptor)


def wait_for_lock(descriptor: int, busy: str) -> None:
    """Take the lock of an open file or folder, which closing it lets go. Raises what `exclusive` raises."""
    deadline = time.monotonic() + PATIENCE
    while not _taken(descriptor):
        if time.monotonic() > deadline:
            raise InfrastructureError(busy, "wait for it, then run this again")
        time.sleep(_PAUSE)


def take_lock(folder: Path) -> int | None:
    """A folder's lock, None where another process has it: a descriptor, to be closed.

    It is also let go when this process ends. Raises OSError where the folder isn't there.
    """
    descriptor = _opened(folder)
    if _taken(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def _opened(folder: Path) -> int:
    if sys.platform == "win32":  # where a folder can't be locked
        return os.open(folder / LOCK, os.O_RDWR | os.O_CREAT)
    return os.open(folder, os.O_RDONLY)


def _taken(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        if error.errno not in _NO_LOCKS_HERE:
            raise
    return True
