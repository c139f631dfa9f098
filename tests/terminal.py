"""A program at a terminal of some width: what is typed into it, and what stands on its screen."""

from __future__ import annotations

import os
import select
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
    """Ends the program when it is left. What scrolled away is kept in `seen`, line by line."""

    def __init__(self, words: Sequence[str], cwd: Path, env: Mapping[str, str], width: int) -> None:
        import fcntl
        import pty
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _HEIGHT, width, 0, 0))
        self._screen = pyte.HistoryScreen(width, _HEIGHT, history=2000)
        self._stream = pyte.ByteStream(self._screen)
        self.process = subprocess.Popen(
            words,
            cwd=cwd,
            env={**env, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
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
        lines = self.seen
        begins = [number for number, line in enumerate(lines) if line.startswith(("? ", ">"))]
        return lines[begins[-1] :] if begins else []

    @property
    def seen(self) -> list[str]:
        """All lines, those that scrolled away first."""
        width = self._screen.columns
        away = ["".join(line[column].data for column in range(width)) for line in self._screen.history.top]
        return [line.rstrip() for line in (*away, *self._screen.display) if line.strip()]

    def type(self, keys: str, then: str) -> None:
        """Type, and wait for what is asked then, which has a line that ends so; before, there must be none."""
        assert not self._stands(then), then
        os.write(self._ours, keys.encode())
        self.see(then)

    def see(self, text: str) -> None:
        """Wait until a line of what is asked ends so. Fails after a minute, or when the program ended before."""
        end = time.monotonic() + 60
        while not self._stands(text):
            assert self._read(end), f"not seen: {text}\n" + "\n".join(self.seen)

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
        self._stream.feed(data)
        return bool(data)
