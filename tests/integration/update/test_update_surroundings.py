"""An update where the streams are closed, the disk of its report is full, or nobody's settings can be read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sync_world import Folder, Run, lines


@pytest.fixture
def conflicting(template: Folder, project: Folder) -> Folder:
    """A project whose update has a conflict."""
    project.commit({"keep.txt": lines("keep", n5="mine")})
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v2.0.0")
    return project


@pytest.mark.skipif(os.name == "nt", reason="a shell closes them")
def test_a_process_whose_output_is_closed_ends_as_any_other(conflicting: Folder) -> None:
    before = conflicting.whole
    program = [sys.executable, "-c", "from atomci.cli.program import program; program()"]
    reading, writing = os.pipe()
    os.close(reading)

    listened = subprocess.run(
        [*program, "update"], cwd=conflicting.root, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)

    assert (listened.returncode, listened.stderr) == (1, b"")
    assert "UU keep.txt" in conflicting.status
    words = ["sh", "-c", 'exec "$@" >&-', "sh", *program, "update", "--abort"]
    closed = subprocess.run(words, cwd=conflicting.root, stderr=subprocess.PIPE, check=False)
    assert (closed.returncode, closed.stderr) == (0, b"")
    assert conflicting.whole == before


def test_a_report_that_has_no_room_says_what_was_done(
    conflicting: Folder, atomci: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("atomci.cli.view.updates._show", full)

    done = atomci("update")

    assert done.code == 3
    assert "the report can't be written: [Errno 28] No space left on device" in done.err
    assert "the update itself is done (conflicts); to see it: git status" in done.err
    assert "UU keep.txt" in conflicting.status


@pytest.mark.parametrize("verb", ["status", "update", "diff"])
def test_settings_that_git_cannot_read_are_told_as_that(
    verb: str, conflicting: Folder, atomci: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = conflicting.whole
    broken = tmp_path / "broken"
    broken.write_text("[user")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(broken))
        refused = atomci(verb, as_json=False)

    assert (refused.code, refused.out) == (3, "")
    assert "git config: fatal: bad config line" in refused.err
    assert str(broken) in refused.err
    assert conflicting.whole == before


def test_a_home_that_is_not_there_is_not_needed(
    conflicting: Folder, atomci: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file/home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)

    assert atomci("status").json["behind"]
    assert atomci("update").code == 1
