"""Which lines and branches run between two moments, as the coverage that measures them sees it.

Coverage keeps what ran until it is told of another context, and hands it to its file of data then. There it
is taken down, and kept back until coverage saves the file. Kept to the standard library and coverage, since
it runs inside the tests' process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["Covered", "Mark"]

_FINISHING = "_post_save_work"
"""Adds the files that nobody ran. A coverage that has none is let alone, so that no line is noted."""
Mark = tuple[int, ...]
"""A line, or a branch from one line to another."""


class Covered:
    """Takes down what runs of the files below `start`; of each file the bits of a number say which marks."""

    def __init__(self, start: str) -> None:
        self.marks: dict[str, dict[Mark, int]] = {}
        """By file, each mark with the number of its bit."""
        self.ready = "PYTEST_XDIST_WORKER" not in os.environ
        """Whether the coverage that runs is the one that counts: in a worker, pytest-cov begins twice."""
        self.abroad = ""
        """A file that was measured and isn't below the folder."""
        self._start = start
        self._taken: dict[str, int] = {}
        self._waiting: dict[str, int] = {}
        self._files: dict[str, str] = {}
        self._coverage: Any = None
        self._data: Any = None
        self._add: Callable[..., None] = lambda *_: None
        self._asks = False

    def take(self) -> dict[str, int]:
        """What ran since the last time."""
        if self._coverage is None and not (self.ready and self._attach()):
            return {}
        self._asks = True
        try:
            self._coverage.switch_context("")
        except Exception:  # it was stopped: what it has, it hands over by itself
            self._asks = False
        finally:
            self._asks = False
        taken, self._taken = self._taken, {}
        return taken

    def _attach(self) -> bool:
        """To the coverage that is running, which is the tests' own: none of theirs has begun yet."""
        module = sys.modules.get("coverage")
        current = getattr(getattr(module, "Coverage", None), "current", None)
        found = current() if current else None
        if module is None or found is None or not hasattr(found, _FINISHING) or _sees_each_line_once():
            return False
        self._coverage = found
        kind = module.CoverageData
        for name in ("add_arcs", "add_lines"):
            setattr(kind, name, self._noting(getattr(kind, name)))
        kind.write = self._finishing(kind.write)
        return True

    def _noting(self, add: Callable[..., None]) -> Callable[..., None]:
        """Nothing goes to the file before coverage itself saves it: until then workers of xdist remove it."""

        def noted(data: Any, found: Mapping[str, Iterable[Any]]) -> None:
            if self._asks:
                self._data, self._add = data, add
                self._note(found)
                return
            if data is self._data:
                self._note(found)
                self._deliver()
            add(data, found)

        return noted

    def _finishing(self, write: Callable[..., None]) -> Callable[..., None]:
        """Where nothing ran since the last time, coverage thinks that it has nothing to save."""

        def finished(data: Any) -> None:
            if data is self._data and self._waiting:
                self._deliver()
                getattr(self._coverage, _FINISHING)()
            write(data)

        return finished

    def _note(self, found: Mapping[str, Iterable[Any]]) -> None:
        for name, marks in found.items():
            file = self._own(name)
            known = self.marks.setdefault(file, {})
            bits = 0
            for mark in marks:
                bits |= 1 << known.setdefault(mark if isinstance(mark, tuple) else (mark,), len(known))
            self._taken[file] = self._taken.get(file, 0) | bits
            self._waiting[name] = self._waiting.get(name, 0) | bits

    def _deliver(self) -> None:
        """Give coverage's file what was kept back, each line and branch once."""
        waiting, self._waiting = self._waiting, {}
        self._add(
            self._data,
            {
                name: [
                    mark if len(mark) > 1 else mark[0]
                    for mark, bit in self.marks[self._own(name)].items()
                    if bits >> bit & 1
                ]
                for name, bits in waiting.items()
            },
        )

    def _own(self, name: str) -> str:
        """The path from the start."""
        if name not in self._files:
            place = str(Path(self._start, name).resolve())
            if not place.startswith(self._start):
                self.abroad = name
            self._files[name] = place.removeprefix(self._start).replace(os.sep, "/")
        return self._files[name]

    def as_dict(self) -> dict[str, object]:
        """The marks in the order of their bits, and what makes them of no use."""
        return {"marks": {file: list(known) for file, known in self.marks.items()}, "abroad": self.abroad}


def _sees_each_line_once() -> bool:
    """Whether coverage measures by sys.monitoring, and so tells of one test only which lines it ran first."""
    monitoring: Any = getattr(sys, "monitoring", None)
    return monitoring is not None and any(
        "coverage" in (monitoring.get_tool(tool) or "") for tool in range(6)
    )
