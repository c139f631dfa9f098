"""Which of the programs that a test started say what they did."""

from pathlib import Path

import pytest

from atomci.artifacts.json_text import json_of
from atomci.testing.selection.programs import FollowedProgram, ProgramNotes, read_programs


def program(words: str, *, key: str = "1-1", process: int = 2, parent: int = 1, **more) -> FollowedProgram:
    return FollowedProgram(
        key=key,
        process=process,
        parent=parent,
        words=tuple(words.split()),
        start="/p/",
        ran=more.get("ran", ()),
        read=more.get("read", ()),
        starts=more.get("starts", ()),
        unseen=more.get("unseen", ()),
        compiled=more.get("compiled", {}),
        modules=(),
    )


@pytest.mark.parametrize(
    ("words", "started", "is_followed"),
    [
        ("/usr/bin/python -m demo a", "python -m demo a", True),
        ("/v/bin/python /v/bin/demo a", "demo a", True),
        ("/v/bin/python /v/bin/demo a b", "demo a", False),
        ("/v/bin/python -m demo", "sh -c demo", False),
        ("/v/bin/python", "python", True),
    ],
)
def test_a_start_is_followed_by_the_program_that_has_its_words(words, started, is_followed) -> None:
    notes = ProgramNotes([program(words)])
    assert notes.unfollowed(1, [("1-1", tuple(started.split()))]) == (set() if is_followed else {0})


@pytest.mark.parametrize("other", [{"key": "1-2"}, {"parent": 3}])
def test_a_program_of_another_test_or_process_says_nothing_of_a_start(other) -> None:
    notes = ProgramNotes([program("python -m demo", **other)])
    assert notes.unfollowed(1, [("1-1", ("python", "-m", "demo"))]) == {0}


def test_each_program_speaks_for_one_start() -> None:
    start = ("1-1", ("python", "-m", "demo"))
    assert ProgramNotes([program("python -m demo")]).unfollowed(1, [start, start]) == {1}


def test_what_a_program_used_is_that_of_its_key_and_so_is_what_it_started_itself() -> None:
    first = program(
        "python a", ran=(("/p/a.py", "f"), ("/p/a.py", "")), read=("/p/d.txt",), starts=(("sh", "x"),)
    )
    second = program("python b", process=3, parent=2, unseen=("libz.so",), compiled={"/x/odd.so": "odd"})
    used = ProgramNotes([first, second]).by_key()["1-1"]
    assert used.ran == {("a.py", "f"), ("a.py", "f#"), ("a.py", "")}
    assert (used.read, used.apart) == ({"d.txt"}, True)
    assert used.started == {"sh", "libz.so", "odd"}


@pytest.mark.parametrize("text", [b"", b"{", b"[]"])
def test_one_that_left_no_whole_notes_isnt_followed(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "1-1@5-a.json").write_bytes(text)
    (tmp_path / "1-2@6-a.json").write_bytes(json_of(program("python", key="1-2")))
    found = read_programs(tmp_path).by_key()
    assert found["1-1"].started == {"a program that didn't come to its end"}
    assert found["1-2"].started == set()
