"""How much processor time a tree of processes has had."""

from __future__ import annotations

import os
import sys

import pytest

from atomci.tools.activity import processor_time, processor_time_in

LISTING = """\
    1     0   0:09.50
  100     1   0:01.25
  101   100   2:00.50
  102   101 1-00:00:01
  200     1   9:00.00
"""


@pytest.mark.parametrize(
    ("program", "seconds"), [(100, 1.25 + 120.5 + 86401), (102, 86401), (200, 540), (7, None)]
)
def test_ps_tells_it_of_a_program_and_all_below_it(program: int, seconds: float | None) -> None:
    assert processor_time_in(LISTING, program) == seconds


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_proc_tells_it_and_nothing_of_a_program_that_is_gone() -> None:
    used = processor_time(os.getpid())
    assert used is not None
    assert used > 0
    assert processor_time(2**22 + 1) is None
