"""A program at a terminal of some width: what is typed into it, and what stands on its screen."""

from __future__ import annotations

import os
import select
import signal
import struct
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pyte

__all__ = ["BACK", "CLEAR", "ENTER", "Terminal"]

BACK, CLEAR, ENTER = "\x1b[Z", "\x15", "\r"
_HEIGHT = 24


class Terminal:
    """Ends the program when it is left. With `own`, Ctrl-C and Ctrl-Z there are signals."""

    def __init__(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str], width: int, *, own: bool = False
    ) -> None:
        import fcntl
        import pty
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _HEIGHT, width, 0, 0))
        self._screen = pyte.HistoryScreen(width, _HEIGHT, history=2000)
        self._stream = pyte.ByteStream(self._screen)
        self._away: list[str] = []
        self._raw = bytearray()
        self.process = subprocess.Popen(
            words,
            cwd=cwd,
            env={**env, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if own else None,  # noqa: PLW1509
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    @property
    def asked(self) -> list[str]:
        """What is asked now, `? ` or `>` and all below it."""
        begins = self._begins()
        return self.seen[begins[-1] :] if begins else []

    @property
    def seen(self) -> list[str]:
        """All lines, those that scrolled away first."""
        return [*self._away, *(line.rstrip() for line in self._screen.display if line.strip())]

    def type(self, keys: str, then: str) -> None:
        """Type, and wait for what is asked then, which has a line that ends so; before, there must be none."""
        assert not self._stands(then), then
        os.write(self._ours, keys.encode())
        self.see(then)

    def next(self, keys: str) -> None:
        """Type, and wait until something is asked that wasn't before."""
        before = len(self._begins())
        os.write(self._ours, keys.encode())
        end = time.monotonic() + 60
        while len(self._begins()) == before:
            assert self._read(end), "\n".join(self.seen)

    @property
    def shown(self) -> list[str]:
        """The lines on the screen now."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    @property
    def raw(self) -> str:
        """All that the program has printed."""
        return self._raw.decode("utf-8", "replace")

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Wait until a line on the screen holds it."""
        end = time.monotonic() + seconds
        while not any(text in line for line in self.shown):
            assert self._read(end), f"not shown: {text}\n" + "\n".join(self.seen)

    def resize(self, width: int, height: int) -> None:
        """As when its window is made smaller."""
        import fcntl
        import termios

        self._screen.resize(height, width)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        os.kill(self.process.pid, signal.SIGWINCH)

    def see(self, text: str, seconds: float = 60) -> None:
        """Wait until a line of what is asked ends so. Fails after that time, or when the program ended before."""
        end = time.monotonic() + seconds
        while not self._stands(text):
            assert self._read(end), f"not seen: {text}\n" + "\n".join(self.seen)

    def answer(self, keys: str) -> None:
        """Type, and wait for nothing."""
        os.write(self._ours, keys.encode())

    def _begins(self) -> list[int]:
        return [number for number, line in enumerate(self.seen) if line.startswith(("? ", ">"))]

    def _stands(self, text: str) -> bool:
        return any(line.endswith(text) for line in self.asked)

    def end(self, seconds: float = 60) -> int:
        """Wait until the program ends, and return its exit code."""
        end = time.monotonic() + seconds
        while self._read(end):
            pass
        return self.process.wait(max(1.0, end - time.monotonic()))

    def _read(self, end: float) -> bool:
        if not select.select([self._ours], [], [], max(0.0, end - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # Linux says so where the other end is closed
            return False
        self._raw += data
        self._stream.feed(data)
        top = self._screen.history.top
        while top:
            row = top.popleft()
            self._away += filter(None, ["".join(row[at].data for at in range(self._screen.columns)).rstrip()])
        return bool(data)
