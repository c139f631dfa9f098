"""Programs and what they print, however much that is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from atomci.tools.process import Children, Command, OutputTooLong

LINES = "import sys\nfor _ in range({}): sys.stdout.write('one line of many\\n' * 60000)\n"


def say(megabytes: int, limit: int | None) -> Command:
    """A program that prints so much."""
    return Command((sys.executable, "-ISc", LINES.format(megabytes)), limit=limit)


def test_a_program_whose_end_is_wanted_may_print_anything(tmp_path: Path) -> None:
    logged: list[str] = []
    done = Children().run(say(64, 34), tmp_path, logged.append)
    assert (done.code, done.stdout) == (0, "one line of many\n" * 2)
    assert sum(map(len, logged)) < 5_000_000
    assert any("bytes aren't logged" in text for text in logged)


def test_output_that_is_too_long_to_be_read_is_an_error_never_a_part_of_it(tmp_path: Path) -> None:
    with pytest.raises(OutputTooLong, match=r"the output of \S+ is longer than 32 MB"):
        Children().run(say(100_000, None), tmp_path)
