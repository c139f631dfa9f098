"""What the static tools say in the loop, after the tests; with made-up tools."""

import os
import time
from pathlib import Path

import pytest
from stand_in_tools import make_environment
from watched_project import watched

from atomci.artifacts.printed.watching import TriageFinished
from atomci.cli.view.watching import Story

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the made-up tools are scripts")


def shown(said: TriageFinished) -> list[str]:
    return list(Story(running=False).lines_of(said))


def test_after_the_tests_the_tools_tell_what_they_find_in_changed_files(sample) -> None:
    sample.append("src/demo/rounding.py", "import os\n")
    sample.commit()
    with watched(sample) as loop:
        loop.verdict()
        sample.append("src/demo/words.py", "import sys\n")
        assert loop.verdict().verdict == "green"
        bad = loop.triaged()
        assert (bad.verdict, bad.tests, bad.changed) == ("findings", "green", ("src/demo/words.py",))
        assert (bad.tools, bad.elsewhere) == ({"ruff": 1, "black": 0, "mypy": 0}, 1)
        first, last = shown(bad)
        assert "src/demo/words.py:7:8  ruff F401  `sys` imported but unused" in first
        assert "ruff 1, black 0, mypy 0, 1 in other files  tests green" in last
        sample.append("tests/unit/test_words.py", "    assert 0\n")
        assert loop.verdict().verdict == "red"
        other = loop.triaged()  # the finding stays in a file that didn't change
        assert (other.verdict, other.tests, other.elsewhere) == ("clean", "red", 2)


def test_a_tool_that_did_not_look_is_named_and_what_broke_is_not_clean(sample) -> None:
    with watched(sample) as loop:
        loop.verdict()
        sample.append("pyproject.toml", "\n[tool.atomci.atoms.run_black_check]\nenabled = false\n")
        loop.verdict()
        said = loop.triaged()
        assert (said.verdict, said.tools, said.left_out) == (
            "clean",
            {"ruff": 0, "mypy": 0},
            {"black": "disabled"},
        )
        assert "black left out: disabled" in shown(said)[-1]
        sample.write(".atomci/baseline.jsonl", "no baseline\n")
        sample.append("src/demo/words.py", "\n")
        loop.verdict()
        said = loop.triaged()
    assert said.verdict == "broken", said
    assert "broke: " in shown(said)[-1]


def test_a_newer_save_ends_the_tools_and_the_next_look_takes_both_changes(sample, tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "env")
    mypy, started = environment / "bin/mypy", tmp_path / "started"
    text = mypy.read_text(encoding="utf-8")
    mypy.write_text(f"#!/bin/sh\necho $$ > {started}.new; mv {started}.new {started}; exec sleep 60\n")
    sample.env["UV_PROJECT_ENVIRONMENT"] = str(environment)
    with watched(sample) as loop:
        loop.verdict()
        sample.append("src/demo/words.py", "\n")
        loop.verdict()
        while not started.is_file():
            time.sleep(0.02)
        mypy.write_text(text)
        sample.append("src/demo/rounding.py", "\n")
        said = loop.triaged()
    assert (said.verdict, said.changed) == ("clean", ("src/demo/rounding.py", "src/demo/words.py"))
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
