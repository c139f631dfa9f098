"""Ways in which Python itself takes down which code ran, without calling back each time.

Kept to the standard library, since it runs inside the tests' process.
"""

from __future__ import annotations

import _lsprof
import sys
from collections.abc import Iterable
from types import CodeType
from typing import Any, Protocol

__all__ = ["Monitoring", "Profiling", "Quick"]


class Quick(Protocol):
    """Takes down what runs from its beginning to its end, each code once, and may begin again."""

    def begin(self) -> None:
        """From now on."""

    def end(self) -> Iterable[CodeType]:
        """What ran since the beginning."""

    def is_there(self) -> bool:
        """Whether nobody took its place."""


class Profiling:
    """By Python's profiler, of one thread. From 3.12 on, it would refuse tests their own."""

    def __init__(self) -> None:
        self._profiler = _lsprof.Profiler(subcalls=False, builtins=False)

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
        events = monitoring.events
        self._events = events.PY_START | events.PY_RESUME | events.PY_THROW
        codes, disable = self._codes, monitoring.DISABLE

        def ran(code: CodeType, _: int) -> object:
            codes[id(code)] = code
            return disable  # until it begins again

        def thrown(code: CodeType, _: int, __: BaseException) -> None:
            codes[id(code)] = code

        monitoring.register_callback(tool, events.PY_START, ran)
        monitoring.register_callback(tool, events.PY_RESUME, ran)
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
