"""`atomci guard --pty`: a person works in it, and the terminal is theirs again afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_agents import fake, first_on_path

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal is POSIX's"),
    pytest.mark.timeout(90),
]

PROGRAM = """\
import termios, tty
def size(*_): say("size %dx%d\\r\\n" % os.get_terminal_size(0))
signal.signal(signal.SIGWINCH, size)
signal.signal(signal.SIGINT, lambda *_: say("interrupted\\r\\n"))
say("\\x1b[?2004h" + str([os.isatty(n) for n in (0, 1, 2)]) + os.ttyname(0)[:5] + "\\r\\n")
size()
while True:
    line = sys.stdin.readline()
    say("typed " + line)
    if line == "end\\n": break
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git = ("git", "-c", "user.name=n", "-c", "user.email=e")
    for words in (("init",), ("commit", "--allow-empty", "-m", "first")):
        subprocess.run([*git, *words, "--quiet"], cwd=root, check=True)
    fake(root / ".git/fakes", "claude", PROGRAM)
    return root


def test_a_person_works_in_it_as_ever(repository: Path, tmp_path: Path) -> None:
    from terminal import Terminal

    env = first_on_path(repository / ".git/fakes", {"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    words = [sys.executable, "-m", "atomci", "guard", "--allow-degraded", "--pty", "--", "claude"]
    with Terminal(words, repository, env, 70, own=True) as terminal:
        terminal.wait_for("[True, True, True]/dev/")
        terminal.wait_for("size 70x24")
        terminal.resize(60, 20)
        terminal.wait_for("size 60x20")
        terminal.answer("\x03")
        terminal.wait_for("interrupted")
        terminal.answer("h\u00e9llo\r")
        terminal.wait_for("typed h\u00e9llo")
        terminal.answer("end\r")
        assert terminal.end() == 0
        assert "guard: done" in terminal.raw
        assert "\x1b[?2004l" in terminal.raw, "what the program left on is off again"
    (index,) = (repository / "artifacts/cli_runs/claude").glob("*/index.json")
    assert json.loads(index.read_bytes())["limits"]["inactivity"] is None, "a person may think for an hour"
    head, *events = (index.parent / "session.cast").read_text(encoding="utf-8").splitlines()
    assert json.loads(head) == {"version": 2, "width": 70, "height": 24}
    assert any("typed h\u00e9llo" in json.loads(event)[2] for event in events)


def test_a_terminal_without_a_person_has_no_input_and_the_usual_limits(
    repository: Path, tmp_path: Path
) -> None:
    fake(repository / ".git/fakes", "asks", "say(str(sys.stdout.isatty()))", "sys.stdin.readline()")
    env = first_on_path(repository / ".git/fakes", {"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    words = [sys.executable, "-m", "atomci", "guard", "--allow-degraded", "--pty"]
    ask = [*words, "--inactivity", "300ms", "--", "asks"]
    done = subprocess.run(ask, cwd=repository, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (3, b"True")
