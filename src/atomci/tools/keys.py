"""Keys of a terminal, one at a time, and its settings put back."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

__all__ = ["Keyboard", "keyboard_at_hand"]

_NAMES = {"\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace", "\x15": "clear", "\x04": ""}
_AT_ONCE = 4096


def keyboard_at_hand() -> bool:
    """Whether standard input is a terminal that listens to this process: not of a job in the background."""
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return False
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:  # it is nobody's own terminal, so nobody has jobs there
        return True


class Keyboard:
    """Within its block keys come without Enter and aren't shown. Ctrl-C interrupts as ever."""

    def __enter__(self) -> Keyboard:
        self._before: Any = None
        if sys.platform != "win32":
            import termios

            self._before = termios.tcgetattr(sys.stdin.fileno())
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()

    def take(self) -> None:
        """Again, after a shell had it."""
        if sys.platform != "win32":
            import termios
            import tty

            with contextlib.suppress(termios.error):
                tty.setcbreak(sys.stdin.fileno(), termios.TCSADRAIN)

    def give_back(self) -> None:
        """As it was found."""
        if sys.platform != "win32" and self._before is not None:
            import termios

            with contextlib.suppress(termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._before)

    def pressed(self) -> Iterator[str]:
        """One after the other, until the terminal is gone; Enter, Escape and the like by their names."""
        if sys.platform == "win32":
            yield from _keys_of_windows()
            return
        while True:
            try:
                data = os.read(sys.stdin.fileno(), _AT_ONCE)
            except OSError:
                return
            if not data:
                return
            yield from named(data.decode("utf-8", "ignore"))


def named(text: str) -> Iterator[str]:
    """Keys in what came at once. An escape with more behind it is an arrow or the like, and means nothing."""
    if text == "\x1b":
        yield "escape"
    elif not text.startswith("\x1b"):
        for sign in text:
            yield _NAMES.get(sign, sign)


def _keys_of_windows() -> Iterator[str]:
    import msvcrt

    read: Callable[[], str] = msvcrt.getwch  # type: ignore[attr-defined,unused-ignore]  # elsewhere there is none
    while True:
        sign = read()
        if sign in ("\x00", "\xe0"):
            read()  # an arrow or the like
        elif sign == "\x03":
            raise KeyboardInterrupt
        else:
            yield "escape" if sign == "\x1b" else _NAMES.get(sign, sign)
