"""Ctrl-C, SIGTERM and SIGHUP: a KeyboardInterrupt, held while something begins or ends that must be whole."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from types import FrameType

__all__ = ["held", "hold", "let_through", "release"]

_PATIENCE = 5.0


class _State:
    """What a signal does now. One held is raised as soon as it is let through; another raises at once while
    something begins, and is nothing new while it ends. Whoever asks again after seconds is let go.
    """

    raises = True
    begins = False
    first = 0.0


def hold() -> None:
    """Hold them from now on. Those that this process was started deaf to are left alone."""
    if _State.begins:
        return
    _State.raises, _State.begins, _State.first = False, True, 0.0
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _arrived)


def held() -> bool:
    """Whether one has arrived."""
    return _State.first > 0


def release() -> None:
    """Let them through, also one that is held."""
    _State.raises, _State.begins = True, False
    if held():
        _State.raises = False
        raise KeyboardInterrupt


@contextlib.contextmanager
def let_through() -> Iterator[None]:
    """Let them through in the block, then hold them again where they were held before it."""
    before = _State.raises
    release()
    try:
        yield
    finally:
        _State.raises = before and not held()


def _arrived(number: int, frame: FrameType | None) -> None:
    now = time.monotonic()
    again = held()
    if not again:
        _State.first = now
    if _State.raises or (again and _State.begins):
        _State.raises = _State.begins = False
        raise KeyboardInterrupt
    if again and now - _State.first > _PATIENCE:
        os._exit(130)
