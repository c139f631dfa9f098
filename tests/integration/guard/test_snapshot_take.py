"""A snapshot holds a working tree byte for byte, and leaves the user's git alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tree_world import captured, git, lying, new_tree, users_git

from atomci.errors import UsageError
from atomci.guard.snapshot.take import Limits, take

RUN = "20260101T000000-abc"
FIRST = {"a.py": "a = 1\n", "lib/b.py": "b = 1\n", "lib/c.py": "c = 1\n", ".gitignore": "*.log\nenv/\n"}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with a commit."""
    return new_tree(tmp_path / "project", FIRST)


def holds_all(top: Path) -> None:
    """Take a snapshot, and compare it with what lies there."""
    before = users_git(top)
    assert captured(top, take(top, RUN)) == lying(top)
    assert users_git(top) == before


def test_a_clean_tree(top: Path) -> None:
    holds_all(top)


def test_edits_of_every_kind(top: Path) -> None:
    (top / "a.py").write_text("a = 2\n")
    (top / "lib/c.py").unlink()
    (top / "lib/b.py").chmod(0o755)
    (top / "new.txt").write_bytes(b"\0binary\xff")
    (top / "deep/er").mkdir(parents=True)
    (top / "deep/er/x").write_text("x")
    (top / "empty/inside").mkdir(parents=True)
    (top / "build.log").write_text("ignored")
    (top / "env/bin").mkdir(parents=True)
    (top / "env/bin/python").symlink_to("/usr/bin/python3")
    (top / "env/nothing").mkdir()
    (top / "dangling").symlink_to("./nowhere/")
    holds_all(top)


def test_folders_that_have_lost_their_files(top: Path) -> None:
    (top / "lib/b.py").unlink()
    (top / "lib/c.py").unlink()
    holds_all(top)
    (top / "lib").rmdir()
    (top / "lib").symlink_to("..")
    holds_all(top)


def test_a_folder_in_place_of_a_file_and_a_link_in_place_of_a_folder(top: Path) -> None:
    (top / "a.py").unlink()
    (top / "a.py").mkdir()
    (top / "a.py/inner").write_text("x")
    (top / "lib").rename(top / "moved")
    (top / "lib").symlink_to("moved")
    holds_all(top)


def test_what_is_staged_is_kept_whatever_happens_to_it(top: Path) -> None:
    (top / "a.py").write_text("staged\n")
    git(top, "add", "a.py")
    (top / "a.py").write_text("on the disk\n")
    (top / "n.py").write_text("new\n")
    git(top, "add", "n.py")
    git(top, "rm", "-q", "--cached", "lib/b.py")
    snapshot = take(top, RUN)
    index = git(top, "write-tree").decode().strip()
    git(top, "reset", "-q", "--hard")
    git(top, "prune", "--expire=now")
    assert snapshot.index == index
    assert captured(top, snapshot)[b"a.py"] == ("file", b"on the disk\n")
    from atomci.guard.snapshot.store import open_store

    assert open_store(top, RUN).objects.git("show", f"{index}:a.py") == b"staged\n"


def test_the_commit_outlives_its_branch(top: Path) -> None:
    (top / "a.py").write_text("second\n")
    git(top, "commit", "-q", "-am", "second")
    snapshot, there = take(top, RUN), lying(top)
    git(top, "reset", "-q", "--hard", "HEAD~1")
    git(top, "reflog", "expire", "--expire=now", "--all")
    git(top, "gc", "-q", "--prune=now")
    assert captured(top, snapshot) == there


@pytest.mark.parametrize("autocrlf", ["false", "true", "input"])
def test_line_endings_filters_and_keywords(tmp_path: Path, autocrlf: str) -> None:
    top = new_tree(tmp_path / "project", {}, commit=False)
    git(top, "config", "core.autocrlf", autocrlf)
    git(top, "config", "filter.swap.clean", "tr a-z b-za")
    git(top, "config", "filter.swap.smudge", "tr b-za a-z")
    git(top, "config", "filter.swap.required", "true")
    (top / ".gitattributes").write_text(
        "*.dos text=auto\n*.swap filter=swap\n*.id ident\n*.w text eol=crlf\n"
    )
    (top / "x.dos").write_bytes(b"one\r\ntwo\r\n")
    (top / "y.swap").write_bytes(b"secret\n")
    (top / "z.id").write_bytes(b"$Id$\n")
    (top / "w.w").write_bytes(b"one\r\ntwo\n")
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "first")
    (top / "z.id").unlink()
    git(top, "checkout", "-q", "z.id")
    holds_all(top)
    (top / "x.dos").write_bytes(b"one\ntwo\r\n")
    (top / "y.swap").write_bytes(b"terces\n")
    holds_all(top)


def test_no_filter_runs(top: Path) -> None:
    git(top, "config", "filter.spy.clean", "touch ran; cat")
    (top / ".gitattributes").write_text("*.py filter=spy\n")
    (top / "a.py").write_text("a = 3\n")
    holds_all(top)
    assert not (top / "ran").exists()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_names_that_are_not_text(top: Path) -> None:
    for name in (b"caf\xe9", b"new\nline", b'quo"te', b"tab\t", b" space ", b":(glob)*", b"-v"):
        (top / os.fsdecode(name)).write_bytes(name)
        (top / "lib" / os.fsdecode(name)).mkdir()
        (top / "lib" / os.fsdecode(name) / "x").write_bytes(name)
    holds_all(top)
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "second")
    for path in top.rglob("x"):
        path.write_bytes(b"changed")
    holds_all(top)


def test_an_edit_of_the_same_size_in_the_same_second(top: Path) -> None:
    for number in range(5):
        (top / "a.py").write_text(f"a = {number}\n")
        git(top, "add", "a.py")
        (top / "a.py").write_text(f"b = {number}\n")
        snapshot = take(top, f"20260101T00000{number}")
        assert captured(top, snapshot)[b"a.py"] == ("file", f"b = {number}\n".encode())


def test_no_commit_yet_and_nobody_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    top = new_tree(tmp_path / "project", FIRST, commit=False)
    git(top, "add", "a.py")
    holds_all(top)
    assert take(top, RUN).head is None


def test_nothing_at_all(tmp_path: Path) -> None:
    holds_all(new_tree(tmp_path / "project", {}, commit=False))


def test_what_git_was_told_not_to_look_at(top: Path) -> None:
    git(top, "update-index", "--assume-unchanged", "a.py")
    git(top, "update-index", "--skip-worktree", "lib/b.py")
    (top / "a.py").write_text("unseen\n")
    (top / "lib/b.py").write_text("unseen too\n")
    holds_all(top)


def test_a_sparse_checkout(top: Path) -> None:
    (top / "lib/d.py").write_text("d\n")
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "second")
    git(top, "sparse-checkout", "set", "--no-cone", "/a.py")
    (top / "lib").mkdir(exist_ok=True)
    (top / "lib/c.py").write_text("there again\n")
    holds_all(top)


def test_nested_repositories_and_submodules(tmp_path: Path, top: Path) -> None:
    other = new_tree(tmp_path / "other", {"s.py": "s\n", "in/t.py": "t\n"})
    git(top, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    git(top, "commit", "-q", "-m", "with a submodule")
    new_tree(top / "vendor/nested", {"n.py": "n\n", "x.log": "x"})
    (top / "vendor/nested/n.py").write_text("changed\n")
    (top / "sub/s.py").write_text("changed\n")
    (top / "sub/untracked").write_text("u")
    holds_all(top)
    assert take(top, RUN).nested == ("sub", "vendor/nested")


def test_a_submodule_that_is_not_there_or_has_become_something_else(tmp_path: Path, top: Path) -> None:
    other = new_tree(tmp_path / "other", {"s.py": "s\n"})
    for name in ("absent", "file", "gone", "plain"):
        git(top, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), name)
    git(top, "commit", "-q", "-m", "with submodules")
    git(top, "submodule", "deinit", "-q", "-f", "--all")
    (top / "file").rmdir()
    (top / "file").write_text("a file now")
    (top / "gone").rmdir()
    (top / "plain/x").write_text("no repository")
    holds_all(top)


def test_a_linked_working_tree(tmp_path: Path, top: Path) -> None:
    git(top, "worktree", "add", "-q", str(tmp_path / "linked"))
    linked = tmp_path / "linked"
    (linked / "a.py").write_text("elsewhere\n")
    before = users_git(top)
    snapshot = take(linked, RUN)
    assert captured(linked, snapshot) == lying(linked)
    assert users_git(top) == before
    assert (top / ".git/atomci-snapshots" / RUN / "before.json").is_file()


def test_conflicts(top: Path) -> None:
    git(top, "checkout", "-q", "-b", "other")
    (top / "a.py").write_text("theirs\n")
    git(top, "commit", "-q", "-am", "theirs")
    git(top, "checkout", "-q", "main")
    (top / "a.py").write_text("ours\n")
    git(top, "commit", "-q", "-am", "ours")
    with pytest.raises(Exception, match="exit status 1"):
        git(top, "merge", "-q", "other")
    holds_all(top)
    assert take(top, RUN).index is None


def test_what_is_left_out_is_named(top: Path) -> None:
    (top / "huge.bin").write_bytes(bytes(3000))
    (top / "env").mkdir()
    for number in range(5):
        (top / f"env/{number}").write_text("x")
    (top / "many").mkdir()
    for number in range(12):
        (top / f"many/{number}").write_text("x")
    os.mkfifo(top / "pipe")
    (top / "folder").mkdir()
    os.mkfifo(top / "folder/pipe")
    limits = Limits(file_bytes=2000, folder_files=10, ignored_folder_files=4)
    snapshot = take(top, RUN, limits=limits)
    reasons = {row.path: row.reason for row in snapshot.left_out}
    assert reasons == {
        "huge.bin": "it is larger than 0.002 MB",
        "env": "it holds more than 4 files",
        "many": "it holds more than 10 files",
        "folder/pipe": "it is neither file nor link",
    }
    assert captured(top, snapshot).keys() == {os.fsencode(path) for path in FIRST}


def test_all_together_may_not_be_too_large(top: Path) -> None:
    for number in range(5):
        (top / f"{number}.bin").write_bytes(bytes(1000))
    snapshot = take(top, RUN, limits=Limits(total_bytes=3500))
    assert [row.path for row in snapshot.left_out] == ["3.bin", "4.bin"]


def test_a_file_that_git_tracks_is_captured_whatever_its_size(top: Path) -> None:
    (top / "a.py").write_bytes(bytes(3000))
    snapshot = take(top, RUN, limits=Limits(file_bytes=10, total_bytes=10))
    assert captured(top, snapshot)[b"a.py"] == ("file", bytes(3000))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_named(top: Path) -> None:
    (top / "closed").write_text("x")
    (top / "closed").chmod(0)
    (top / "shut").mkdir(mode=0)
    snapshot = take(top, RUN)
    (top / "shut").chmod(0o700)
    assert [(row.path, row.reason) for row in snapshot.left_out] == [
        ("closed", "it can't be read: Permission denied"),
        ("shut", "it can't be read: Permission denied"),
    ]


def test_permissions_of_what_no_commit_holds(top: Path) -> None:
    (top / ".env").write_text("TOKEN=1\n")
    (top / ".env").chmod(0o600)
    assert [file.permissions for file in take(top, RUN).files] == [0o600]


def test_records_of_sessions_are_no_part_of_the_work(top: Path) -> None:
    (top / "artifacts/cli_runs/codex/x").mkdir(parents=True)
    (top / "artifacts/cli_runs/codex/x/stdout.log").write_text("x")
    (top / "artifacts/own").write_text("mine")
    assert [file.path for file in take(top, RUN).files] == ["artifacts/own"]


def test_outside_a_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="isn't in a git repository, and a snapshot needs one"):
        take(tmp_path, RUN)
    with pytest.raises(UsageError, match="isn't the name of a run"):
        take(tmp_path, "../../x")
