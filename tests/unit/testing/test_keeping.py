"""Whose work outlives the test that it was done in: what is kept, and objects that other tests use."""

from atomci.testing.selection.blocks import read_blocks
from atomci.testing.selection.keeping import Keepers

SOURCE = """\
import functools


@functools.cache
def once():
    return helper()


def helper():
    return deeper()


def deeper():
    return 1


class Lexer:
    def __init__(self):
        self.rules = rules()

    def wrap(self):
        return self.rules

    @classmethod
    def of(cls):
        return 1


def rules():
    return []


def unrelated():
    return once
"""
FIRST, SECOND, THIRD = "first", "second", "third"


def _keepers() -> Keepers:
    blocks = read_blocks(SOURCE.encode())
    assert blocks is not None
    ran = {
        "a.py::once": {FIRST},
        "a.py::helper": {FIRST},
        "a.py::deeper": {FIRST, THIRD},
        "a.py::unrelated": {THIRD},
        "a.py::Lexer.__init__": {FIRST},
        "a.py::rules": {FIRST},
        "a.py::Lexer.wrap": {FIRST, SECOND},
        "a.py::Lexer.of": {THIRD},
    }
    return Keepers({"a.py": blocks}, {name: frozenset(tests) for name, tests in ran.items()})


def test_what_a_function_ran_to_find_what_it_keeps_reaches_whoever_gets_that() -> None:
    keepers = _keepers()
    for name in ("once", "helper", "deeper"):
        assert list(keepers.behind("a.py", name)) == [("a.py", "once")], name
    assert list(keepers.behind("a.py", "unrelated")) == []


def test_what_made_an_object_reaches_the_tests_that_use_it_without_making_one() -> None:
    keepers = _keepers()
    maker = ("a.py", "Lexer.__init__")
    for name in ("Lexer.__init__", "rules"):
        assert list(keepers.users("a.py", name)) == [(SECOND, maker)], name
    assert list(keepers.users("a.py", "Lexer.wrap")) == []
