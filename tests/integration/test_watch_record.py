"""What the loop learns from the tests that it runs, with real pytest."""

import json
import os

import pytest
from watched_project import watched

pytestmark = pytest.mark.skipif(os.name == "nt", reason="each start takes too long there")

TWICE = "\n\ndef twice(number: int) -> int:\n    return 2 * number\n"
TEST = "\n\ndef test_twice() -> None:\n    from demo.rounding import twice\n\n    assert twice(2) == 4\n"


def test_the_second_save_of_a_function_runs_only_the_tests_that_ran_it(real_sample) -> None:
    real_sample.append("src/demo/rounding.py", TWICE)
    real_sample.append("tests/unit/test_rounding.py", TEST)
    real_sample.write("tests/unit/test_bare.py", "from demo import rounding\n\nassert rounding\n")
    real_sample.commit()
    with watched(real_sample) as loop:
        loop.seen_off()
        real_sample.replace("src/demo/rounding.py", "2 * number", "number * 2")
        first = loop.seen_off()
        assert (first.verdict, first.tests, first.known) == ("green", 4, 0)  # all that import it
        real_sample.replace("src/demo/rounding.py", "number * 2", "number * 3")
        second = loop.seen_off()
        assert [result.nodeid for result in second.failed] == ["tests/unit/test_rounding.py::test_twice"]
        assert (second.verdict, second.tests, second.known) == ("red", 1, 4)
        real_sample.append("src/demo/words.py", "SIGN = '!'\n")  # of its tests nothing is known yet
        third = loop.seen_off()
        assert (third.verdict, third.tests, third.counts["passed"]) == ("red", 2, 1)
        real_sample.replace("src/demo/rounding.py", "number * 3", "number + number")
        assert loop.seen_off().verdict == "green"
    with watched(real_sample) as loop:  # another loop knows what that one learned
        loop.seen_off()
        real_sample.replace("src/demo/rounding.py", "number + number", "number * 1")
        again = loop.seen_off()
        assert (again.verdict, again.tests, again.known) == ("red", 1, 5)
    assert not (real_sample.root / "artifacts").exists()
    kept = real_sample.root / ".atomci_cache/notes/start_loop_on_fail/record.json"
    assert json.loads(kept.read_text(encoding="utf-8"))["bare"] == ["tests/unit/test_bare.py"]
