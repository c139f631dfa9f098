"""What is written as a pack is what git reads, whatever its size and kind of ids."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from atomci.tools.git.packing import NewPack

SIZES = (0, 1, 15, 16, 2047, 2048, 70_000)


def git(top: Path, *words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=top, check=True, capture_output=True).stdout


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_git_reads_a_pack_and_finds_nothing_wrong_with_it(tmp_path: Path, algorithm: str) -> None:
    git(tmp_path, "init", "-q", f"--object-format={algorithm}")
    pack = NewPack(tmp_path / ".git/objects", algorithm)
    contents = {pack.add("blob", bytes([size % 251]) * size): bytes([size % 251]) * size for size in SIZES}
    entry = b"100644 name\0" + bytes.fromhex(next(iter(contents)))
    tree = pack.add("tree", entry)
    assert not list((tmp_path / ".git/objects/pack").glob("*")), "nothing is there before it is whole"
    pack.write()
    for oid, content in contents.items():
        assert git(tmp_path, "cat-file", "blob", oid) == content
    assert git(tmp_path, "ls-tree", "--name-only", tree) == b"name\n"
    (index,) = (tmp_path / ".git/objects/pack").glob("*.idx")
    git(tmp_path, "verify-pack", str(index))
    git(tmp_path, "fsck", "--full", "--strict")


def test_what_was_written_is_not_written_again(tmp_path: Path) -> None:
    pack = NewPack(tmp_path, "sha1")
    for contents in ([b"one"], [b"one", b"two"], [b"two"]):
        for content in contents:
            pack.add("blob", content)
        pack.write()
    held = [int.from_bytes(path.read_bytes()[8:12]) for path in (tmp_path / "pack").glob("*.pack")]
    assert held == [1, 1]
