from pathlib import Path

import pytest

from my_service import read_outline


def test_a_file_is_read_as_utf_8(temp_project: Path) -> None:
    document = temp_project / "new.md"
    document.write_bytes("# Crème\n".encode())

    assert [heading.title for heading in read_outline(document)] == ["Crème"]


def test_a_missing_file_raises(temp_project: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_outline(temp_project / "missing.md")
