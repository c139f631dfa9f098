"""What is kept and logged of a program's output, whatever its length."""

from __future__ import annotations

import os
import threading
from typing import IO

import pytest

from atomci.tools import output
from atomci.tools.output import Output, Sink

Pipe = tuple[IO[bytes], int]


@pytest.fixture
def pipe() -> Pipe:
    """Where a stream is read, and where it is written."""
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb"), writing


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "WHOLE", 1000)
    monkeypatch.setattr(output, "LOGGED", 100)


def read(pipe: Pipe, text: bytes, log: Sink | None = None, limit: int | None = None) -> Output:
    """A stream of that text, to its end."""
    too_long.clear()
    found = Output(pipe[0], log, limit, lambda: too_long.append(True))
    os.write(pipe[1], text)
    os.close(pipe[1])
    assert found.join(10)
    return found


too_long: list[bool] = []


def test_a_short_stream_is_kept_and_logged_as_it_is(pipe: Pipe) -> None:
    logged: list[str] = []
    found = read(pipe, "één\nzwei".encode(), logged.append)
    assert found.close() == "".join(logged) == "één\nzwei"
    assert logged[0] == "één\n", "whole lines at once"


def test_of_a_long_stream_the_log_has_both_ends_and_says_what_it_lacks(pipe: Pipe) -> None:
    logged: list[str] = []
    lines = [f"line {number:04d}\n" for number in range(900)]
    read(pipe, "".join(lines).encode(), logged.append, limit=20).close()
    text = "".join(logged)
    assert text.startswith("line 0000\nline 0001\n")
    assert text.endswith("line 0898\nline 0899\n")
    assert "\n[8,800 bytes aren't logged: the first and the last 100 are]\n" in text
    assert len(text) < 300


def test_of_a_stream_with_a_limit_the_end_is_kept(pipe: Pipe) -> None:
    found = read(pipe, b"x" * 5000 + b"the end", limit=7)
    assert (found.close(), found.is_too_long, too_long) == ("the end", False, [])


def test_a_stream_that_is_wanted_whole_and_is_too_long_is_told_once(pipe: Pipe) -> None:
    found = read(pipe, b"x" * 1001)
    assert (found.is_too_long, too_long) == (True, [True])


def test_a_stream_that_is_just_short_enough_is_whole(pipe: Pipe) -> None:
    found = read(pipe, b"x" * 1000)
    assert (found.close(), found.is_too_long) == ("x" * 1000, False)


@pytest.mark.parametrize("size", [98, 99, 100, 101, 150, 198])
def test_a_character_is_not_cut_where_the_log_is_whole(pipe: Pipe, size: int) -> None:
    logged: list[str] = []
    text = "a" + "é" * (size // 2)
    read(pipe, text.encode(), logged.append, limit=9).close()
    assert "".join(logged) == text


def test_nothing_is_logged_after_the_end_while_an_orphan_holds_the_stream(pipe: Pipe) -> None:
    logged: list[str] = []
    found = Output(pipe[0], logged.append, None, lambda: None)
    assert not found.join(0.01)
    assert found.close() == ""
    os.write(pipe[1], b"too late\n")
    os.close(pipe[1])
    assert found.join(10)
    assert logged == []


def test_a_log_that_cannot_be_written_does_not_stop_the_program(pipe: Pipe) -> None:
    def full(text: str) -> None:
        raise OSError(28, "No space left on device")

    found = Output(pipe[0], full, 10, lambda: None)
    writer = threading.Thread(target=lambda: (os.write(pipe[1], b"x\n" * 200_000), os.close(pipe[1])))
    writer.start()
    writer.join(10)
    assert not writer.is_alive(), "it isn't left with a pipe that nobody reads"
    assert found.join(10)
    assert isinstance(found.failed, OSError)
    assert len(found.close()) == 10
