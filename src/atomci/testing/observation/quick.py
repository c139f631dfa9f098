"""Ways to take down which code ran: where it can be had, by Python itself, without calling back each time.

Kept to the standard library, since it runs inside the tests' process.
"""

from __future__ import annotations

import _lsprof
import sys
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any, Protocol

from atomci.testing.observation.lines import IsWanted, LineEvents, LineNotes, Tracer

__all__ = ["Calling", "Monitoring", "Profiling", "Quick", "quickest"]


class Quick(Protocol):
    """Takes down what runs from its beginning to its end, each code once, and may begin again."""

    def lines(self, is_wanted: IsWanted) -> LineNotes:
        """What takes down the lines of wanted code too, of the same threads."""

    def begin(self) -> None:
        """From now on."""

    def end(self) -> Iterable[CodeType]:
        """What ran since the beginning."""

    def is_there(self) -> bool:
        """Whether nobody took its place."""


def quickest() -> Quick:
    """The one that costs least here and takes nothing from the tests."""
    return Profiling() if sys.version_info < (3, 12) else Monitoring.free() or Calling()


class Calling:
    """By a profile function, of one thread, which Python calls each time: where there is no other way."""

    def __init__(self) -> None:
        self._codes: dict[int, CodeType] = {}
        codes = self._codes

        def called(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                code = frame.f_code
                codes[id(code)] = code

        self._called = called

    def lines(self, is_wanted: IsWanted) -> LineNotes:
        """Of the same thread."""
        return Tracer(is_wanted)

    def begin(self) -> None:
        """From now on."""
        sys.setprofile(self._called)

    def end(self) -> Iterable[CodeType]:
        """What ran since the beginning."""
        if self.is_there():
            sys.setprofile(None)
        found = list(self._codes.values())
        self._codes.clear()
        return found

    def is_there(self) -> bool:
        """Whether nobody took its place."""
        return sys.getprofile() is self._called


class Profiling:
    """By Python's profiler, of one thread. From 3.12 on, it would refuse tests their own."""

    def __init__(self) -> None:
        self._profiler = _lsprof.Profiler(subcalls=False, builtins=False)

    def lines(self, is_wanted: IsWanted) -> LineNotes:
        """As the profiler does, it looks at one thread."""
        return Tracer(is_wanted)

    def begin(self) -> None:
        """From now on."""
        self._profiler.enable(False, False)

    def end(self) -> Iterable[CodeType]:
        """What ran since the beginning."""
        self._profiler.disable()
        entries = self._profiler.getstats()
        self._profiler.clear()
        return [entry.code for entry in entries if isinstance(entry.code, CodeType)]

    def is_there(self) -> bool:
        """Whether nobody took its place."""
        there: object = sys.getprofile()
        return there is self._profiler


class Monitoring:
    """By sys.monitoring, of all threads. Python has it from 3.12 on, but 3.12.1 was seen to end in it."""

    _NAME = "atomci"

    def __init__(self, monitoring: Any, tool: int) -> None:
        self._monitoring, self._tool = monitoring, tool
        self._codes: dict[int, CodeType] = {}
        self._lines: LineEvents | None = None
        events = monitoring.events
        self._events = events.PY_START | events.PY_RESUME | events.PY_THROW
        codes, disable = self._codes, monitoring.DISABLE

        def ran(code: CodeType, _: int) -> object:
            codes[id(code)] = code
            if self._lines is not None:
                self._lines.runs(code)
            return disable  # until it begins again

        def resumed(code: CodeType, offset: int) -> object:
            codes[id(code)] = code
            if self._lines is not None:
                self._lines.goes_on(code, offset)
            return disable

        def thrown(code: CodeType, offset: int, _: BaseException) -> None:
            resumed(code, offset)

        monitoring.register_callback(tool, events.PY_START, ran)
        monitoring.register_callback(tool, events.PY_RESUME, resumed)
        monitoring.register_callback(tool, events.PY_THROW, thrown)

    @classmethod
    def free(cls) -> Monitoring | None:
        """One of a number that no debugger, profiler or coverage has; None where all are taken."""
        monitoring: Any = getattr(sys, "monitoring", None)
        if monitoring is None or sys.version_info < (3, 13):
            return None
        for tool in (4, 3):
            if monitoring.get_tool(tool) is None:
                monitoring.use_tool_id(tool, cls._NAME)
                return cls(monitoring, tool)
        return None

    def lines(self, is_wanted: IsWanted) -> LineNotes:
        """By events of the same number, of all threads."""
        self._lines = LineEvents(self._monitoring, self._tool, is_wanted)
        return self._lines

    def begin(self) -> None:
        """From now on."""
        if self._is_ours():
            self._monitoring.restart_events()
            self._monitoring.set_events(self._tool, self._events)

    def end(self) -> Iterable[CodeType]:
        """What ran since the beginning."""
        if self._is_ours():
            self._monitoring.set_events(self._tool, 0)
        found = list(self._codes.values())
        self._codes.clear()
        return found

    def is_there(self) -> bool:
        """Whether nobody took its place."""
        return self._is_ours() and bool(self._monitoring.get_events(self._tool) == self._events)

    def _is_ours(self) -> bool:
        """A test may have freed the number, or taken it."""
        return bool(self._monitoring.get_tool(self._tool) == self._NAME)
