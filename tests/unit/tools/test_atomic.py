"""A file is replaced as a whole or not at all, and nothing is left beside it."""

import os
from pathlib import Path

import pytest

from atomci.tools.atomic import replace_file


def test_a_file_is_replaced_and_its_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"

    replace_file(path, b"one")
    replace_file(path, b"two", durable=True)

    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_an_error_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "no space left")

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(*((os, "fsync") if broken == "fsync" else (Path, "replace")), full)

    with pytest.raises(OSError, match="no space left"):
        replace_file(path, b"new", durable=True)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
