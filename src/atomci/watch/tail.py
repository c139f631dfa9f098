"""The recorder's results, read while tests run."""

from __future__ import annotations

from pathlib import Path

import msgspec

from atomci.artifacts.handed.testing import TestResult, TestSession
from atomci.decoding import decoded

__all__ = ["Tail"]


class Tail:
    """What was written since the last look. The last line says what runs, and is written anew each time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end = 0
        self.running: tuple[str, ...] = ()

    def new(self) -> list[TestResult]:
        """Results that weren't there before."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._end)
                data = file.read()
        except OSError:
            return []
        found = []
        for line in data.splitlines(keepends=True):
            try:
                row = decoded(line, TestResult | TestSession)
            except msgspec.DecodeError:  # it is being written
                break
            if isinstance(row, TestSession):
                self.running = row.running
                break
            found.append(row)
            self._end += len(line)
        return found
