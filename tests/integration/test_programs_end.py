"""Programs: what they print, however much that is, and the end of all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from atomci.tools import running
from atomci.tools.process import Children, Command, OutputTooLong, Stopped, ToolMissing, ToolTimeout

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


on_posix = pytest.mark.skipif(os.name == "nt", reason="the guardian is POSIX's")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody is given orphans")

# A program with a child, and a daemon that has left its session and whose parent has ended.
TREE = """\
import os, signal, subprocess, sys, time
sleeper = [sys.executable, "-ISc", "import time; time.sleep(100)"]
child = subprocess.Popen(sleeper)
reading, writing = os.pipe()
if os.fork() == 0:
    os.setsid()
    daemon = subprocess.Popen(
        sleeper, stdin=subprocess.DEVNULL, stdout=OUT, stderr=OUT, start_new_session=True
    )
    os.write(writing, str(daemon.pid).encode())
    os._exit(0)
os.wait()
print(os.getpid(), child.pid, os.read(reading, 99).decode(), flush=True)
"""


def tree(then: str, out: str = "subprocess.DEVNULL") -> Command:
    """That program, which tells the three ids and goes on so."""
    return Command((sys.executable, "-ISc", TREE.replace("OUT", out) + then), timeout=20)


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def gone(pids: list[int]) -> bool:
    """Whether all of them end within moments."""
    for _ in range(100):
        if not any(map(alive, pids)):
            return True
        time.sleep(0.02)
    return False


@on_posix
def test_a_program_gets_words_folder_and_variables_and_no_input(tmp_path: Path) -> None:
    text = "import os, sys; print(sys.argv[1:], os.getcwd(), os.environ['NAME'], sys.stdin.read() == '')"
    words = ("", "two words", "\u00e9", "a\nb")
    done = Children().run(Command((sys.executable, "-c", text, *words), {"NAME": "a=b"}), tmp_path)
    assert done.stdout == f"{list(words)} {tmp_path} a=b True\n"
    assert done.stderr == ""


def test_a_program_works_in_its_folder_not_in_the_repository_of_a_hook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a hook of a linked worktree `git init` of a test made the user's own repository a bare one."""
    make = Command(("git", "init", "--quiet", "new"))
    (tmp_path / "theirs").mkdir()
    Children().run(make, tmp_path / "theirs")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "theirs/new/.git"))
    Children().run(make, tmp_path)
    assert (tmp_path / "new/.git").is_dir()


@on_linux
def test_a_program_gets_no_descriptor_but_its_streams(tmp_path: Path) -> None:
    """Also none that this process was given: who waits for the end of such a pipe would wait for a daemon."""
    reading, writing = os.pipe()
    words = [sys.executable, "-c", KILLED, "ls", "/proc/self/fd"]
    done = subprocess.run(words, pass_fds=(writing,), capture_output=True, check=True, cwd=tmp_path)
    os.close(reading)
    os.close(writing)
    assert done.stdout.split() == [b"0", b"1", b"2", b"3"], "the last is the folder that ls reads"


@on_posix
@pytest.mark.parametrize(("then", "code"), [("sys.exit(7)", 7), ("os.kill(os.getpid(), 9)", -9)])
def test_how_it_ended_is_told_as_ever(tmp_path: Path, then: str, code: int) -> None:
    assert Children().run(Command((sys.executable, "-ISc", f"import os, sys; {then}")), tmp_path).code == code


@on_posix
def test_what_cannot_be_started_says_why(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    for word, why in (("no-such-program", "No such file"), (str(tmp_path / "plain"), "Permission denied")):
        with pytest.raises(ToolMissing, match=f"can't be started: {why}"):
            Children().run(Command((word,)), tmp_path)


@on_linux
def test_what_a_program_leaves_ends_with_it(tmp_path: Path) -> None:
    """Also a daemon, which holds none of its streams."""
    done = Children().run(tree("child.kill()"), tmp_path)
    assert done.code == 0
    assert not any(map(alive, map(int, done.stdout.split())))


@on_linux
def test_a_daemon_that_holds_the_output_is_waited_for_a_while_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atomci.tools.process._ORPHANS_END_WITHIN", 0.1)
    done = Children().run(tree("child.kill()", out="None"), tmp_path)
    assert not any(map(alive, map(int, done.stdout.split())))


@on_linux
def test_a_program_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    said: list[str] = []
    command = tree("signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(100)")
    with pytest.raises(ToolTimeout):
        Children().run(Command(command.argv, timeout=0.3), tmp_path, said.append)
    assert not any(map(alive, map(int, "".join(said).split())))


KILLED = """\
import sys
from pathlib import Path
from atomci.tools.process import Children, Command
Children().run(Command(tuple(sys.argv[1:])), Path.cwd(), lambda text: print(text, end="", flush=True))
"""


@on_linux
def test_all_that_runs_ends_when_this_process_is_killed(tmp_path: Path) -> None:
    words = tree("signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(100)").argv
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *words], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert all(map(alive, pids))
        process.kill()
    assert gone(pids)


@on_linux
def test_what_a_program_started_by_a_guardian_of_its_own_ends_too(tmp_path: Path) -> None:
    """As where a test runs atomci: the inner one is asked to end, and sees its own programs to their end."""
    children, said = Children(), ""

    def heard(text: str) -> None:
        nonlocal said
        said += text
        if said.endswith("\n"):
            children.stop("enough")

    inner = tree("time.sleep(100)").argv
    with pytest.raises(Stopped):
        children.run(Command((sys.executable, "-c", KILLED, *inner)), tmp_path, heard)
    assert gone([int(pid) for pid in said.split()])


@on_posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGPIPE"])
def test_a_program_is_deaf_to_no_signal_that_others_hear(tmp_path: Path, name: str) -> None:
    shell = f"kill -{name.removeprefix('SIG')} $$; echo deaf"
    assert Children().run(Command(("sh", "-c", shell)), tmp_path).stdout == ""


@on_posix
@pytest.mark.parametrize("broken", [lambda: os.kill(running._guardian._pid, signal.SIGKILL), lambda: None])
def test_programs_run_also_after_the_guardian_was_killed(tmp_path: Path, broken: Callable[[], None]) -> None:
    for _ in range(3):
        assert Children().run(Command((sys.executable, "-ISc", "print(1)")), tmp_path).stdout == "1\n"
        broken()


TIMED = """\
import resource, subprocess, sys
own = subprocess.run(sys.argv[1:], check=True, capture_output=True, text=True).stdout
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime - float(own))
"""


@on_posix
def test_the_time_that_programs_take_counts_for_who_started_them(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    own = KILLED + "import time; print(time.process_time())"
    words = [sys.executable, "-c", TIMED, sys.executable, "-c", own, sys.executable, "-ISc", busy]
    done = subprocess.run(words, capture_output=True, check=True, cwd=tmp_path)
    assert float(done.stdout) > 0.3


TOLD = """\
import signal, sys, time
from pathlib import Path
def told(number, frame):
    time.sleep(0.4)
    Path("told").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, told)
print("under way", flush=True)
time.sleep(60)
"""
HANDS_OVER = """\
import sys
from pathlib import Path
from atomci.tools.process import Command, hand_over
hand_over(Command((sys.executable, "-ISc", sys.argv[1])), Path.cwd())
"""


@on_linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_has_the_terminal_is_asked_to_end_and_has_the_time_to(tmp_path: Path, number: int) -> None:
    words = [sys.executable, "-c", HANDS_OVER, TOLD]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"under way\n"
        process.send_signal(number)
        process.stdout.read()  # until the program has ended too
    assert (tmp_path / "told").exists()


@on_posix
def test_what_cannot_be_ended_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a process that waits for a disk; here a guardian that has no patience at all."""
    text = running._GUARDIAN.read_text(encoding="utf-8")
    (tmp_path / "guardian.py").write_text(text.replace("_GIVE_UP = 5.0", "_GIVE_UP = -5.0"), encoding="utf-8")
    monkeypatch.setattr(running, "_GUARDIAN", tmp_path / "guardian.py")
    monkeypatch.setattr(running, "_guardian", running._Guardian())
    words = (sys.executable, "-ISc", "import time; time.sleep(100)")
    for impatient in (True, False):
        program = running.start(words, tmp_path, dict(os.environ))
        program.kill()
        assert program.left is impatient
        if impatient:
            os.kill(program.pid, signal.SIGKILL)
            monkeypatch.undo()
