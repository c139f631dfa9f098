"""Failing tests, each with the changed lines that it runs through."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from atomci.artifacts.handed.fixing import BehaviorWork, ChangedLines, FailingTest
from atomci.artifacts.handed.testing import TestResult
from atomci.fix.lanes.symbols import Symbol, around, symbols_of

__all__ = ["behavior_work"]

_FRAME = re.compile(r"^(?:E +)?(?P<path>[^\s:][^\n:]*\.py):(?P<line>\d+)(?=:)", re.MULTILINE)


def behavior_work(
    failing: Sequence[TestResult],
    changed: Mapping[str, Sequence[int]],
    since: str,
    ran: Callable[[str], Collection[str] | None],
    read: Callable[[str], bytes],
) -> BehaviorWork:
    """The work list. `changed`: lines by path. `ran` gives the `PATH::NAME` of what a test ran when it was
    last noted, None where nobody knows. `read` gives a file's bytes.
    """
    symbols = {path: symbols_of(read(path)) for path in changed}
    found = [_test(result, changed, symbols, ran(result.nodeid)) for result in failing]
    order = sorted(found, key=lambda each: (_size(each) == 0, _size(each), each.nodeid))
    return BehaviorWork(since=since, tests=tuple(order))


def _size(test: FailingTest) -> int:
    return sum(each.last - each.first + 1 for each in test.changed)


def _test(
    result: TestResult,
    changed: Mapping[str, Sequence[int]],
    symbols: Mapping[str, Sequence[Symbol]],
    ran: Collection[str] | None,
) -> FailingTest:
    blocks = set(ran) if ran is not None else set()
    # What failed now counts too: it may be new since the test was noted.
    blocks |= set(_in_traceback(result, symbols))
    lines = tuple(_lines(changed, symbols, blocks))
    return FailingTest(
        nodeid=result.nodeid,
        path=result.path,
        line=result.line,
        message=result.message,
        known_by="traceback" if ran is None else "record",
        changed=lines,
    )


def _in_traceback(result: TestResult, symbols: Mapping[str, Sequence[Symbol]]) -> Iterator[str]:
    places = [(match["path"], int(match["line"])) for match in _FRAME.finditer(result.details)]
    for path, line in [*places, (result.path, result.line)]:
        inside = around(symbols.get(path, ()), line)
        yield f"{path}::{inside.name if inside else ''}"


def _lines(
    changed: Mapping[str, Sequence[int]], symbols: Mapping[str, Sequence[Symbol]], blocks: Collection[str]
) -> Iterator[ChangedLines]:
    for path, numbers in sorted(changed.items()):
        run: list[ChangedLines] = []
        for number in sorted(numbers):
            inside = around(symbols.get(path, ()), number)
            name = inside.name if inside else ""
            if f"{path}::{name}" not in blocks:
                continue
            if run and run[-1].symbol == name and run[-1].last == number - 1:
                run[-1] = ChangedLines(path=path, symbol=name, first=run[-1].first, last=number)
            else:
                run.append(ChangedLines(path=path, symbol=name, first=number, last=number))
        yield from run
