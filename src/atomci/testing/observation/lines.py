"""Takes down which lines of the project's functions ran.

Kept to the standard library, since it runs inside the tests' process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any, Protocol

__all__ = ["IsWanted", "LineEvents", "LineNotes", "RanLines", "Tracer"]

_LINES = 200
"""So many lines of one function are looked at; of one that runs more, all counts as run."""
_CALLS = 50_000
"""So many calls are looked at; where there are more, nobody knows of lines."""
_Trace = Callable[[FrameType, str, Any], Any]
IsWanted = Callable[[CodeType], bool]
"""Whether a code's lines are asked for."""


@dataclass
class RanLines:
    """Of code by its `id`, the lines that ran; of that in `given_up` nobody knows."""

    ran: dict[int, set[int]] = field(default_factory=dict)
    given_up: set[int] = field(default_factory=set)
    is_whole: bool = True
    """False where code ran unseen."""

    def of(self, number: int) -> set[int] | None:
        """None where nobody knows."""
        if not self.is_whole or number in self.given_up:
            return None
        return self.ran.get(number)


class LineNotes(Protocol):
    """Takes down the lines of one place after the other."""

    def go(self, lines: RanLines) -> None:
        """From now on what runs belongs there."""

    def end(self) -> None:
        """Stop."""

    def taken(self) -> None:
        """Somebody set a trace function."""


class LineEvents:
    """By sys.monitoring, which tells each line of a code once: of all threads, whoever else looks at them.

    Lines count again after `restart_events`, which comes whenever what ran is told anew.
    """

    def __init__(self, monitoring: Any, tool: int, is_wanted: IsWanted) -> None:
        self._monitoring, self._tool = monitoring, tool
        self._is_wanted = is_wanted
        self._known: dict[int, CodeType] = {}  # held, so that no other gets its number
        self._lines: RanLines | None = None
        disable = monitoring.DISABLE

        def line(code: CodeType, number: int) -> object:
            if self._lines is not None:
                self._lines.ran.setdefault(id(code), set()).add(number)
            return disable

        monitoring.register_callback(tool, monitoring.events.LINE, line)

    def runs(self, code: CodeType) -> None:
        """Code is about to run."""
        if self._lines is not None and self._is_wanted(code):
            self._follow(code, self._lines)

    def goes_on(self, code: CodeType, offset: int) -> None:
        """Code is about to run on, from within a line that began before."""
        if self._lines is not None and self._is_wanted(code):
            here = (line for start, end, line in code.co_lines() if line and start <= offset < end)
            self._follow(code, self._lines).update(here)

    def _follow(self, code: CodeType, lines: RanLines) -> set[int]:
        if id(code) not in self._known:
            self._known[id(code)] = code
            self._monitoring.set_local_events(self._tool, code, self._monitoring.events.LINE)
        return lines.ran.setdefault(id(code), set())

    def go(self, lines: RanLines) -> None:
        """From now on what runs belongs there."""
        self._lines = lines

    def end(self) -> None:
        """Stop."""
        self._lines = None

    def taken(self) -> None:
        """A trace function has another place."""


class Tracer:
    """By Python's trace function, of one thread, as long as it doesn't cost much. It has its place only where
    nobody else has it, such as a debugger or coverage.
    """

    def __init__(self, is_wanted: IsWanted) -> None:
        self._is_wanted = is_wanted
        self._trace: _Trace | None = None
        self._lines = RanLines()
        self._is_own_call = False

    def go(self, lines: RanLines) -> None:
        """From now on what runs belongs there."""
        self._check()
        there: object = sys.gettrace()
        if there is not None and there is not self._trace:
            lines.is_whole = False
            self._trace = None
            return
        self._lines = lines
        self._trace = self._tracing(lines)
        self._set(self._trace)

    def end(self) -> None:
        """Stop."""
        self._check()
        if self._trace is not None and sys.gettrace() is self._trace:
            self._set(None)
        self._trace = None
        self._lines = RanLines()

    def taken(self) -> None:
        """Somebody set a trace function."""
        if not self._is_own_call:
            self._lines.is_whole = False

    def _check(self) -> None:
        if self._trace is not None and sys.gettrace() is not self._trace:
            self._lines.is_whole = False

    def _set(self, trace: _Trace | None) -> None:
        self._is_own_call = True
        sys.settrace(trace)
        self._is_own_call = False

    def _tracing(self, lines: RanLines) -> _Trace:
        known: dict[int, _Trace | None] = {}
        held: list[CodeType] = []  # so that no other gets its number
        calls = 0

        def called(frame: FrameType, event: str, _: Any) -> _Trace | None:
            nonlocal calls
            calls += 1
            code = frame.f_code
            number = id(code)
            if number not in known:
                held.append(code)
                known[number] = following(number) if self._is_wanted(code) else None
            if calls > _CALLS:
                lines.is_whole = False
                self._trace = None
                self._set(None)
                return None
            follow = known[number]
            return follow(frame, event, None) if follow else None

        def following(number: int) -> _Trace | None:
            if number in lines.given_up:
                return None
            left = _LINES
            add = lines.ran.setdefault(number, set()).add

            def follow(frame: FrameType, _: str, __: Any) -> _Trace | None:
                nonlocal left
                left -= 1
                if left < 0:
                    lines.given_up.add(number)
                    known[number] = None
                    return None
                add(frame.f_lineno)
                return follow

            return follow

        return called
