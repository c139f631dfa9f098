"""The lock of a render: what it holds, and when it counts."""

import hashlib
from pathlib import Path

import pytest

from atomci.artifacts.printed.sync import Lock
from atomci.template.answers import Recorded
from atomci.template.lock import is_current, lock_bytes, made_lock, read_lock, same_content
from atomci.tools.git.objects import Entry

ANSWERS = ".copier-answers.yml"
EMPTY_SHA1 = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"  # git's ids of an empty file
EMPTY_SHA256 = "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"


def blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def recorded(root: Path, version: str = "v1") -> Recorded:
    return Recorded(root, ANSWERS, {"_commit": version, "_src_path": "gh:a/b"})


def lock() -> Lock:
    files = {
        "z.sh": Entry("100755", "1" * 40),
        ANSWERS: Entry("100644", blob(b"answers\n")),
        'a "é".md': Entry("100644", "2" * 40),
    }
    return made_lock(files, ANSWERS, "v1", lambda path: "managed" if path == "z.sh" else "merged")


def test_a_lock_holds_every_file_but_the_answers_which_it_belongs_to() -> None:
    made = lock()

    assert list(made.files) == ['a "é".md', "z.sh"]
    assert (made.version, made.answers) == ("v1", blob(b"answers\n"))
    assert (made.files["z.sh"].tier, made.files["z.sh"].blob, made.files["z.sh"].mode) == (
        "managed", "1" * 40, "100755",
    )  # fmt: skip


def test_a_lock_is_read_as_it_was_written_one_line_for_each_file(tmp_path: Path) -> None:
    path = tmp_path / recorded(tmp_path).lock
    path.parent.mkdir()
    path.write_bytes(lock_bytes(lock()))

    assert read_lock(recorded(tmp_path)) == lock()
    assert sum(line.startswith('  "') for line in path.read_text("utf-8").splitlines()) == 2


@pytest.mark.parametrize("content", [None, b"", b"{", b"{}", b"<<<<<<< yours\n"])
def test_a_lock_that_cannot_be_read_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / recorded(tmp_path).lock
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)

    assert read_lock(recorded(tmp_path)) is None


@pytest.mark.parametrize(
    ("version", "content", "current"),
    [
        ("v1", b"answers\n", True),
        ("v1", b"answers\r\n", True),
        ("v2", b"answers\n", False),
        ("v1", b"other\n", False),
    ],
)
def test_a_lock_counts_for_its_own_version_and_answers_only(
    tmp_path: Path, version: str, content: bytes, current: bool
) -> None:
    (tmp_path / ANSWERS).write_bytes(content)

    assert is_current(lock(), recorded(tmp_path, version)) is current


@pytest.mark.parametrize(
    ("content", "oid", "same"),
    [
        (b"", EMPTY_SHA1, True),
        (b"", EMPTY_SHA256, True),
        (b" ", EMPTY_SHA1, False),
        (b"a\r\nb\r\n", blob(b"a\nb\n"), True),
        (b"a\r\nb\r\n", blob(b"a\r\nb\r\n"), True),
        (b"a\nb\n", blob(b"a\r\nb\r\n"), False),
        (b"a\rb", blob(b"a\nb"), False),
    ],
)
def test_content_is_the_same_also_where_it_was_checked_out_with_crlf(
    content: bytes, oid: str, same: bool
) -> None:
    assert same_content(content, oid) is same


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="it has no devices as files")
def test_a_lock_that_is_a_link_to_a_device_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".atomci").mkdir()
    (tmp_path / ".atomci/lock.json").symlink_to("/dev/null")  # as /dev/zero, which has no end
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))

    assert read_lock(recorded(tmp_path)) is None
