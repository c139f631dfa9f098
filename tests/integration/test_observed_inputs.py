"""A pass of the unit tests holds while all that they were seen to read is as it was, and no longer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RUN = "run_pytest_unit_with_coverage"
READS = """\
import os
import subprocess
import sys
from pathlib import Path

import pytest
from demo.words import shout

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_data_file() -> None:
    assert (HERE / "data.txt").read_text() == "one"


def test_ignored_file() -> None:
    assert Path("local.cfg").read_text() == "ours"


def test_file_behind_a_link() -> None:
    assert (ROOT / "shared" / "word.txt").read_text() == "shared"


def test_listing() -> None:
    assert len(list((ROOT / "docs").glob("*.md"))) == 1


def test_variable() -> None:
    assert os.environ.get("DEMO_MODE", "plain") == "plain"


def test_optional_file() -> None:
    with pytest.raises(FileNotFoundError):
        open("settings.local")


def test_whether_a_file_is_there() -> None:
    assert not os.path.exists("flag")
    assert not (ROOT / "data").is_dir()
    assert (ROOT / "docs").is_dir()


def test_written_before_it_is_read(tmp_path) -> None:
    for path in (tmp_path / "x.txt", Path("scratch.out")):
        path.write_text(shout("hi"))
        assert path.read_text() == "HI!"
"""
STATES = """\
import os
from pathlib import Path


def test_states() -> None:
    assert Path("stamp").stat().st_mtime > 5
    assert os.readlink("alias") == "stamp"
    assert [entry.stat().st_size for entry in os.scandir("sized")] == [3]
    assert os.environb.get(b"DEMO_BYTES") is None


def test_names_below_a_folder_with_a_number() -> None:
    folder = os.open("below", os.O_RDONLY)
    assert os.listdir(folder) == ["deep.txt"]
    with open(os.open("deep.txt", os.O_RDONLY, dir_fd=folder)) as file:
        assert file.read() == "deep"
    os.close(folder)
"""
STARTS = """\
import subprocess
import sys


def test_script() -> None:
    assert subprocess.run([sys.executable, "tools/say.py"], capture_output=True, text=True).stdout == "hi\\n"
"""
WRITES = """\
from pathlib import Path


def test_readme() -> None:
    with Path("README.md").open("a") as file:
        file.write("one more line")
"""
CONNECTS = """\
import socket
import threading


def test_own_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname(), 5):
            pass


def test_elsewhere() -> None:
    with socket.socket() as asked:
        asked.settimeout(0.05)
        asked.connect_ex(("127.0.0.1", 9))
"""


def unit(project: Any, **env: str) -> Any:
    """Run the unit tests; whether they were taken over."""
    done = project.atomci("run", RUN, "--json", **env)
    return done, RUN in done.cached


def changed(project: Any, **env: str) -> str:
    """What `explain` says has changed since the last run."""
    explained = json.loads(project.atomci("explain", RUN, "--json", **env).out)
    said: str = explained["atoms"][0]["last_run"]["changed"]
    return said


@pytest.fixture
def reader(real_sample: Any) -> Any:
    """A project whose tests read what isn't code, after a green run."""
    outside = real_sample.root.with_name("outside")
    outside.mkdir()
    (outside / "word.txt").write_text("shared")
    (real_sample.root / "shared").symlink_to(outside)
    real_sample.append(".gitignore", "local.cfg\nsettings.local\nscratch.out\n")
    (real_sample.root / "alias").symlink_to("stamp")
    for path, text in {
        "stamp": "",
        "sized/a": "one",
        "below/deep.txt": "deep",
        "tests/unit/test_states.py": STATES,
        "tests/unit/test_reads.py": READS,
        "tests/unit/data.txt": "one",
        "local.cfg": "ours",
        "docs/index.md": "# Docs\n",
        "notes/todo.md": "nothing\n",
    }.items():
        real_sample.write(path, text)
    real_sample.commit()
    done, cached = unit(real_sample)
    assert (done.code, cached) == (0, False), done.out
    return real_sample


Change = Callable[[Any], object]
CHANGES: dict[str, tuple[Change, str]] = {
    "a data file": (lambda p: p.write("tests/unit/data.txt", "two"), "tests/unit/data.txt changed"),
    "an ignored file": (lambda p: p.write("local.cfg", "theirs"), "local.cfg changed"),
    "a file behind a link": (
        lambda p: (p.root.with_name("outside") / "word.txt").write_text("other"),
        "shared/word.txt changed",
    ),
    "one more in a folder": (lambda p: p.write("docs/more.md", ""), "the folder docs has other files now"),
    "a file that wasn't there": (lambda p: p.write("settings.local", ""), "settings.local is new"),
    "a flag that is only asked for": (lambda p: p.write("flag", ""), "flag is new"),
    "a folder that is only asked for": (lambda p: p.write("data/x", ""), "data is new"),
    "a file below a number": (lambda p: p.write("below/deep.txt", "more"), "below/deep.txt changed"),
    "a name below a number": (lambda p: p.write("below/b", ""), "the folder below has other files now"),
    "a module": (lambda p: p.append("src/demo/words.py", "\n"), "src/demo/words.py changed"),
    "a new module": (lambda p: p.write("src/demo/re.py", ""), "the folder src/demo has other modules now"),
    "a nearer configuration": (
        lambda p: p.write("tests/unit/pytest.ini", "[pytest]\n"),
        "tests/unit/pytest.ini is new",
    ),
    "coverage's own file": (lambda p: p.write(".coveragerc", ""), ".coveragerc is new"),
}


def test_what_tests_read_and_only_that_runs_them_again(reader: Any) -> None:
    """The rule for each kind, asked of `explain`; one of them is run."""
    for path, text in {"README.md": "more\n", "notes/todo.md": "much\n", "CHANGELOG.md": "# All\n"}.items():
        reader.write(path, text)
    reader.write("scratch.out", "left by hand")
    assert changed(reader) == ""
    for name, (change, said) in CHANGES.items():
        before = snapshot(reader)
        change(reader)
        assert changed(reader) == said, name
        restore(reader, before)
    assert changed(reader, DEMO_MODE="fast") == "the variable DEMO_MODE changed"
    assert changed(reader, DEMO_BYTES="fast") == "the variable DEMO_BYTES changed"
    (reader.root / "alias").unlink()
    (reader.root / "alias").symlink_to("sized/../stamp")
    assert changed(reader) == "alias changed"
    (reader.root / "alias").unlink()
    (reader.root / "alias").symlink_to("stamp")
    os.utime(reader.root / "stamp", (5, 5))
    assert changed(reader) == "stamp has other times, another owner or other links"
    os.utime(reader.root / "stamp")
    reader.write("sized/a", "four")
    assert changed(reader) == "sized/a changed"
    reader.write("sized/a", "one")
    unit(reader)
    assert changed(reader, NOBODY_ASKS="1") == ""
    assert unit(reader)[1], reader.atomci("explain", RUN).out
    # The second run of all tests has left a record, by which each test is judged.
    one = "1 of 14 tests is affected by the change; the others passed, and nothing that they use changed"
    assert selected(reader) == ("impacted", one)
    assert selected(reader, "--no-cache")[0] == "full"
    reader.write("tests/unit/data.txt", "two")
    done, cached = unit(reader)
    assert (done.code, cached) == (1, False)
    assert done.atoms[RUN]["because"] == "tests/unit/data.txt changed"
    assert selected(reader) == ("impacted", one)
    rows = reader.json("artifacts/tests/selection.json")["tests"]
    reasons = {name: why for row in rows for name, why in row["ids"].items()}
    assert "reads tests/unit/data.txt" in reasons["tests/unit/test_reads.py::test_data_file"]


def selected(project: Any, *options: str) -> tuple[str, str]:
    """Which tests the changes since the last commit reach, and why."""
    assert project.atomci("run", "select_impacted_unit_tests", "--since", "HEAD", *options).code == 0
    selection = project.json("artifacts/tests/selection.json")
    return selection["mode"], selection["reason"]


def snapshot(project: Any) -> dict[str, bytes]:
    """All files but caches, those behind the link too."""
    top = project.root.parent
    return {str(p): p.read_bytes() for p in top.rglob("*") if p.is_file() and "_cache" not in str(p)}


def restore(project: Any, before: dict[str, bytes]) -> None:
    """As they were."""
    for path in set(snapshot(project)) - before.keys():
        Path(path).unlink()
        if not any(Path(path).parent.iterdir()):
            Path(path).parent.rmdir()
    for path, content in before.items():
        file = Path(path)
        if not file.exists() or file.read_bytes() != content:
            file.write_bytes(content)


@pytest.fixture
def starter(real_sample: Any) -> Any:
    """A project of which a test starts a script; its submodule and its sibling count, after a green run."""
    sibling = real_sample.root.with_name("sibling")
    sibling.mkdir()
    (sibling / "aside.py").write_text("WORD = 'hi'\n")
    real_sample.write("vendored/words.txt", "hi")
    real_sample.git("init", "-q", "vendored")
    real_sample.git("-C", "vendored", "commit", "-q", "--allow-empty", "-m", "one")
    real_sample.write("tests/unit/test_starts.py", STARTS)
    real_sample.write(
        "tests/unit/conftest.py", f"import sys\nsys.path.append({str(sibling)!r})\nimport aside\n"
    )
    real_sample.write("tools/say.py", 'print("hi")\n')
    real_sample.write("tools/run.sh", "#!/bin/sh\n")
    (real_sample.root / "tools/run.sh").chmod(0o755)
    real_sample.commit()
    done, cached = unit(real_sample)
    assert (done.code, cached) == (0, False), done.out
    return real_sample


UNSEEN: dict[str, tuple[Change, str]] = {
    "the script": (lambda p: p.write("tools/say.py", 'print("ho")\n'), "tools/say.py changed"),
    "prose": (lambda p: p.append("README.md", "more\n"), "README.md changed"),
    "a mode": (lambda p: (p.root / "tools/run.sh").chmod(0o644), "tools/run.sh changed"),
    "a new file": (lambda p: p.write("tools/more.txt", ""), "tools/more.txt is new"),
    "a submodule's file": (lambda p: p.write("vendored/words.txt", "ho"), "vendored/words.txt changed"),
    "a commit": (lambda p: p.git("commit", "-q", "--allow-empty", "-m", "two"), ".git/* changed"),
    "a setting of git": (lambda p: p.git("config", "demo.mode", "fast"), ".git/* changed"),
    "a sibling's module": (
        lambda p: (p.root.with_name("sibling") / "aside.py").write_text("WORD = 'ho'\n"),
        "sibling/aside.py changed",
    ),
}


def test_a_program_that_tests_start_may_read_any_file(starter: Any) -> None:
    assert changed(starter) == ""
    for name, (change, said) in UNSEEN.items():
        before, mode = snapshot(starter), (starter.root / "tools/run.sh").stat().st_mode
        change(starter)
        assert changed(starter).endswith(said), name
        restore(starter, before)
        (starter.root / "tools/run.sh").chmod(mode)
    assert changed(starter, DEMO_MODE="fast") == "an environment variable changed"
    assert changed(starter, SHLVL="7", TERM="dumb") == ""
    told = starter.atomci("explain", RUN).out
    assert "all files count, since tests/unit/test_starts.py::test_script starts python" in told
    assert unit(starter)[1], starter.atomci("explain", RUN).out


def test_what_the_network_says_is_never_taken_over(real_sample: Any) -> None:
    real_sample.write("tests/unit/test_connects.py", CONNECTS)
    for _ in range(2):
        done, cached = unit(real_sample)
        assert (done.code, cached) == (0, False), done.out
    told = real_sample.atomci("explain", RUN).out
    assert "tests/unit/test_connects.py::test_elsewhere asks 127.0.0.1:9" in told


EMPTIES = "import os\n\n\ndef pytest_sessionfinish():\n    os.environ.clear()\n"


def test_workers_are_observed_as_well_also_where_a_test_empties_the_environment(real_sample: Any) -> None:
    real_sample.write("tests/unit/conftest.py", EMPTIES)
    real_sample.write(
        "tests/unit/test_reads.py", READS.replace('Path("local.cfg").read_text() == "ours"', "True")
    )
    real_sample.write("tests/unit/data.txt", "one")
    real_sample.write("docs/index.md", "")
    outside = real_sample.root / "shared"
    outside.mkdir()
    (outside / "word.txt").write_text("shared")
    done, _ = unit(real_sample, PYTEST_ADDOPTS="-n 2 -p no:hypothesispytest")
    assert done.code == 0, done.out
    real_sample.write("tests/unit/data.txt", "two")
    assert changed(real_sample, PYTEST_ADDOPTS="-n 2 -p no:hypothesispytest") == "tests/unit/data.txt changed"


def test_a_test_that_writes_a_tracked_file_is_an_error_that_names_it(real_sample: Any) -> None:
    real_sample.write("tests/unit/test_writes.py", WRITES)
    real_sample.commit()
    done, _ = unit(real_sample)
    assert done.code == 3
    assert done.atoms[RUN]["reason"].startswith("tests/unit/test_writes.py::test_readme changed README.md: ")
