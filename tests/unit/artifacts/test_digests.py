"""When the digest of a file is known, and when the file is read again."""

import hashlib
import os
from pathlib import Path

import pytest

from atomci.artifacts import store
from atomci.artifacts.store import sha256

LONG_AGO = 1_700_000_000


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_file_with_the_times_and_size_of_another_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    for text in ("one", "two"):
        file.write_text(text)
        os.utime(file, (LONG_AGO, LONG_AGO))
        assert sha256(file) == digest(text)


def test_a_second_write_within_one_tick_of_the_clock_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.json"
    file.write_text("one")
    found = file.stat()
    monkeypatch.setattr(Path, "stat", lambda self: found)
    assert sha256(file) == digest("one")
    file.write_text("two")
    assert sha256(file) == digest("two")


def test_what_is_surely_unchanged_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.json"
    file.write_text("one")
    now = file.stat().st_ctime_ns
    monkeypatch.setattr(store.time, "time_ns", lambda: now + 10 * 10**9)
    assert sha256(file) == digest("one")
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("it was read again"))
    assert sha256(file) == digest("one")
