"""What files hold is read once, and kept for the next process."""

from pathlib import Path

import pytest

from atomci.testing.selection import known_blocks
from atomci.testing.selection.blocks import Blocks, read_blocks
from atomci.testing.selection.known_blocks import KnownBlocks

SOURCES = (b"X = 1\n\n\ndef f(a=X):\n    return a\n", b"def broken(:\n", "café = {1: 'é'}\n".encode())


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    seen: list[bytes] = []

    def noted(source: bytes) -> Blocks | None:
        seen.append(source)
        return read_blocks(source)

    monkeypatch.setattr(known_blocks, "read_blocks", noted)
    return seen


def kept(file: Path, reader: str = "one") -> KnownBlocks:
    first = KnownBlocks(file, reader)
    assert [first.of(source) for source in SOURCES] == [read_blocks(source) for source in SOURCES]
    first.keep()
    return first


def test_the_next_process_parses_nothing_that_was_kept(tmp_path: Path, read: list[bytes]) -> None:
    kept(tmp_path / "blocks")
    read.clear()

    again = kept(tmp_path / "blocks")

    assert read == []
    assert again.of(b"Y = 2\n") == read_blocks(b"Y = 2\n")
    assert read == [b"Y = 2\n"]


def test_where_nothing_is_new_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "blocks"
    first = kept(file)
    file.unlink()
    first.keep()
    assert not file.exists()


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "of another reader", "no folder"])
def test_what_is_damaged_or_of_another_reader_is_read_anew(
    tmp_path: Path, read: list[bytes], damage: str
) -> None:
    file = tmp_path / "blocks"
    kept(file)
    read.clear()
    content = file.read_bytes()
    if damage == "cut":
        file.write_bytes(content[:-1])
    elif damage == "changed":
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "gone":
        file.unlink()
    elif damage == "no folder":
        file = file / "below"

    kept(file, "two" if damage == "of another reader" else "one")

    assert read == list(SOURCES)


def test_of_many_the_last_used_are_kept(
    tmp_path: Path, read: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_blocks, "_MOST", 2)
    kept(tmp_path / "blocks")
    read.clear()
    again = KnownBlocks(tmp_path / "blocks", "one")
    assert again.of(SOURCES[2]) == read_blocks(SOURCES[2])
    assert again.of(SOURCES[0]) == read_blocks(SOURCES[0])
    assert read == [SOURCES[0]]
