"""`atomci watch` as a process: with a real pytest, at a terminal, and when it is ended."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from terminal import Terminal

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")

WATCH = [sys.executable, "-m", "atomci", "watch"]


@contextmanager
def at_a_terminal(sample: Any, *words: str, width: int = 80, **env: str) -> Iterator[Terminal]:
    with Terminal([*WATCH, *words], sample.root, {**sample.env, **env}, width, own=True) as terminal:
        yield terminal


def test_it_is_driven_at_a_terminal(sample) -> None:
    import termios

    with at_a_terminal(sample) as terminal:
        before = termios.tcgetattr(terminal._ours)
        terminal.wait_for("nothing differs from the last commit")
        terminal.wait_for("q quit")
        assert termios.tcgetattr(terminal._ours)[3] & termios.ICANON == 0
        sample.append("tests/unit/test_words.py", "    assert 0\n")
        terminal.wait_for("✗ tests/unit/test_words.py::test_shout")
        terminal.wait_for("1 test in 1 of 3 files, impacted")
        terminal.resize(50, 15)
        terminal.wait_for("✗ tests/unit/test_words.py::test_shout  asse")
        assert max(len(line) for line in terminal.shown) <= 50
        terminal.answer("?")
        terminal.wait_for("q      quit, as Ctrl-C does")
        terminal.answer("p")
        terminal.wait_for("path> ▏")
        terminal.answer("round\r")
        terminal.wait_for("red      1 test in 1 of 3 files, match")  # what failed before still fails
        terminal.answer("\x03")
        assert terminal.end() == 130
        assert termios.tcgetattr(terminal._ours) == before
    assert "\x1b[?1049h" not in terminal.raw


def test_q_ends_it_and_no_colour_is_shown_where_none_is_wanted(sample) -> None:
    with at_a_terminal(sample, "--all", NO_COLOR="1") as terminal:
        terminal.wait_for("green    3 tests, all")
        terminal.answer("q")
        assert terminal.end() == 0
        assert "\x1b[3" not in terminal.raw


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was_found(sample, number: int) -> None:
    import termios

    with at_a_terminal(sample) as terminal:
        before = termios.tcgetattr(terminal._ours)
        terminal.wait_for("q quit")
        terminal.process.send_signal(number)
        assert terminal.end() == 130
        assert termios.tcgetattr(terminal._ours) == before
    assert not terminal.shown[-1].startswith("a all")  # the prompt of the shell begins a line of its own


def lines(process: subprocess.Popen[str], kind: str) -> dict[str, Any]:
    """The next event of that kind."""
    assert process.stdout is not None
    for line in process.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["event"] == kind:
            return event
    raise AssertionError(process.communicate())


SLEEPER = """\
import subprocess
import sys

from demo.words import shout


def test_shout() -> None:
    here = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    print(here.pid, file=open("sleeper.cache", "w"))
    here.wait()
"""


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"


def pid_in(file: Path) -> int:
    end = time.monotonic() + 60
    while not (file.is_file() and file.read_text(encoding="utf-8").strip()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return int(file.read_text(encoding="utf-8"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere what has left the group is out of reach")
def test_a_stale_cycle_ends_with_its_grandchildren_and_so_does_the_loop(real_sample) -> None:
    real_sample.append(".gitignore", "sleeper.cache\n")
    sleeper = real_sample.root / "sleeper.cache"
    text = real_sample.read("tests/unit/test_words.py")
    process = real_sample.start("watch", "--json")
    try:
        lines(process, "cycle_finished")
        real_sample.write("tests/unit/test_words.py", SLEEPER)
        first = pid_in(sleeper)
        sleeper.unlink()
        real_sample.append("tests/unit/test_words.py", "\n")
        lines(process, "cycle_dropped")
        assert gone(first)
        second = pid_in(sleeper)
        real_sample.write("tests/unit/test_words.py", text)
        lines(process, "cycle_dropped")
        assert lines(process, "cycle_finished")["reason"] == "all is as it was when tests ran last"
        assert gone(second)
        sleeper.unlink()
        real_sample.write("tests/unit/test_words.py", SLEEPER)
        third = pid_in(sleeper)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
        assert gone(third)
    finally:
        process.kill()
        process.communicate()
