"""A failing test on the terminal: its assertion and the lines around it, and no more."""

import pytest

from atomci.artifacts.handed import testing as artifacts
from atomci.report.excerpts import excerpt

LONG = """\
x = 3

    def test_it(x):
        \x1b[32mfirst\x1b[0m = 1
        second = 2

>       assert compute(x) == second

tests/unit/test_a.py:7:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _

x = 3

    def compute(x):
>       assert x == 4, 'no'
E       AssertionError: no
E       assert 3 == 4

src/demo/core.py:2: AssertionError
"""


def _shown(details: str) -> list[str]:
    return excerpt(
        artifacts.TestResult(nodeid="tests/unit/test_a.py::test_it", outcome="failed", details=details)
    )


def test_it_is_the_last_frame_with_what_pytest_says_of_it() -> None:
    assert _shown(LONG) == [
        "x = 3",
        "",
        "    def compute(x):",
        ">       assert x == 4, 'no'",
        "E       AssertionError: no",
        "E       assert 3 == 4",
    ]


def test_the_lines_before_an_assertion_are_shown_without_their_colours() -> None:
    first = LONG.partition("\n\ntests/unit")[0]
    assert _shown(first)[1:] == [
        "        first = 1",
        "        second = 2",
        "",
        ">       assert compute(x) == second",
    ]


@pytest.mark.parametrize("details", [LONG + "E   more\n" * 50, "a line\n" * 50, "> " + "x" * 999])
def test_it_is_short_whatever_was_said(details: str) -> None:
    shown = _shown(details)
    assert 0 < len(shown) <= 12
    assert max(map(len, shown)) <= 150


def test_of_a_crash_the_innermost_frames_are_shown() -> None:
    frames = [f'  File "/p/{number}.py", line {number} in f' for number in range(40)]
    crash = [
        "Fatal Python error: Segmentation fault",
        "Current thread 0x01 (most recent call first):",
        *frames,
    ]
    assert _shown("\n".join(crash)) == crash[:12]


def test_a_report_of_another_style_shows_its_last_lines() -> None:
    short = "tests/unit/test_a.py:6: in test_bad\n    assert x == 2\nE   assert 1 == 2\n"
    assert _shown(short) == short.splitlines()
    assert _shown("") == []
