"""Every file under artifacts/ is looked through, whatever its size and kind."""

import gzip
from pathlib import Path

import pytest

from atomci.artifacts.privacy import scan
from atomci.artifacts.redaction import Redactor

REDACTOR = Redactor({"swordfish-1": "the value of A_TOKEN"})
SECRET = b"swordfish-1"


def leaks(root: Path, content: bytes, name: str = "a.txt") -> list[tuple[int, str]]:
    file = root / "artifacts" / "deep" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return [(leak.line, leak.kind) for leak in scan(root, REDACTOR).leaks]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a\nb " + SECRET + b"\n", 2),
        (b"\0\xff\xfe\0\n\n" + SECRET + b"\0", 3),
        ("x\r\ny swordfish-1\r\n".encode("utf-16"), 2),
        (b"line\n" * 400_000 + SECRET, 400_001),
        (b"x" * 999_995 + SECRET, 1),
        (b"x" * 1_979_995 + SECRET + b"\n" * 2_000_000, 1),
    ],
)
def test_a_secret_is_found_once_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    assert leaks(tmp_path, content) == [(line, "the value of A_TOKEN")]


def test_harmless_files_are_counted(tmp_path: Path) -> None:
    assert leaks(tmp_path, b"nothing") == []
    assert scan(tmp_path, REDACTOR).files == 1
    assert scan(tmp_path / "empty", REDACTOR).files == 0


def test_what_cannot_be_looked_into_is_said(tmp_path: Path) -> None:
    assert leaks(tmp_path, gzip.compress(SECRET), "a.gz") == []
    (tmp_path / "artifacts" / "link").symlink_to(tmp_path, target_is_directory=True)
    assert scan(tmp_path, REDACTOR).unseen == {
        "artifacts/deep/a.gz": "packed by gzip",
        "artifacts/link": "a link to a folder",
    }


def test_a_file_full_of_secrets_is_told_of_in_bounds(tmp_path: Path) -> None:
    assert len(leaks(tmp_path, (SECRET + b"\n") * 10_000)) == 20
