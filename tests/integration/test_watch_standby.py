"""A pytest that was started ahead: it runs what a new one would, or begins anew."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from nightly import NIGHTLY

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")

# Below the environment, as every package: no file of the project.
OTHER = """\
import os

VALUE = 1
AT = os.getpid()
with open(os.path.join(os.path.dirname(__file__), "imports"), "a") as file:
    file.write("once\\n")
"""
TEST = "import other\n\n\ndef test_it():\n    assert other.VALUE == 1, other.AT\n"


class World:
    """A project with one test, and a package of other people beside it, which tells when it was imported."""

    def __init__(self, folder: Path) -> None:
        self.root, self.packages = folder / "project", folder / "site-packages"
        self.root.mkdir()
        self.packages.mkdir()
        (self.packages / "__pycache__").mkdir()  # to make it would change the folder
        self.write(self.packages / "imports", "")
        self.write(self.packages / "other.py", OTHER)
        self.write(self.root / "tests/test_it.py", TEST)
        self.write(self.root / "pyproject.toml", "")

    @staticmethod
    def write(file: Path, text: str) -> None:
        """A file that is older than the process which will read it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def ahead(self, *names: str, words: Sequence[str] = ()) -> subprocess.Popen[str]:
        """One that waits, with these names imported, and pytest begun with these words."""
        line = self.root.parent / "line"
        line.unlink(missing_ok=True)
        os.mkfifo(line)
        self._line = os.open(line, os.O_RDWR)
        words = [sys.executable, "-m", "atomci.testing.standby", str(line), ",".join(names), *words]
        return subprocess.Popen(
            words,
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.packages), "PYTEST_ADDOPTS": "-p no:cacheprovider"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def is_ready(self, process: subprocess.Popen[str]) -> None:
        """Wait until it has imported all: it sleeps then."""
        asleep = 0
        while process.poll() is None and asleep < 5:
            asleep = asleep + 1 if self.imports and _state(process.pid) == "S" else 0
            time.sleep(0.05)

    @property
    def imports(self) -> int:
        """How often the other package was imported, in this process and in those that took its place."""
        file = self.packages / "imports"
        return len(file.read_text(encoding="utf-8").splitlines()) if file.is_file() else 0

    def ask(self, process: subprocess.Popen[str], names: Sequence[str]) -> tuple[int, str, str]:
        """Exit code, output and complaints."""
        log, modules = self.root.parent / "log.jsonl", self.root.parent / "modules.json"
        request: dict[str, Any] = {
            "words": ["-q", "-p", "no:cacheprovider", "tests"],
            "env": {"ATOMCI_UNUSED": str(log)},
            "names": list(names),
            "modules": str(modules),
            "back": str(self.root.parent / "line.back"),
        }
        os.mkfifo(request["back"])
        back = os.open(request["back"], os.O_RDWR | os.O_NONBLOCK)
        os.write(self._line, json.dumps(request).encode() + b"\n")
        out, err = process.communicate(timeout=60)
        self.said = os.read(back, 100)
        os.close(self._line)
        os.close(back)
        self.own = json.loads(modules.read_text(encoding="utf-8"))
        return process.returncode, out, err


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def settle(world: World, process: subprocess.Popen[str]) -> None:
    world.is_ready(process)
    time.sleep(1.0)  # what is written now is younger than what it has read


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc says that it waits")
def test_what_others_wrote_is_imported_ahead_and_the_project_is_not(world) -> None:
    process = world.ahead("other")
    settle(world, process)
    World.write(world.root / "tests/test_it.py", TEST.replace("== 1", "== 2"))
    code, out, err = world.ask(process, ["other"])
    assert (code, world.said) == (1, b"1\n"), err[-2000:]
    assert f"AssertionError: {process.pid}" in out
    assert world.imports == 1
    assert [Path(path).name for path in world.own] == ["test_it.py"]


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc says that it waits")
@pytest.mark.parametrize(
    "what", ["module", *(["new package", "new name", "no longer imported"] if NIGHTLY else [])]
)
def test_it_begins_anew_where_a_new_process_might_import_something_else(world, what: str) -> None:
    process = world.ahead("other")
    settle(world, process)
    names = ["other"]
    if what == "module":
        World.write(world.packages / "other.py", OTHER.replace("VALUE = 1", "VALUE = 2"))
    elif what == "new package":
        World.write(world.packages / "newer/__init__.py", "")
    elif what == "new name":
        World.write(world.root / "settings.ini", "")
    else:
        names = []
    code, out, err = world.ask(process, names)
    assert (code, world.imports) == (int(what == "module"), 2), out + err


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc says that it waits")
@pytest.mark.parametrize(
    "text",
    [
        "open('pyproject.toml').close()\n",
        "import sys\nsys.path.insert(0, 'tests')\nimport used\n",
    ],
    ids=["reads", "imports"],
)
def test_what_looks_at_the_project_is_not_imported_ahead(world, text: str) -> None:
    World.write(world.root / "tests/used.py", "")
    World.write(world.packages / "other.py", OTHER + text)
    process = world.ahead("other")
    settle(world, process)
    code, _, err = world.ask(process, ["other"])
    assert (code, world.imports) == (0, 2), err  # once in vain, and by the test


FORKS = """\
import os


def test_fork():
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == 0


def test_other():
    assert 1
"""


def test_a_copy_of_the_process_that_a_test_makes_says_nothing(world) -> None:
    World.write(world.root / "tests/test_it.py", FORKS)
    code, out, err = world.ask(world.ahead(), [])
    assert (code, world.said, out.count("2 passed")) == (0, b"0\n", 2), out + err


WORDS = ["-q", "-p", "no:cacheprovider"]
MARKED = """\
import other
import plugged
import pytest


@pytest.mark.slow
def test_slow():
    assert 0


def test_it():
    assert (plugged.VALUE, other.CONFTEST) == (2, 2), other.AT
"""


def _with_a_plugin(world: World, place: Path, value: int) -> None:
    """Its settings ask for it, and leave a test out."""
    options = """addopts = ["-m", "not slow", "-p", "plugged"]\nmarkers = ["slow: "]\n"""
    World.write(place, f"VALUE = {value}\n")
    World.write(world.root / "pyproject.toml", f"[tool.pytest.ini_options]\npythonpath = ['.']\n{options}")
    World.write(world.root / "tests/conftest.py", "import other\n\nother.CONFTEST = 1\n")
    World.write(world.root / "tests/test_it.py", MARKED)


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc says that it waits")
@pytest.mark.parametrize("whose", ["theirs", "own", "changed"])
def test_pytest_begins_ahead_with_its_plugins_but_the_projects_own(world, whose: str) -> None:
    place = (world.root if whose == "own" else world.packages) / "plugged.py"
    _with_a_plugin(world, place, 2 if whose == "theirs" else 1)
    process = world.ahead("other", words=[*WORDS, "tests"])
    settle(world, process)
    World.write(world.root / "tests/conftest.py", "import other\n\nother.CONFTEST = 2\n")
    if whose != "theirs":
        World.write(place, "VALUE = 2\n")
    code, out, err = world.ask(process, ["other"])
    assert code == 0, out + err
    assert "1 passed, 1 deselected" in out  # what the settings ask for still holds
    assert world.imports == {"theirs": 1, "own": 2, "changed": 2}[whose]
    assert {Path(path).name for path in world.own} >= {"conftest.py", "test_it.py"}
