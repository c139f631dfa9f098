"""A pseudo-terminal for a program, joined to the terminal that a person sits at."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

from atomci.tools.running import Terminal

__all__ = ["JoinedTerminal", "Modes", "is_person"]

_SIZE = (24, 80)
_END_OF_INPUT = b"\x04"
_PIECE = 4096


def is_person() -> bool:
    """Whether somebody sits at this process's terminal, who can type and read."""
    return sys.stdin.isatty() and sys.stdout.isatty()


class JoinedTerminal:
    """As a context: a terminal of its own for a program. What is typed here goes there, byte for byte.

    `reads`: input is passed on; of a terminal each key as it is pressed, also Ctrl-C. `typed` is told of it.
    Only for POSIX. Raises OSError where none can be had.
    """

    def __init__(self, typed: Callable[[bytes], None], *, reads: bool) -> None:
        self.ends = Terminal(*os.openpty())
        self._typed = typed
        self._reads = reads
        self._leave, self._left = os.pipe()
        self._restore: list[Callable[[], object]] = []
        self._thread: threading.Thread | None = None
        self._open = set(self.ends)

    @property
    def size(self) -> tuple[int, int]:
        """Lines and columns."""
        return _size(0) or _size(1) or _SIZE

    def __enter__(self) -> JoinedTerminal:
        if sys.platform == "win32":
            raise OSError("there is none on Windows")
        import termios
        import tty

        termios.tcsetwinsize(self.ends.ours, self.size)
        if self._reads and sys.stdin.isatty():
            before = termios.tcgetattr(0)
            self._restore.append(lambda: termios.tcsetattr(0, termios.TCSADRAIN, before))
            tty.setraw(0)
        if threading.current_thread() is threading.main_thread():
            heard = signal.signal(signal.SIGWINCH, self._resize)
            self._restore.append(lambda: signal.signal(signal.SIGWINCH, heard))
        return self

    def begin(self) -> None:
        """The program has its end by now: this process lets go of it, and passes on what is typed."""
        self._close(self.ends.theirs)
        if self._reads:
            self._thread = threading.Thread(target=self._pass_on, daemon=True)
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._left)
        if self._thread is not None:
            self._thread.join()
        os.close(self._leave)
        for restore in self._restore:
            restore()
        for descriptor in self.ends:
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        """Once: by then the number may be another file's."""
        if descriptor in self._open:
            self._open.remove(descriptor)
            os.close(descriptor)

    def _resize(self, number: int, frame: FrameType | None) -> None:
        if sys.platform != "win32":
            import termios

            with contextlib.suppress(OSError, termios.error):
                termios.tcsetwinsize(self.ends.ours, self.size)

    def _pass_on(self) -> None:
        with contextlib.suppress(OSError):  # the program's end is closed
            while True:
                ready, _, _ = select.select([0, self._leave], [], [])
                if self._leave in ready:
                    return
                piece = os.read(0, _PIECE)
                os.write(self.ends.ours, piece or _END_OF_INPUT)
                if not piece:
                    return
                self._typed(piece)


class Modes:
    """Which modes of a terminal a program has turned on and not off again, as one does that is killed."""

    # The other screen, the mouse, pasting, and 25: a cursor that can be seen.
    _OURS = frozenset(
        {"25", "47", "1000", "1002", "1003", "1004", "1005", "1006", "1015", "1016", "1047", "1049", "2004"}
    )
    _SWITCH = re.compile(rb"\x1b\[\?([\d;]+)([hl])|\x1b\[([><])\d*(?:;\d+)*u")

    def __init__(self) -> None:
        self._on = {"25"}
        self._keyboards = 0
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        """What it prints, in pieces of any size."""
        text = self._tail + piece
        last = 0
        for match in self._SWITCH.finditer(text):
            last = match.end()
            if match[3] is not None:  # kitty's keyboard, put on a stack and taken off it
                self._keyboards = max(0, self._keyboards + (1 if match[3] == b">" else -1))
                continue
            numbers = set(match[1].decode().split(";")) & self._OURS
            self._on = self._on | numbers if match[2] == b"h" else self._on - numbers
        self._tail = text[max(last, len(text) - 32) :]

    def undo(self) -> bytes:
        """What brings the terminal back."""
        off = "".join(f"\x1b[?{number}l" for number in sorted(self._on - {"25"}, key=int))
        off += "\x1b[<u" * self._keyboards
        return (off + ("" if "25" in self._on else "\x1b[?25h")).encode()


def _size(descriptor: int) -> tuple[int, int] | None:
    try:
        found = os.get_terminal_size(descriptor)
    except (OSError, ValueError):
        return None
    return (found.lines, found.columns) if found.lines and found.columns else None
