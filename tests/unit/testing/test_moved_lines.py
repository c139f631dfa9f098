"""Where lines stand after a change, and what is never taken for the same."""

import pytest

from atomci.testing.measurement.segments import moved, read_segments

BEFORE = b'''\
"""Text."""
import os

LIMIT = 3


def one(x):
    # why
    if x:
        return LIMIT
    return 0


class Box:
    """A box."""

    size = 1

    @property
    def area(self):
        return (
            self.size
        )


if os.name == "nt":

    def odd():
        return 1
'''


def _moved(after: bytes):
    before, now = read_segments(BEFORE), read_segments(after)
    assert before is not None
    assert now is not None
    return moved(before, now)


def test_what_stands_elsewhere_word_for_word_is_found_again() -> None:
    after = b"# first\n\n" + BEFORE.replace(b"LIMIT = 3", b"LIMIT = 3\nMORE = 4")
    found = _moved(after)
    assert found.mark((9, 10)) == (12, 13)
    assert found.mark((-7, 9)) == (-10, 12)
    assert found.mark((11, -7)) == (14, -10)
    assert found.mark((20,)) == (23,)
    assert found.mark((21, -19)) == (24, -22)


@pytest.mark.parametrize(
    ("old", "new", "lost", "kept"),
    [
        (b"# why", b"# because", (9, 10), (21,)),
        (b"    if x:\n", b"    if x:\n        pass\n", (9, 10), (21,)),
        (b"(\n            self.size\n        )", b"self.size", (21, -19), (9, 10)),
        (b"@property\n", b"@staticmethod\n", (21, -19), (9, 10)),
        (b"class Box", b"class Crate", (21, -19), (9, 10)),
        (b"def odd", b"def even", (28, -27), (9, 10)),
        (b'"nt"', b'"posix"', (28, -27), (9, 10)),
    ],
)
def test_a_function_that_says_anything_else_stands_nowhere(old, new, lost, kept) -> None:
    assert old in BEFORE
    found = _moved(BEFORE.replace(old, new, 1))
    assert found.mark(lost) is None
    assert found.mark(kept) is not None


def test_of_two_that_are_alike_none_is_taken_for_the_other() -> None:
    before = b"class A:\n    def f(self):\n        return 1\n"
    twice = b"def f():\n    return 1\n"
    assert moved(read_segments(twice) or (), read_segments(twice * 2) or ()).mark((2,)) is None
    assert moved(read_segments(twice * 2) or (), read_segments(b"\n" + twice * 2) or ()).mark((4,)) == (5,)
    other = before.replace(b"class A", b"class B")
    assert moved(read_segments(before) or (), read_segments(other + before) or ()).mark((3,)) == (6,)


def test_lines_that_run_on_import_are_told_from_those_of_functions() -> None:
    found = _moved(BEFORE)
    assert found.is_called((9, 10))
    assert found.is_called((-7, 9))
    assert not found.is_called((2, 4))
    assert not found.is_called((-1, 1))
    assert found.is_called((28, -27))


@pytest.mark.parametrize("text", [b"def f(:\n", b"\0", b"(" * 10_000])
def test_what_cannot_be_parsed_has_no_segments(text: bytes) -> None:
    assert read_segments(text) is None
    assert read_segments(b"") == ()
