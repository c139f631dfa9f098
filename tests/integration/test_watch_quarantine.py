"""Tests in quarantine, as the loop shows them, with real pytest."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from watched_project import watched

from atomci.cli.view.watching import Story

pytestmark = pytest.mark.skipif(os.name == "nt", reason="each start takes too long there")

TEST = "tests/unit/test_words.py::test_shout"


def quarantine(sample, days: int) -> str:
    until = f"{datetime.now(UTC).date() + timedelta(days=days)}"
    row = f'test = "{TEST}"\nreason = "the clock"\nowner = "ada@example.com"\nuntil = {until}\n'
    sample.write(".atomci/quarantine.toml", f"[[quarantine]]\n{row}")
    return until


def test_a_test_in_quarantine_may_fail_and_is_shown_until_its_last_day(real_sample) -> None:
    with watched(real_sample) as loop:
        loop.verdict()
        real_sample.append("tests/unit/test_words.py", "    assert 0\n")
        assert loop.verdict().verdict == "red"
        until = quarantine(real_sample, 9)
        held = loop.verdict()
        said = f"1 quarantined failed: {TEST} (ada@example.com, until {until})"
        assert (held.verdict, held.counts["quarantined"], held.failed) == ("green", 1, ())
        assert held.reason == said
        (line,) = Story(running=False).lines_of(held)
        assert "1 quarantined" in line
        assert said in line
        quarantine(real_sample, -1)
        over = loop.verdict()
        assert (over.verdict, [one.nodeid for one in over.failed]) == ("red", [TEST])
        real_sample.replace("tests/unit/test_words.py", "    assert 0\n", "")
        still = loop.verdict()
        assert (still.verdict, still.failed) == ("red", ())
        (line,) = Story(running=False).lines_of(still)
        assert f"the quarantine of {TEST} expired on" in line
