"""`atomci guard`: what it ends, what it leaves, and what it says of that; the agents are fakes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from command_line import Done, call
from fake_agents import fake, first_on_path, gone

from atomci.guard.confinement.choice import confined

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="the fakes are scripts of POSIX"),
    pytest.mark.timeout(60),
]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody is given orphans")


class Guarded(NamedTuple):
    """A repository, and the folder in which its fake agents are."""

    root: Path
    home: Path

    @property
    def bin(self) -> Path:
        """Where git sees nothing, and a guarded program reads."""
        return self.root / ".git" / "fakes"

    @property
    def env(self) -> dict[str, str]:
        """The fakes come first, and nobody's home is touched."""
        return first_on_path(self.bin, {"PATH": os.environ["PATH"], "HOME": str(self.home)})

    def __call__(self, *words: str, **env: str) -> Done:
        """`atomci guard WORDS` there, in place: what is tested so needs neither worktree nor confinement."""
        return call(("guard", "--in-place", "--allow-degraded", *words), self.root, {**self.env, **env})

    def process(self, *words: str) -> subprocess.Popen[bytes]:
        """A process of its own, in a worktree, and confined as well as this machine can."""
        whole = [sys.executable, "-m", "atomci", "guard", "--allow-degraded", *words]
        return subprocess.Popen(
            whole, cwd=self.root, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    @property
    def tree(self) -> Path:
        """The only worktree of a session."""
        (tree,) = self.home.glob(".local/state/atomci/guard/*/*/repository")
        return tree

    @property
    def record(self) -> Path:
        """The folder of the only session."""
        (index,) = (self.root / "artifacts/cli_runs").glob("*/*/index.json")
        return index.parent

    @property
    def index(self) -> dict[str, Any]:
        """Its index."""
        found: dict[str, Any] = json.loads((self.record / "index.json").read_text(encoding="utf-8"))
        return found


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guarded:
    """In this process no back-end is tried: their trials have tests of their own."""
    monkeypatch.setattr("atomci.guard.enclosure.confined", partial(confined, backends=()))
    root, home = tmp_path / "repository", tmp_path / "home"
    root.mkdir()
    (home / ".local/state").mkdir(parents=True)
    git = ("git", "-c", "user.name=n", "-c", "user.email=e")
    for words in (("init",), ("commit", "--allow-empty", "-m", "first")):
        subprocess.run([*git, *words, "--quiet"], cwd=root, check=True)
    return Guarded(root, home)


def left(folder: Path) -> list[str]:
    """All that lies in a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_any_program_runs_in_any_repository(guarded: Guarded) -> None:
    done = guarded("--", "sh", "-c", "echo out; echo err >&2; cat")
    assert (done.code, done.out) == (0, "out\n")
    assert done.err.startswith("err\nguard: done · it ended by itself")
    assert (guarded.record / "stderr.log").read_text() == "err\n"
    assert (guarded.index["stop"], guarded.index["exit_code"]) == ("ended", 0)
    status = subprocess.run(["git", "status", "--short"], cwd=guarded.root, capture_output=True, check=True)
    assert status.stdout == b"", "the record is no change of the repository"


@pytest.mark.parametrize(
    ("options", "command", "code", "stop"),
    [
        ((), "exit 7", 1, "ended"),
        (("--timeout", "150ms"), "while :; do echo still; sleep 0.01; done", 4, "wall"),
        (("--inactivity", "150ms"), "echo begun; exec sleep 100", 3, "inactivity"),
        (("--first-byte", "150ms"), "exec sleep 100", 3, "first_byte"),
        (("--timeout", "150ms"), "trap '' TERM; sleep 100 & wait; wait", 4, "wall"),
    ],
)
def test_why_it_ended_is_told_by_the_exit_code_and_one_typed_reason(
    guarded: Guarded, options: tuple[str, ...], command: str, code: int, stop: str
) -> None:
    assert guarded(*options, "--", "sh", "-c", command).code == code
    assert guarded.index["stop"] == stop


def test_what_is_not_there_leaves_nothing_behind(guarded: Guarded) -> None:
    done = guarded("--", "no-such-agent")
    assert done.code == 3
    assert "'no-such-agent' isn't on the PATH" in done.err
    assert "'' isn't on the PATH" in guarded("--", "").err
    assert not (guarded.root / "artifacts").exists()


def test_a_program_that_git_ignores_runs_from_the_checkout(guarded: Guarded) -> None:
    """No worktree has it, such as those of an environment."""
    (guarded.root / ".git/info/exclude").write_text(".venv\n")
    fake(guarded.root / ".venv/bin", "tool", "say('ran')")
    done = call(("guard", "--allow-degraded", "--", ".venv/bin/tool"), guarded.root, guarded.env)
    assert (done.code, done.out) == (0, "ran")
    assert guarded.index["command"] == [".venv/bin/tool"]


@on_linux
def test_a_program_that_kills_what_watches_it_is_not_done(guarded: Guarded) -> None:
    fake(guarded.bin, "harms", "os.kill(os.getppid(), 9)", "time.sleep(0.2)")
    assert guarded("--", "harms").code == 3
    assert (guarded.index["stop"], guarded.index["exit_code"]) == ("lost", None)


def test_outside_of_a_repository_it_says_what_to_type(tmp_path: Path) -> None:
    done = call(("guard", "--", "true"), tmp_path, {"PATH": os.environ["PATH"]})
    assert (done.code, "git init" in done.err) == (2, True)


@on_linux
def test_daemons_are_gone_at_the_end_however_it_ended(guarded: Guarded) -> None:
    fake(guarded.bin, "leaves", "daemon('one')", "subprocess.Popen(['sleep', '100'])", "daemon('two')")
    assert guarded("--", "leaves").code == 0
    assert gone(guarded.root / "one")
    assert gone(guarded.root / "two")


@on_linux
def test_daemons_are_gone_when_the_guard_ends_it(guarded: Guarded) -> None:
    deaf = "signal.signal(15, signal.SIG_IGN)"
    fake(guarded.bin, "claude", "daemon('one')", deaf, "say(stream)", "time.sleep(100)")
    assert guarded("--grace", "100ms", "--", "claude", "-p", "x").code == 0
    assert guarded.index["stop"] == "after_result"
    assert gone(guarded.root / "one")


@on_linux
def test_a_kill_of_atomci_ends_it_too(guarded: Guarded) -> None:
    fake(guarded.bin, "stays", "daemon('one')", "say('begun\\n')", "time.sleep(100)")
    with guarded.process("--", "stays") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.kill()
    for _ in range(100):
        if gone(guarded.tree / "one"):
            break
        time.sleep(0.01)
    assert gone(guarded.tree / "one")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_and_the_record_is_whole(guarded: Guarded, number: int) -> None:
    fake(guarded.bin, "stays", "say('begun\\n')", "time.sleep(100)")
    with guarded.process("--", "stays") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(number)
    assert process.returncode == 130
    assert (guarded.index["stop"], guarded.index["verdict"]) == ("interrupted", "interrupted")
    assert (guarded.record / "stdout.log").read_text() == "begun\n"


def test_it_gets_no_input_unless_that_is_asked_for_and_prints_any_bytes(guarded: Guarded) -> None:
    for options, out in (((), b""), (("--stdin",), b"t\xffyped")):
        process = guarded.process(*options, "--", "cat")
        assert process.communicate(b"t\xffyped") == (out, None)
        assert process.returncode == 0


def test_an_agent_is_asked_for_events_and_its_result_is_what_is_printed(guarded: Guarded) -> None:
    fake(
        guarded.bin,
        "claude",
        "say('Warning: old\\n')",
        "say(stream)",
        "open('argv','w').write(' '.join(sys.argv[1:]))",
    )
    done = guarded("--", "claude", "-p", "mend it")
    assert (done.code, done.out) == (0, "Warning: old\nThe sum is right now.\n")
    assert "I read the test first.\n  · Bash pytest -q\n  · Edit /project/src/adding.py\n" in done.err
    assert "14,220 tokens · $0.04" in done.err
    assert (guarded.root / "argv").read_text() == "--output-format stream-json --verbose -p mend it"
    assert guarded.index["command"] == ["claude", "-p", "mend it"]
    assert guarded.index["tool_version"] == "9.8.7"


def test_events_that_were_asked_for_are_printed_as_they_are(guarded: Guarded) -> None:
    fake(guarded.bin, "codex", "say(stream)")
    done = guarded("--", "codex", "exec", "--json", "mend it")
    assert done.code == 0
    assert len(done.events) == 9
    assert guarded.index["usage"]["total"] == 24885


def test_json_tells_the_same_events_for_each_agent(guarded: Guarded) -> None:
    fake(guarded.bin, "gemini", "say(stream)")
    done = guarded("--json", "--", "gemini", "-p", "mend it")
    kinds = [event["event"] for event in done.events if event["event"] != "output"]
    assert kinds == ["guard_started", "model", "said", "said", "acted", "used", "result", "guard_finished"]
    assert done.events[-1]["verdict"] == "done"
    assert done.err == ""


@pytest.mark.parametrize(
    ("steps", "options", "code", "stop", "reason"),
    [
        ("say(stream); time.sleep(100)", ("--grace", "100ms"), 0, "after_result", "it told its result"),
        ("say(stream.rpartition('{\"type\":\"result')[0])", (), 1, "ended", "it ended with 0, and told no result"),
        ("say(stream); sys.exit(1)", (), 1, "ended", "it ended with 1"),
        ("say(stream[:1500]); time.sleep(100)", ("--max-tokens", "7000"), 4, "tokens", "more than 7,000 tokens"),
        ("say(stream); time.sleep(100)", ("--max-usd", "0.01", "--grace", "off"), 4, "cost", "more than 0.01"),
        ("time.sleep(100)", ("--first-byte", "100ms"), 3, "first_byte", "it printed nothing for 0.1 s"),
    ],
)  # fmt: skip
def test_the_end_of_an_agent(
    guarded: Guarded, steps: str, options: tuple[str, ...], code: int, stop: str, reason: str
) -> None:
    fake(guarded.bin, "claude", steps)
    done = guarded(*options, "--", "claude", "-p", "mend it")
    assert (done.code, guarded.index["stop"]) == (code, stop)
    assert reason in guarded.index["reason"]


@pytest.mark.parametrize(
    ("steps", "code", "tokens", "reason"),
    [
        ("write(stream)", 0, 6600, "it ended by itself"),
        ("write(stream.splitlines()[0])", 1, None, "it ended with 0, and told no result"),
        ("write(stream.splitlines()[-1])", 1, None, "its result is no answer of a model"),
        ("write(stream); time.sleep(100)", 4, 6600, "it used more than 6,000 tokens"),
    ],
)
def test_aider_says_in_a_file_what_it_did(
    guarded: Guarded, steps: str, code: int, tokens: int | None, reason: str
) -> None:
    write = "def write(text): open(sys.argv[sys.argv.index('--analytics-log') + 1], 'a').write(text + '\\n')"
    fake(guarded.bin, "aider", write, "say('Aider v0\\n')", steps)
    options = ("--max-tokens", "6000") if code == 4 else ()
    done = guarded(*options, "--grace", "off", "--", "aider", "-m", "fix it")
    assert (done.code, done.out) == (code, "Aider v0\n")
    assert (guarded.index["usage"]["total"], guarded.index["reason"]) == (tokens, reason)


def test_an_agent_that_would_wait_for_a_person_is_not_started(guarded: Guarded) -> None:
    fake(guarded.bin, "claude", "sys.stdin.read()")
    done = guarded("--", "claude")
    assert (done.code, "atomci guard -- claude -p PROMPT" in done.err) == (2, True)


def test_what_nobody_counts_cannot_be_bounded(guarded: Guarded) -> None:
    done = guarded("--max-tokens", "5", "--", "true")
    assert (done.code, "nobody counts the tokens" in done.err) == (2, True)


def test_no_secret_reaches_the_disk_or_an_event(guarded: Guarded) -> None:
    """Split over writes, in an event's text and in the command."""
    secret = "v9Xq2LmT7rWz4KpB"
    (guarded.root / ".env.local").write_text("SERVICE_PASSWORD=another-5ecret-value\n")
    halves = f"say('a {secret[:7]}'); time.sleep(0.02); say('{secret[7:]} b\\n')"
    result = json.dumps(
        {"type": "result", "subtype": "success", "is_error": False, "result": f"it is {secret}"}
    )
    fake(
        guarded.bin,
        "claude",
        halves,
        "print('another-5ecret-value', file=sys.stderr)",
        f"say({result!r} + '\\n')",
    )
    done = guarded("--json", "--", "claude", "-p", f"use {secret}", API_TOKEN=secret)
    assert done.code == 0
    assert "[redacted: the value of API_TOKEN] b" in (guarded.record / "stdout.log").read_text()
    for path in (guarded.root / "artifacts").rglob("*"):
        if path.is_file():
            assert secret not in path.read_text(), path
            assert "another-5ecret-value" not in path.read_text(), path
    assert secret not in done.out


def test_the_index_names_each_file_of_the_record_with_its_hash(guarded: Guarded) -> None:
    guarded("--", "echo", "hello")
    for row in guarded.index["files"]:
        content = (guarded.record / row["path"]).read_bytes()
        assert (row["size"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert {row["path"] for row in guarded.index["files"]} == {
        "events.jsonl",
        "stdout.log",
        "stderr.log",
        "policy.json",
    }


def test_a_reader_that_goes_away_does_not_end_the_session(guarded: Guarded) -> None:
    with guarded.process("--", "sh", "-c", "seq 100000; echo done > done") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
    assert (process.returncode, guarded.index["verdict"]) == (0, "done")
    assert (guarded.tree / "done").exists()


def test_signals_are_to_a_guarded_program_what_they_are_to_any(guarded: Guarded) -> None:
    """Python ignores SIGPIPE, and what it starts would."""
    with guarded.process("--", "sh", "-c", "{ yes; echo $? >&2; } | head -1; trap") as process:
        assert process.communicate() == (b"y\n", None)
    assert "Broken pipe" not in (guarded.record / "stderr.log").read_text()


def test_a_session_works_in_a_worktree_that_stays_while_it_holds_something_new(guarded: Guarded) -> None:
    (guarded.root / "mine").write_text("not committed\n")
    fake(guarded.bin, "edits", "open('new', 'w').write(open('mine').read())")
    done = call(("guard", "--allow-degraded", "--json", "--", "edits"), guarded.root, guarded.env)
    assert done.code == 0
    assert (guarded.index["changed"], guarded.index["in_place"]) == (True, False)
    assert (guarded.index["backend"], guarded.index["level"]) == ("none", "detect")
    assert (Path(guarded.index["place"]) / "new").read_text() == "not committed\n"
    assert "+++ b/new\n@@ -0,0 +1 @@\n+not committed\n" in (guarded.record / "changes.patch").read_text()
    assert not (guarded.root / "new").exists()


def test_a_session_that_did_nothing_leaves_its_record_and_nothing_else(guarded: Guarded) -> None:
    before = left(guarded.root), left(guarded.home)
    assert call(("guard", "--allow-degraded", "--", "true"), guarded.root, guarded.env).code == 0
    assert guarded.index["changed"] is False
    shutil.rmtree(guarded.root / "artifacts")
    assert (left(guarded.root), left(guarded.home)) == before


def test_where_nothing_confines_it_a_session_is_refused_and_leaves_nothing(guarded: Guarded) -> None:
    before = left(guarded.home)
    done = call(("guard", "--in-place", "--", "true"), guarded.root, guarded.env)
    assert (done.code, "--allow-degraded" in done.err) == (4, True)
    assert left(guarded.home) == before
    assert not list((guarded.root / "artifacts").rglob("index.json"))
