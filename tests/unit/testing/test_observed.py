"""What the observer's notes come to, and what it takes down of the events that Python tells it."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from atomci.testing.observation.interception import _opening, _telling
from atomci.testing.observation.observed import seen
from atomci.testing.observation.observer import Observer

ROOT_FILES = ("data.txt", "src/demo/words.py")


def notes(folder: Path, **more: Any) -> None:
    folder.mkdir(exist_ok=True)
    raw = {"started_at": 0, "temporary": "/nowhere", "read": [], "listed": [], **more}
    (folder / f"{len(list(folder.iterdir()))}.json").write_text(json.dumps(raw))


def test_no_notes_say_nothing(tmp_path: Path) -> None:
    assert seen(tmp_path / "none", tmp_path) is None
    (tmp_path / "cut.json").write_text('{"started_at": 1')
    assert seen(tmp_path, tmp_path) is None


def test_all_processes_count_together(tmp_path: Path) -> None:
    folder, root = tmp_path / "notes", tmp_path / "project"
    notes(folder, read=[f"{root}/b", f"{root}/a"], listed=[str(root)], variables=["X"])
    notes(
        folder,
        read=[f"{root}/a", f"{root}/sub/../c", "/etc/hosts"],
        searched=[f"{root}/src"],
        variables=["A"],
    )
    found = seen(folder, root)
    assert found is not None
    assert found.files == ("/etc/hosts", "a", "b", "c")
    assert (found.folders, found.searched, found.variables) == ((".",), ("src",), ("A", "X"))
    assert (found.unseen, found.outside) == ("", "")


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("src/demo/__pycache__/words.cpython-311.pyc", "src/demo/words.py"),
        ("tests/unit/__pycache__/test_x.cpython-311-pytest-9.2.0.pyc", "tests/unit/test_x.py"),
        ("src/demo/words.cpython-311-x86_64-linux-gnu.so", "src/demo/words.cpython-311-x86_64-linux-gnu.so"),
        ("lib/old.pyc", "lib/old.pyc"),
    ],
)
def test_a_compiled_module_stands_for_its_source(tmp_path: Path, path: str, source: str) -> None:
    notes(tmp_path / "notes", read=[str(tmp_path / path)])
    found = seen(tmp_path / "notes", tmp_path)
    assert found is not None
    assert found.files == (source,)


def test_modules_compiled_elsewhere_stand_for_their_source(tmp_path: Path) -> None:
    compiled = f"/var/compiled{tmp_path}/src/words.cpython-311.pyc"
    notes(tmp_path / "notes", read=[compiled], compiled_to="/var/compiled")
    found = seen(tmp_path / "notes", tmp_path)
    assert found is not None
    assert found.files == ("src/words.py",)


def test_what_belongs_to_python_the_system_and_the_session_is_left_out(tmp_path: Path) -> None:
    temporary, root = tmp_path / "tmp", tmp_path / "project"
    temporary.mkdir()
    (temporary / "made.txt").write_text("")
    (temporary / "found.txt").write_text("")
    os.utime(temporary / "found.txt", ns=(5, 5))
    read = [
        f"{root}/.venv/lib/x.py",
        "/lib/python/re.py",
        "/proc/stat",
        f"{temporary}/made.txt",
        f"{temporary}/gone",
    ]
    libraries = [f"{root}/.venv", "/lib/python"]
    notes(tmp_path / "notes", read=[*read, f"{root}/a"], libraries=libraries, temporary=str(temporary))
    found = seen(tmp_path / "notes", root)
    assert found is not None
    assert found.files == ("a",)


@pytest.mark.parametrize("after", [True, False])
def test_a_missed_temporary_file_counts_where_the_session_made_none(tmp_path: Path, after: bool) -> None:
    missed = tmp_path / "tmp/shared/missed"
    missed.parent.mkdir(parents=True)
    started_at = missed.parent.stat().st_ctime_ns + (1 if after else -1)
    raw = {"read": [str(missed)], "temporary": str(tmp_path / "tmp"), "started_at": started_at}
    notes(tmp_path / "notes", **raw)
    found = seen(tmp_path / "notes", tmp_path / "project")
    assert found is not None
    assert found.files == ((missed.as_posix(),) if after else ())


@pytest.mark.parametrize(
    ("raw", "unseen", "outside"),
    [
        ({"programs": {"git": "test_a"}}, "test_a starts git", ""),
        ({"programs": {"git": ""}}, "the collection starts git", ""),
        ({"spawned": True}, "a test starts processes of its own", ""),
        ({"modules": ["demo", "pygit2"]}, "pygit2 may open files by itself", ""),
        ({"compiled": {"/site/h5py/_errors.so": "h5py"}}, "h5py may open files by itself", ""),
        (
            {"compiled": {"/site/never_heard_of.so": "never_heard_of"}},
            "never_heard_of may open files by itself",
            "",
        ),
        ({"compiled": {"/site/numpy/core.so": "numpy", "/site/3f__mypyc.so": "3f__mypyc"}}, "", ""),
        ({"compiled": {"/lib/python3/lib-dynload/_ssl.so": "_ssl"}, "standard": ["/lib/python3"]}, "", ""),
        (
            {"compiled": {"/site/grpc/cy.so": "grpc"}},
            "grpc may open files by itself",
            "grpc connects by itself",
        ),
        ({"loaded": {"libc.so.6": "test_a"}}, "test_a calls libc.so.6 by ctypes", ""),
        ({"early": ["/outside/plug.py"]}, "/outside/plug.py was imported before anything could be seen", ""),
        ({"connections": {"10.0.0.1:5432": "test_b"}}, "", "test_b asks 10.0.0.1:5432"),
    ],
)
def test_what_was_not_seen_is_said(tmp_path: Path, raw: dict[str, Any], unseen: str, outside: str) -> None:
    notes(tmp_path / "notes", **raw)
    found = seen(tmp_path / "notes", tmp_path)
    assert found is not None
    assert (found.unseen, found.outside) == (unseen, outside)
    blind = {"programs", "spawned", "loaded", "early"} & raw.keys()
    assert (found.variables is None) == bool(blind)
    assert found.programs == ("programs" in raw)


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        ([("a", "r", os.O_RDONLY)], "read"),
        ([("a", "w", os.O_WRONLY)], "written"),
        ([("a", "a", os.O_WRONLY)], "written"),
        ([("a", "r+", os.O_RDWR)], "read rewritten"),
        ([("a", "rb+", os.O_RDWR)], "read rewritten"),
        ([("a", "w+", os.O_RDWR)], "written"),
        ([("a", None, os.O_RDWR)], "written"),
        ([("a", "w", os.O_WRONLY), ("a", "r", os.O_RDONLY)], "written"),
        ([("a", "r", os.O_RDONLY), ("a", "w", os.O_WRONLY)], "read rewritten"),
        ([(3, "r", os.O_RDONLY)], ""),
        ([(b"a", "r", os.O_RDONLY), (Path("a"), "r", os.O_RDONLY)], "read"),
    ],
)
def test_a_file_is_read_unless_it_is_written_first(events: list[tuple[Any, ...]], kinds: str) -> None:
    observer = Observer()
    for event in events:
        observer.hook("open", event)
    here = str(Path.cwd() / "a")
    assert [
        kind for kind in ("read", "written", "rewritten") if here in getattr(observer, kind)
    ] == kinds.split()


@pytest.mark.parametrize(
    ("event", "arguments", "there", "changed"),
    [
        ("os.remove", ("a", -1), True, True),
        ("os.remove", ("a", -1), False, False),
        ("os.rename", ("b", "a", -1, -1), False, True),
        ("os.mkdir", ("a", 0, -1), False, True),
        ("os.mkdir", ("a", 0, -1), True, False),
    ],
)
def test_what_is_made_removed_or_replaced_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: str, arguments: Any, there: bool, changed: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    if there:
        Path("a").mkdir()
    observer = Observer()
    observer.hook(event, arguments)
    assert (str(Path.cwd() / "a") in observer.written) is changed
    observer = Observer()
    observer.asked("a")
    observer.hook(event, arguments)
    assert (str(Path.cwd() / "a") in observer.rewritten) is changed


@pytest.mark.parametrize(
    "event",
    [
        ("open", ("a", "w", os.O_WRONLY)),
        ("open", ("a", "r+", os.O_RDWR)),
        ("os.remove", ("a", -1)),
        ("os.rename", ("a", "b", -1, -1)),
        ("os.chmod", ("a", 0o600, -1)),
        ("sqlite3.connect", ("a",)),
    ],
)
def test_whoever_changes_a_file_first_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: tuple[str, tuple[Any, ...]]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").write_text("")
    observer = Observer()
    for observer.test in ("test_a", "test_b"):
        observer.hook(*event)
        observer.hook("open", (str(tmp_path.parent / "outside"), "w", os.O_WRONLY))
    start = str(Path.cwd())
    assert observer.wrote[f"{start}/a"] == "test_a"
    assert all(path.startswith(f"{start}/") for path in observer.wrote)
    notes(tmp_path / "notes", wrote=observer.wrote)
    found = seen(tmp_path / "notes", Path(start))
    assert found is not None
    assert found.wrote["a"] == "test_a"


@pytest.mark.parametrize(
    "event", [("os.remove", ("a", 7)), ("os.rename", ("b", "a", 7, 7)), ("os.mkdir", ("a", 0, 7))]
)
def test_a_name_in_a_folder_with_a_number_is_no_path(event: tuple[str, tuple[Any, ...]]) -> None:
    observer = Observer()
    observer.hook(*event)
    assert not observer.written


def test_asking_whether_a_file_is_there_is_reading_it() -> None:
    observer = Observer()
    for path in ("a", b"b", Path("c"), 10**9):
        observer.asked(path)
    assert [Path(path).name for path in observer.read] == ["a", "b", "c"]


@pytest.fixture
def observer(monkeypatch: pytest.MonkeyPatch) -> Observer:
    """One that is told, as in a tests' process."""
    made = Observer()
    for name in ("stat", "lstat", "fstat"):
        monkeypatch.setattr(os, name, _telling(getattr(os, name), made))
    monkeypatch.setattr(os, "open", _opening(os.open, made))
    return made


@pytest.mark.parametrize(
    ("ask", "whole"),
    [
        (os.path.exists, False),
        (os.path.getsize, False),
        (Path.is_file, False),
        (lambda path: shutil.copystat(path, path), False),
        (os.path.getmtime, True),
        (lambda path: path.samefile(path), True),
        (Path.stat, True),
        (Path.lstat, True),
        (Path.owner, True),
    ],
)
def test_who_asks_for_a_state_itself_may_go_by_all_of_it(
    tmp_path: Path, observer: Observer, ask: Callable[[Path], object], whole: bool
) -> None:
    (tmp_path / "a").write_text("")
    ask(tmp_path / "a")
    assert str(tmp_path / "a") in observer.read
    assert (str(tmp_path / "a") in observer.states) is whole


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="no folders with numbers here")
def test_a_file_is_known_by_the_number_of_its_folder(tmp_path: Path, observer: Observer) -> None:
    for name in "abc":
        (tmp_path / name).write_text("")
    folder = os.open(tmp_path, os.O_RDONLY)
    os.stat("a", dir_fd=folder)
    file = os.open("b", os.O_RDONLY, dir_fd=folder)
    observer.hook("os.listdir", (folder,))
    os.fstat(file)
    os.close(file)
    os.close(folder)
    place = os.path.realpath(tmp_path)
    assert {f"{place}/a", f"{place}/b"} <= observer.read.keys()
    assert f"{place}/b" in observer.states
    assert place in observer.listed


def test_entries_of_a_listed_folder_may_be_asked_for_their_state(tmp_path: Path) -> None:
    (tmp_path / "sized").mkdir()
    (tmp_path / "sized/a").write_text("")
    observer = Observer()
    observer.hook("os.scandir", (str(tmp_path / "sized"),))
    notes(tmp_path / "notes", entries=list(observer.entries), listed=list(observer.listed))
    found = seen(tmp_path / "notes", tmp_path)
    assert found is not None
    assert (found.files, found.states, found.folders) == (("sized/a",), ("sized/a",), ("sized",))


def test_what_was_there_before_the_observer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "early_plugin.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("early_plugin")
    observer = Observer()
    observer.begin()
    assert str(tmp_path / "early_plugin.py") in observer.early
    assert str(tmp_path) in observer.searched
    assert not any("/atomci/" in file for file in observer.early)
    monkeypatch.delitem(sys.modules, "early_plugin")


def test_the_environment_can_be_read_as_a_file() -> None:
    observer = Observer()
    observer.hook("open", ("/proc/self/environ", "r", 0))
    assert observer.every_variable


def test_what_a_program_is_given_and_its_own_file_are_read(tmp_path: Path) -> None:
    observer = Observer()
    words = [sys.executable, f"--from={tmp_path / 'in.txt'}", "relative", str(tmp_path / "more.txt")]
    observer.hook("subprocess.Popen", (None, words, None, None))
    read = {str(tmp_path / "in.txt"), str(tmp_path / "more.txt"), sys.executable}
    assert read <= observer.read.keys()
    assert not any(path.endswith("relative") for path in observer.read)


def test_what_tests_change_themselves_is_no_input_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "used.db").write_bytes(b"")
    (tmp_path / "old.db").write_bytes(b"")
    os.utime(tmp_path / "old.db", ns=(5, 5))
    databases = [str(tmp_path / "used.db")]
    notes(
        tmp_path / "notes", read=[str(tmp_path / "a")], rewritten=[str(tmp_path / "a")], databases=databases
    )
    found = seen(tmp_path / "notes", tmp_path)
    assert found is not None
    assert (found.files, found.changed) == ((), ("a", "used.db"))


def test_an_observer_never_raises_and_can_be_stopped() -> None:
    observer = Observer()
    for event in ("open", "os.listdir", "socket.connect", "subprocess.Popen", "sqlite3.connect", "no.such"):
        observer.hook(event, ())
    observer.active = False
    observer.hook("open", ("a", "r", 0))
    observer.variable("HOME")
    assert observer.as_dict()["read"] == observer.as_dict()["variables"] == []


@pytest.mark.parametrize("name", ["", ":memory:", "file::memory:?cache=shared"])
def test_a_database_in_memory_is_no_file(name: str) -> None:
    observer = Observer()
    observer.hook("sqlite3.connect", (name,))
    assert not observer.read
    assert not observer.written


def test_a_database_that_is_there_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"")
    observer = Observer()
    for name in ("a.db", "new.db"):
        observer.hook("sqlite3.connect", (str(tmp_path / name),))
    assert list(observer.databases) == [str(tmp_path / "a.db")]
    assert list(observer.written) == [str(tmp_path / "new.db")]


@pytest.mark.parametrize(
    ("event", "arguments", "name"),
    [
        ("subprocess.Popen", ("/usr/bin/git", ["git", "log"], None, None), "git"),
        ("subprocess.Popen", (None, ["git", "log"], None, None), "git"),
        ("subprocess.Popen", (None, "git log", None, None), "git log"),
        ("os.system", (b"ls",), "ls"),
        ("os.exec", ("/bin/sh", ["sh"], None), "sh"),
        ("os.posix_spawn", ("/bin/sh", ["sh"], None), "sh"),
        ("os.fork", (), "a fork of itself"),
    ],
)
def test_programs_are_named_with_the_test_that_starts_them(event: str, arguments: Any, name: str) -> None:
    observer = Observer()
    observer.test = "test_a"
    observer.hook(event, arguments)
    observer.test = "test_b"
    observer.hook(event, arguments)
    assert observer.programs == {name: "test_a"}


@pytest.mark.parametrize(
    ("host", "asked"), [("localhost", False), (None, False), (b"127.0.0.1", False), ("example.org", True)]
)
def test_looking_up_another_host_is_asking_the_network(host: Any, asked: bool) -> None:
    observer = Observer()
    observer.hook("socket.getaddrinfo", (host, 80, 0, 0, 0))
    assert bool(observer.connections) is asked
