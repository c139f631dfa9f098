"""What the observer's notes come to, and what it takes down of the events that Python tells it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from atomci.testing.observed import seen
from atomci.testing.observer import Observer

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


@pytest.mark.parametrize(
    ("raw", "unseen", "outside"),
    [
        ({"programs": {"git": "test_a"}}, "test_a starts git", ""),
        ({"programs": {"git": ""}}, "the collection starts git", ""),
        ({"spawned": True}, "a test starts processes of its own", ""),
        ({"modules": ["demo", "h5py"]}, "h5py opens files by itself", ""),
        ({"connections": {"10.0.0.1:5432": "test_b"}}, "", "test_b asks 10.0.0.1:5432"),
    ],
)
def test_what_was_not_seen_is_said(tmp_path: Path, raw: dict[str, Any], unseen: str, outside: str) -> None:
    notes(tmp_path / "notes", **raw)
    found = seen(tmp_path / "notes", tmp_path)
    assert found is not None
    assert (found.unseen, found.outside) == (unseen, outside)
    assert (found.variables is None) == ("programs" in raw or "spawned" in raw)


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
    "event", [("os.remove", ("a", 7)), ("os.rename", ("b", "a", 7, 7)), ("os.mkdir", ("a", 0, 7))]
)
def test_a_name_in_a_folder_with_a_number_is_no_path(event: tuple[str, tuple[Any, ...]]) -> None:
    observer = Observer()
    observer.hook(*event)
    assert not observer.written


def test_asking_whether_a_file_is_there_is_reading_it() -> None:
    observer = Observer()
    for path in ("a", b"b", Path("c"), 3):
        observer.asked(path)
    assert [Path(path).name for path in observer.read] == ["a", "b", "c"]


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
