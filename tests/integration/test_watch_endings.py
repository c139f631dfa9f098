"""What the loop says when pytest has ended and its process hasn't, with real pytest."""

import os
from typing import Any

import pytest
from watched_project import Watched, watched

from atomci.watch import parting

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")

# At the end of the file, so that the lines of its tests stay.
AT_EXIT = (
    "\n\nimport atexit\nimport os\nimport time\nfrom pathlib import Path\n\n\n@atexit.register\ndef end():\n"
)
SLOW = "    time.sleep(4)\n    Path('ended.cache').touch()\n"
FILE = "tests/unit/test_words.py"


def begun(sample: Any, loop: Watched, end: str) -> str:
    """Its process ends so from now on; what the file was before."""
    text: str = sample.read(FILE)
    loop.verdict()
    sample.append(FILE, AT_EXIT + end)
    return text


def test_a_verdict_is_taken_back_where_the_process_ends_in_another_way(real_sample) -> None:
    with watched(real_sample) as loop:
        text = begun(real_sample, loop, "    time.sleep(2)\n    os._exit(3)\n")
        said = loop.verdict()
        assert (said.verdict, said.tests) == ("green", 1)
        again = loop.verdict()
        assert (again.verdict, again.cycle) == ("broken", said.cycle)
        assert again.reason == (
            "green is taken back: pytest came to its end with exit code 0, and then its process "
            "ended with exit code 3"
        )
        real_sample.write(FILE, text)
        mended = loop.verdict()
    assert (mended.verdict, mended.reason) == ("none", "all is as it was when tests ran last")


def test_the_verdict_waits_for_no_process_and_a_save_meanwhile_tests_both_changes(real_sample) -> None:
    real_sample.append(".gitignore", "ended.cache\n")
    real_sample.commit()
    ended = real_sample.root / "ended.cache"
    with watched(real_sample) as loop:
        begun(real_sample, loop, SLOW)
        assert loop.verdict().verdict == "green"
        assert not ended.exists()
        real_sample.append("src/demo/rounding.py", "\n")
        assert loop.started().changed == ("src/demo/rounding.py", FILE)
        assert loop.seen_off().verdict == "green"
        assert ended.exists()  # nobody ended it before its time
        real_sample.append("src/demo/rounding.py", "# more\n")
        assert loop.verdict().changed == ("src/demo/rounding.py",)


def test_a_process_that_does_not_end_takes_its_verdict_back(real_sample, monkeypatch) -> None:
    monkeypatch.setattr(parting, "_WITHIN", 1.0)
    with watched(real_sample) as loop:
        begun(real_sample, loop, "    time.sleep(600)\n")
        assert loop.verdict().verdict == "green"
        again = loop.verdict()
    assert (again.verdict, again.reason) == (
        "broken",
        "green is taken back: pytest's process didn't end within 1 s",
    )
