"""An undo puts back what a run changed, loses nothing that was changed since, and can be undone."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Done, call
from tree_world import git, lying, new_tree, users_git

from atomci.artifacts.handed.snapshots import Undone, UndoRow
from atomci.errors import AtomciError, RefusedError, UsageError
from atomci.guard.snapshot import restore
from atomci.guard.snapshot.store import REFERENCES, SnapshotStore, forget_old, runs_of
from atomci.guard.snapshot.take import Limits, take
from atomci.guard.snapshot.undo import UndoRequest, undo
from atomci.tools.git.repository import open_repository

RUN, UNDO, AGAIN = "20260101T000000-abc", "20260102T000000-abc", "20260103T000000-abc"
LIMITS = Limits()
TEXT = "".join(f"line {number}\n" for number in range(12))
FIRST = {"a.py": TEXT, "lib/b.py": "b = 1\n", "lib/c.py": "c = 1\n", ".gitignore": "*.log\nenv/\n"}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with a commit, and files that no commit holds."""
    top = new_tree(tmp_path / "project", FIRST)
    (top / ".env").write_text("TOKEN=1\n")
    (top / ".env").chmod(0o600)
    (top / "run.log").write_text("ignored\n")
    (top / "empty").mkdir()
    (top / "lib/b.py").write_text("b = 2\n")
    return top


def session(top: Path, work: Callable[[], object], run: str = RUN, limits: Limits = LIMITS) -> None:
    """What a session leaves of snapshots."""
    take(top, run, "before", limits)
    work()
    take(top, run, "after", limits)


def ruin(top: Path) -> None:
    """What a session can do to a tree."""
    (top / ".gitignore").unlink()
    (top / ".env").unlink()
    (top / "run.log").write_text("overwritten\n")
    (top / "lib/b.py").unlink()
    (top / "lib/c.py").unlink()
    (top / "lib").rmdir()
    (top / "lib").symlink_to("/")
    (top / "empty").rmdir()
    (top / "empty").write_text("a file now")
    (top / "a.py").unlink()
    (top / "a.py/deep").mkdir(parents=True)
    (top / "a.py/deep/new").write_text("x")
    (top / "new/folder").mkdir(parents=True)


def undone(top: Path, run: str = RUN, as_run: str = UNDO, *within: str, **other: bool) -> Undone:
    """Undo a run."""
    return undo(open_repository(top), UndoRequest(run, as_run, within, **other))


def modes(top: Path) -> dict[str, int]:
    files = (path for path in top.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.name: path.lstat().st_mode for path in files}


def test_all_of_it_and_the_undo_of_the_undo(top: Path) -> None:
    (top / "a.py").write_text("staged\n")
    git(top, "add", "a.py")
    before, permissions = lying(top), modes(top)
    session(top, lambda: ruin(top))
    after, own = lying(top), users_git(top)
    assert undone(top).done
    assert (lying(top), modes(top), users_git(top)) == (before, permissions, own)
    undone(top, UNDO, AGAIN)
    assert lying(top) == after
    undone(top, AGAIN, "20260104T000000-abc")
    assert lying(top) == before
    assert not (top / ".git/atomci-snapshots" / UNDO / "undo").exists()


def test_only_some_paths(top: Path) -> None:
    session(
        top, lambda: ((top / "a.py").unlink(), (top / "lib/c.py").unlink(), (top / "lib2").write_text("x"))
    )
    done = undone(top, RUN, UNDO, "lib")
    assert done.rows == (UndoRow(path="lib/c.py", what="written"),)
    assert not (top / "a.py").exists()
    assert (top / "lib2").exists()


def test_what_was_made_since_stays(top: Path) -> None:
    session(top, lambda: (top / "made").write_text("by the session"))
    (top / "mine").write_text("made since")
    (top / "run.log").write_text("changed since")
    (top / "lib/c.py").unlink()
    undone(top)
    assert not (top / "made").exists()
    assert (top / "mine").read_text() == "made since"
    assert (top / "run.log").read_text() == "changed since"
    assert not (top / "lib/c.py").exists()


def test_other_lines_that_were_changed_since_stay(top: Path) -> None:
    session(top, lambda: (top / "a.py").write_text(TEXT.replace("line 1\n", "one\n")))
    (top / "a.py").write_text((top / "a.py").read_text().replace("line 9\n", "mine\n"))
    rows = undone(top).rows
    assert [row.what for row in rows] == ["merged"]
    assert (top / "a.py").read_text() == TEXT.replace("line 9\n", "mine\n")


@pytest.mark.parametrize(
    ("work", "since", "reason"),
    [
        ("a.py=one\n", "a.py=two\n", "it was changed since"),
        ("made=one\n", "made=two\n", "it was changed since"),
        ("a.py=one\n", "a.py", "it was removed since"),
        ("a.py", "a.py=mine\n", "it was made since"),
        ("run.log=one\n", "run.log=\0", "it was changed since"),
    ],
)
def test_the_same_place_that_was_changed_since(top: Path, work: str, since: str, reason: str) -> None:
    def edit(text: str) -> None:
        path, _, content = text.partition("=")
        (top / path).write_text(content) if content else (top / path).unlink()

    before = lying(top)
    session(top, lambda: (edit(work), (top / "lib/c.py").unlink()))
    edit(since)
    now = lying(top)
    with pytest.raises(RefusedError, match=f"stays as it is: {reason}"):
        undone(top)
    assert lying(top) == now
    assert not (top / ".git/atomci-snapshots" / UNDO).exists()
    undone(top, overwrite=True)
    assert lying(top) == before
    undone(top, UNDO, AGAIN)
    assert lying(top) == now


def test_what_is_in_the_way_is_not_removed(top: Path) -> None:
    session(top, lambda: ((top / "lib/b.py").unlink(), (top / "lib/c.py").unlink(), (top / "lib").rmdir()))
    (top / "lib").symlink_to("..")
    with pytest.raises(RefusedError, match=r"lib/b\.py stays as it is: lib is in the way"):
        undone(top)
    (top / "lib").unlink()
    (top / "lib/b.py").mkdir(parents=True)
    (top / "lib/b.py/mine").write_text("x")
    with pytest.raises(RefusedError, match=r"lib/b\.py stays as it is: lib/b\.py/mine is in the way"):
        undone(top, overwrite=True)
    assert (top / "lib/b.py/mine").exists()


def test_what_no_snapshot_holds_is_named_and_never_removed(top: Path) -> None:
    limits = Limits(file_bytes=100, ignored_folder_files=2)
    (top / "big.bin").write_bytes(bytes(200))
    (top / "env").mkdir()
    for number in range(3):
        (top / f"env/{number}").write_text("x")

    def work() -> None:
        (top / "big.bin").write_bytes(bytes(300))
        (top / "own.bin").write_bytes(bytes(400))
        (top / "env/0").unlink()
        (top / "env/1").unlink()
        (top / ".gitignore").unlink()
        (top / "run.log").write_bytes(bytes(500))

    session(top, work, limits=limits)
    with pytest.raises(RefusedError, match=r"run\.log stays as it is: what is there now is too large"):
        undo(open_repository(top), UndoRequest(RUN, UNDO, limits=limits))
    (top / "run.log").write_text("short")
    done = undo(open_repository(top), UndoRequest(RUN, UNDO, overwrite=True, limits=limits))
    stays = {row.path: row.reason for row in done.rows if row.what == "stays"}
    assert stays == {
        "big.bin": "it was not captured before the run: it is larger than 0.0001 MB",
        "own.bin": "it is not captured: it is larger than 0.0001 MB",
        "run.log": "it is not captured: it is larger than 0.0001 MB",
    }
    assert (top / "big.bin").stat().st_size == 300
    assert (top / "env/2").exists()
    assert (top / ".gitignore").exists()
    assert (top / "run.log").read_text() == "ignored\n"


def test_permissions_come_back(top: Path) -> None:
    session(top, lambda: ((top / ".env").chmod(0o644), (top / "lib/c.py").chmod(0o755)))
    assert {row.path: row.what for row in undone(top).rows} == {".env": "mode", "lib/c.py": "mode"}
    assert (top / ".env").stat().st_mode & 0o777 == 0o600
    assert not (top / "lib/c.py").stat().st_mode & 0o100


def test_line_endings_come_back(tmp_path: Path) -> None:
    top = new_tree(tmp_path / "project", {".gitattributes": "* text=auto\n", "dos.txt": b"a\r\nb\r\n"})
    before = lying(top)
    session(top, lambda: ((top / "dos.txt").write_bytes(b"a\nb\n"), (top / ".gitattributes").unlink()))
    undone(top)
    assert lying(top) == before


def test_a_run_whose_end_nobody_saw(top: Path) -> None:
    before = lying(top)
    take(top, RUN)
    ruin(top)
    with pytest.raises(RefusedError, match="nobody saw the end of"):
        undone(top)
    assert undone(top, dry=True).rows
    undone(top, overwrite=True)
    assert lying(top) == before


def test_commits_of_the_run_and_the_repository_of_a_folder_are_told(top: Path) -> None:
    new_tree(top / "vendor", {"v": "v"})
    before = lying(top)

    def work() -> None:
        import shutil

        git(top, "commit", "-q", "-am", "by the session")
        shutil.rmtree(top / "vendor")

    session(top, work)
    git(top, "reflog", "expire", "--expire=now", "--all")
    git(top, "gc", "-q", "--prune=now")
    notes = undone(top).notes
    assert lying(top) == before
    assert notes[0].startswith("HEAD stays where the run moved it; to move it back: git reset --soft ")
    assert notes[1:] == ("vendor was a repository of its own, and its .git isn't captured",)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize("steps", range(0, 9, 3))
def test_broken_off_after_some_steps_and_run_again(
    top: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    before = lying(top)
    session(top, lambda: ruin(top))
    after, put, done = lying(top), restore.put, iter(range(steps))

    def put_or_die(source: Path | None, target: Path, root: Path) -> None:
        if next(done, None) is None:
            os._exit(9)
        put(source, target, root)

    monkeypatch.setattr(restore, "put", put_or_die)
    monkeypatch.setattr(SnapshotStore, "drop", lambda self: None)  # as where all is killed
    with pytest.raises(AtomciError):
        undone(top)
    monkeypatch.undo()
    undone(top, RUN, AGAIN)
    assert lying(top) == before
    undone(top, UNDO, "20260104T000000-abc")
    assert lying(top) == after


@pytest.mark.parametrize("steps", [0, 2, 5])
def test_a_full_disk_changes_nothing(top: Path, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    session(top, lambda: ruin(top))
    after, put, done = lying(top), restore.put, iter(range(steps))

    def put_or_lack(source: Path | None, target: Path, root: Path) -> None:
        if "new" in str(source) and next(done, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        put(source, target, root)

    monkeypatch.setattr(restore, "put", put_or_lack)
    with pytest.raises(AtomciError, match="No space left"):
        undone(top)
    assert lying(top) == after
    assert not (top / ".git/atomci-snapshots" / UNDO).exists()


def test_a_file_that_is_written_meanwhile_is_left_alone(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session(top, lambda: ruin(top))
    prepare = restore.prepare

    def late(*words: object) -> None:
        (top / "run.log").write_text("at this very moment")
        prepare(*words)  # type: ignore[arg-type]

    monkeypatch.setattr("atomci.guard.snapshot.switching.prepare", late)
    with pytest.raises(AtomciError, match=r"run\.log changed meanwhile"):
        undone(top)
    assert (top / "run.log").read_text() == "at this very moment"


def test_a_run_of_another_worktree_changes_nothing_here(tmp_path: Path, top: Path) -> None:
    git(top, "worktree", "add", "-q", str(tmp_path / "linked"))
    session(tmp_path / "linked", (tmp_path / "linked/a.py").unlink)
    with pytest.raises(RefusedError, match="nothing of it was brought here"):
        undone(top)
    top.rename(tmp_path / "moved")
    git(tmp_path / "moved", "worktree", "repair", str(tmp_path / "linked"))
    undone(tmp_path / "linked")
    assert (tmp_path / "linked/a.py").exists()


def test_a_checkout_that_was_moved(tmp_path: Path, top: Path) -> None:
    session(top, (top / "a.py").unlink)
    top.rename(tmp_path / "moved")
    undone(tmp_path / "moved")
    assert (tmp_path / "moved/a.py").exists()


def test_an_unknown_run(top: Path) -> None:
    session(top, lambda: None)
    session(top, lambda: None, "20260101T000000-def")
    for name, problem in (
        ("2027", "no run"),
        ("2026", "several runs"),
        ("", "several runs"),
        ("../x", "no run"),
    ):
        with pytest.raises(UsageError, match=problem):
            undone(top, name)


def test_a_run_that_is_dropped_leaves_nothing(top: Path) -> None:
    own = sorted(path for path in (top / ".git").rglob("*") if path.is_file())
    session(top, lambda: ruin(top))
    assert git(top, "for-each-ref", REFERENCES)
    SnapshotStore(open_repository(top), RUN).drop()
    assert sorted(path for path in (top / ".git").rglob("*") if path.is_file()) == own


def test_snapshots_are_kept_for_a_while(tmp_path: Path, top: Path) -> None:
    own = lying(top)
    git(top, "worktree", "add", "-q", str(tmp_path / "linked"))
    for run in ("20200101T000000-old", "20990101T000000-new"):
        session(top, lambda: None, run)
    take(tmp_path / "linked", "20200101T000000-work")
    forget_old(open_repository(top))
    assert [store.run for store in runs_of(open_repository(top))] == [
        "20990101T000000-new",
        "20200101T000000-work",
    ]
    assert git(top, "for-each-ref", f"{REFERENCES}/20200101T000000-old") == b""
    git(top, "worktree", "remove", "--force", str(tmp_path / "linked"))
    (top / ".git/atomci-snapshots/20200101T000000-work/before.json").write_text("{")
    forget_old(open_repository(top))
    assert [store.run for store in runs_of(open_repository(top))] == ["20990101T000000-new"]
    assert lying(top) == own


class TestCommand:
    """`atomci undo`."""

    @pytest.fixture
    def typed(self, top: Path) -> Callable[..., Done]:
        session(top, lambda: ruin(top))
        return lambda *words: call(("undo", *words), top, dict(os.environ))

    def test_it_lists_shows_and_does(self, top: Path, typed: Callable[..., Done]) -> None:
        assert typed("--list").out == f"  {RUN}  session, 9 paths changed\n"
        shown = typed(RUN, "--dry-run")
        assert shown.out.endswith("  removed  lib\n  written  lib/b.py\n  written  lib/c.py\n  written  run.log\n"
                                  "nothing was changed (--dry-run)\n")  # fmt: skip
        assert (top / "lib").is_symlink()
        done = typed(RUN[:10], "--json")
        assert (done.code, done.events[0]["done"]) == (0, True)
        assert [json.loads(line)["why"] for line in typed("--list", "--json").out.splitlines()] == [
            f"undo of {RUN}",
            "",
        ]
        assert typed(RUN).out == "nothing to do: what the run changed is as it was\n"

    def test_what_it_refuses(self, top: Path, typed: Callable[..., Done]) -> None:
        (top / "run.log").write_text("since")
        refused = typed(RUN)
        assert (refused.code, refused.out) == (4, "")
        assert "run.log stays as it is: it was changed since" in refused.err
        assert typed(RUN, "/etc").code == typed().code == typed("x").code == 2
