"""What a program prints, read as it comes: bounded in memory and in the log."""

from __future__ import annotations

import codecs
import os
import threading
from collections.abc import Callable
from typing import IO

__all__ = ["LOGGED", "WHOLE", "Output", "Sink"]

Sink = Callable[[str], None]
WHOLE = 32 * 1024 * 1024
"""Bytes of a stream at most, where all of it is wanted."""
LOGGED = 512 * 1024
"""Bytes at a stream's begin, and as many at its end, that reach the log."""
_PIECE = 64 * 1024


class Output:
    """One stream of a program, read on a thread of its own to its end, whatever is kept of it.

    `limit`: its last bytes are kept, so many; None: all, and where that is more than WHOLE, `too_long` is
    called. Nothing reaches the log after `close`, also where an orphan holds the stream open.
    """

    def __init__(
        self, stream: IO[bytes], log: Sink | None, limit: int | None, too_long: Callable[[], None]
    ) -> None:
        self._stream = stream
        self._log = log
        self._limit = limit
        self._too_long = too_long
        self._lock = threading.Lock()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._size = 0
        self._kept, self._tail = bytearray(), bytearray()
        self._line, self._told = "", False
        self.is_too_long = False
        """Whether all was wanted, and wasn't to be had."""
        self.failed: Exception | None = None
        """What the log raised; it got nothing more."""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Wait for its end; whether it has come."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def close(self) -> str:
        """Log what is held back, and give what is kept, as text."""
        with self._lock:
            tail = bytes(self._tail[_cut(self._tail, LOGGED) :])
            left_out = max(0, self._size - LOGGED - len(tail))
            self._tell(self._line + self._decode(b"" if left_out else tail, True))
            if left_out:
                self._tell(f"\n[{left_out:,} bytes aren't logged: the first and the last {LOGGED:,} are]\n")
                self._tell(tail.decode("utf-8", "replace"))
            self._log = None
            return self._kept[_cut(self._kept, self._limit) :].decode("utf-8", "replace")

    def _read(self) -> None:
        while piece := os.read(self._stream.fileno(), _PIECE):
            with self._lock:
                self._keep(piece)
                if self._log is not None:
                    self._log_some(piece)
                self._size += len(piece)
            if self.is_too_long and not self._told:
                self._told = True
                self._too_long()
        self._stream.close()

    def _keep(self, piece: bytes) -> None:
        if self._limit is not None:
            _append(self._kept, piece, self._limit)
        elif self._size + len(piece) > WHOLE:
            self.is_too_long = True
        else:
            self._kept += piece

    def _log_some(self, piece: bytes) -> None:
        """The beginning at once, by whole lines, so that those of two streams don't mix; then the end."""
        room = max(0, LOGGED - self._size)
        if room:
            text = self._line + self._decode(piece[:room])
            end = text.rfind("\n") + 1 if len(text) < _PIECE else len(text)
            self._line = text[end:]
            self._tell(text[:end])
        _append(self._tail, piece[room:], LOGGED)

    def _tell(self, text: str) -> None:
        if self._log is None or not text:
            return
        try:
            self._log(text)
        except Exception as error:  # a full disk must not leave the program with a pipe that nobody reads
            self.failed, self._log = error, None


def _append(kept: bytearray, piece: bytes, limit: int) -> None:
    """Add to the last bytes, cut to so many now and then."""
    kept += piece
    if len(kept) > 2 * limit:
        del kept[: _cut(kept, limit)]


def _cut(kept: bytearray, limit: int | None) -> int:
    return 0 if limit is None else max(0, len(kept) - limit)
