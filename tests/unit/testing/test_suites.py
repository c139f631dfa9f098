"""Suites of functions: which there are, which ran, and which of them an edit changes."""

import ast
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from atomci.testing.observation import lines as observation_lines
from atomci.testing.observation.lines import RanLines, Tracer
from atomci.testing.observation.quick import Monitoring
from atomci.testing.observation.suites import by_function
from atomci.testing.selection.blocks import read_blocks

SOURCE = """\
def f(a):
    if a:
        return 1
    elif a is None:
        for one in "ab":
            a = one
    else: a = 2
    if a: return 3
    try:
        g()
    except (
        ValueError,
    ):
        a = 4
    finally:
        a = 5

    @wraps
    def inner():
        return a

    class Local:
        def method(self):
            return a

    match a:
        case 1:
            a = 6
    return inner


class Shop:
    def price(self):
        with self:
            return 1

    def twice(self):
        if self: return 1

    def twice(self):
        if self: return 2
"""


def test_each_part_with_lines_of_its_own_is_a_suite() -> None:
    found = by_function(ast.parse(SOURCE))
    told = {name: [(one.path, one.first, one.last) for one in suites] for name, suites in found.items()}
    assert told == {
        "f": [
            ("1", 3, 3),
            ("2", 4, 7),
            ("2.1", 5, 6),
            ("2.1.1", 6, 6),
            ("2.2", 7, 7),
            ("3", 10, 10),
            ("4", 16, 16),
            ("5", 14, 14),
            ("6", 20, 20),
            ("7", 28, 28),
        ],
        "Shop.price": [("1", 35, 35)],
    }


@pytest.mark.parametrize(
    ("old", "new", "differing"),
    [
        ("return 1\n    elif", "return 0\n    elif", {"1"}),
        ("a is None", "a is not None", {"2"}),
        ("a = one", "a = one + one", {"2.1.1"}),
        ("else: a = 2", "else:\n        a = 2", set()),
        ("a = 5\n", "a = 5\n        if a:\n            g()\n", {"4", "4.1"}),
        ("if a: return 3", "if a: return 4", {""}),
        ("ValueError", "KeyError", {""}),
        # what is bound in one place is the function's own everywhere, and who yields once is a generator
        ("a = one", "b = one", {"2.1.1", ""}),
        ("return 1\n    elif", "yield 1\n    elif", {"1", ""}),
        ("return 1\n    elif", "global g\n    elif", {"1", ""}),
        ("return 1\n    elif", "return [a for g in a]\n    elif", {"1", ""}),
        ("return 1\n    elif", "import g\n    elif", {"1", ""}),
    ],
)
def test_an_edit_changes_the_suite_that_it_is_in(old: str, new: str, differing: set[str]) -> None:
    assert SOURCE.count(old) == 1
    before, after = (read_blocks(text.encode()) for text in (SOURCE, SOURCE.replace(old, new)))
    assert before is not None
    assert after is not None
    one, two = before.suites["f"], after.suites["f"]
    assert {path for path in {*one, *two} if one.get(path) != two.get(path)} == differing
    assert not before.suites.get("Shop.twice")


def branches(value: int) -> Iterator[int]:
    if value:
        yield 1
    else:
        yield 2
    yield 3


def loops(count: int) -> None:
    for _ in range(count):
        pass


@pytest.fixture
def tracer() -> Iterator[Tracer]:
    before = sys.gettrace()
    sys.settrace(None)
    yield Tracer(lambda code: code.co_filename == __file__)
    sys.settrace(before)


def _lines(tracer: Tracer, function: Callable[[], object]) -> RanLines:
    found = RanLines()
    tracer.go(found)
    function()
    tracer.end()
    return found


def _ran(found: RanLines, function: Callable[..., object]) -> set[int] | None:
    code = function.__code__
    ran = found.of(id(code))
    return None if ran is None else {line - code.co_firstlineno for line in ran}


def test_the_lines_that_ran_are_known(tracer: Tracer) -> None:
    assert _ran(_lines(tracer, lambda: next(branches(1))), branches) == {0, 1, 2}
    assert _ran(_lines(tracer, lambda: list(branches(0))), branches) == {0, 1, 4, 5}


def test_what_goes_on_elsewhere_is_of_that_place(tracer: Tracer) -> None:
    going = branches(1)
    assert _ran(_lines(tracer, lambda: next(going)), branches) == {0, 1, 2}
    assert _ran(_lines(tracer, lambda: next(going)), branches) == {2, 5}


def test_of_a_function_that_runs_many_lines_nothing_is_known(
    tracer: Tracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observation_lines, "_LINES", 20)
    assert _ran(_lines(tracer, lambda: loops(2)), loops) == {0, 1, 2}
    assert _ran(_lines(tracer, lambda: loops(30)), loops) is None
    monkeypatch.setattr(observation_lines, "_CALLS", 20)
    many = _lines(tracer, lambda: [next(branches(1)) for _ in range(30)])
    assert _ran(many, branches) is None


def test_where_somebody_else_traces_nothing_is_known(tracer: Tracer) -> None:
    def other(*_: object) -> None:
        return None

    def takes() -> None:
        next(branches(1))
        sys.settrace(other)

    def lends() -> None:
        before = sys.gettrace()
        sys.settrace(None)
        tracer.taken()  # as the audit hook says
        next(branches(0))
        sys.settrace(before)
        next(branches(1))

    assert _ran(_lines(tracer, lends), branches) is None
    assert _ran(_lines(tracer, takes), branches) is None
    assert sys.gettrace() is other
    assert _ran(_lines(tracer, lambda: next(branches(1))), branches) is None


def test_another_thread_is_not_looked_at(tracer: Tracer) -> None:
    def starts() -> None:
        thread = threading.Thread(target=lambda: list(branches(1)))
        thread.start()
        thread.join()

    assert _ran(_lines(tracer, starts), branches) is None


@pytest.fixture
def monitored() -> Iterator[Callable[[Callable[[], object]], RanLines]]:
    """Says which lines a function runs, as Python 3.13 and newer tell it."""
    if sys.version_info < (3, 13):
        pytest.skip("not used before 3.13")
    taken = {tool for tool in range(6) if sys.monitoring.get_tool(tool)}
    way = Monitoring.free()
    assert way is not None
    lines = way.lines(lambda code: code.co_filename == __file__)

    def told(function: Callable[[], object]) -> RanLines:
        found = RanLines()
        way.begin()
        lines.go(found)
        function()
        lines.end()
        way.end()
        return found

    yield told
    for tool in range(6):
        if sys.monitoring.get_tool(tool) and tool not in taken:
            sys.monitoring.free_tool_id(tool)


def test_lines_are_known_where_somebody_else_traces_in_all_threads_and_in_long_loops(monitored) -> None:
    def starts() -> None:
        thread = threading.Thread(target=lambda: list(branches(0)))
        thread.start()
        thread.join()

    before = sys.gettrace()
    sys.settrace(lambda *_: None)
    try:
        assert _ran(monitored(lambda: next(branches(1))), branches) == {1, 2}
        assert _ran(monitored(starts), branches) == {1, 4, 5}
        assert _ran(monitored(lambda: loops(300)), loops) == {1, 2}
        assert _ran(monitored(lambda: list(branches(1))), branches) == {1, 2, 5}
        assert _ran(monitored(lambda: None), branches) is None
    finally:
        sys.settrace(before)


def test_what_goes_on_elsewhere_is_of_that_place_there_too(monitored) -> None:
    going = branches(1)
    first = monitored(lambda: next(going))
    assert _ran(monitored(lambda: next(going)), branches) == {2, 5}
    assert _ran(first, branches) == {1, 2}
    thrown = branches(1)
    next(thrown)

    def throws() -> None:
        with pytest.raises(KeyError):
            thrown.throw(KeyError)

    assert _ran(monitored(throws), branches) == {2}
