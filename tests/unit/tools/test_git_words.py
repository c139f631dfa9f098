"""What is said and left behind when git, or the disk under it, gives up."""

import errno
from pathlib import Path

import pytest

from atomci.tools.git import objects
from atomci.tools.git.client import GitFailed
from atomci.tools.git.objects import Objects
from atomci.tools.git.repository import Repository


def test_a_failure_names_the_command_and_not_its_settings() -> None:
    words = ("-c", "core.sparseCheckout=false", "-c", "a.b=c", "add", "--all")

    assert GitFailed(words, 128, "fatal: no room\n").message == "git add: fatal: no room"


def test_a_full_disk_is_not_filled_by_half_of_an_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    def elsewhere(_: Path, __: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    repository = Repository(tmp_path, tmp_path / ".git", tmp_path / "objects", "sha1", "")
    (tmp_path / "new/aa").mkdir(parents=True)
    (tmp_path / "new/aa/bb").write_bytes(b"whole")
    monkeypatch.setattr(Path, "rename", elsewhere)
    monkeypatch.setattr(objects.shutil, "copyfile", full)

    with pytest.raises(OSError, match="No space left"):
        Objects(repository, tmp_path / "new").migrate()

    assert not [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]
