"""What a session changed is shown, brought to the checkout, put on a branch, or dropped; nothing half."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Done, call
from tree_world import git, lying, new_tree, users_git

from atomci.guard.snapshot.take import Limits, take
from atomci.guard.workplace import worktree
from atomci.guard.workplace.place import Workplace

RUN = "20260101T000000-abc"
TEXT = "".join(f"line {number}\n" for number in range(12))
FIRST = {
    "a.py": TEXT,
    "lib/b.py": "b = 1\n",
    "lib/c.py": "c = 1\n",
    "tool.sh": "echo\n",
    ".gitignore": "*.log\n__pycache__/\n",
    ".gitattributes": "*.txt text=auto\n",
    "dos.txt": b"a\r\nb\r\n",
}


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with edits that no commit holds."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    top = new_tree(tmp_path / "project", FIRST)
    (top / "lib/b.py").write_text("b = 2\n")
    (top / "untracked.py").write_text("mine\n")
    git(top, "add", "lib/b.py")
    (top / "lib/b.py").write_text("b = 3\n")
    return top


@pytest.fixture
def session(top: Path) -> Callable[[Callable[[Path], object]], Workplace]:
    """A session in a worktree that does something."""

    def run(work: Callable[[Path], object]) -> Workplace:
        place = worktree.make(top, RUN)
        take(place.tree, RUN, "before", git_dir=place.admin)
        work(place.tree)
        take(place.tree, RUN, "after", git_dir=place.admin)
        return place

    return run


def usual(tree: Path) -> None:
    """What a session does to a tree."""
    (tree / "a.py").write_text(TEXT.replace("line 1\n", "one\n"))
    (tree / "lib/c.py").unlink()
    (tree / "new").mkdir()
    (tree / "new/conftest.py").write_text("x = 1\n")
    (tree / "tool.sh").chmod(0o755)
    (tree / "out").symlink_to("../elsewhere")
    (tree / "dos.txt").write_bytes(b"a\r\nb\r\nc\r\n")
    (tree / "run.log").write_text("ignored\n")


def guard(top: Path, *words: str) -> Done:
    return call(("guard", *words), top, dict(os.environ))


def test_it_is_shown_with_what_should_be_read(top: Path, session: Callable[..., Workplace]) -> None:
    place = session(usual)
    done = guard(top, "show", RUN, "--scope", "lib", "--scope", "*.py")
    assert (done.code, done.out) == (
        1,
        "  modified  a.py  +1 -1\n"
        "  modified  dos.txt  +1 -0\n"
        "            not asked for\n"
        "  deleted   lib/c.py  +0 -1\n"
        "  added     new/conftest.py  +1 -0\n"
        "            read it: Python or pytest runs it\n"
        "  added     out  +1 -0\n"
        "            read it: it leads out of the project\n"
        "            not asked for\n"
        "  mode      tool.sh  +0 -0\n"
        "            read it: it can be run\n"
        "            not asked for\n"
        "  and 1 that git ignores\n"
        f"in {place.tree}\n",
    )
    shown = guard(top, "show", RUN[:12], "--json").events[0]
    assert [row["change"]["path"] for row in shown["changes"] if row["eyes"]] == [
        "new/conftest.py",
        "out",
        "tool.sh",
    ]
    assert "+one\n" in guard(top, "show", RUN, "--patch").out


def test_it_is_brought_to_the_checkout_beside_what_was_done_there(
    top: Path, session: Callable[..., Workplace]
) -> None:
    session(usual)
    (top / "a.py").write_text(TEXT.replace("line 9\n", "mine\n"))
    (top / "since.py").write_text("since\n")
    before, own = lying(top), users_git(top)
    assert guard(top, "apply", RUN, "--dry-run").out.endswith("nothing was changed (--dry-run)\n")
    assert lying(top) == before
    done = guard(top, "apply", RUN, "--json").events[0]
    assert (done["done"], done["ignored"]) == (True, ["run.log"])
    assert (top / "a.py").read_text() == TEXT.replace("line 9\n", "mine\n").replace("line 1\n", "one\n")
    assert (top / "dos.txt").read_bytes() == b"a\r\nb\r\nc\r\n"
    assert os.access(top / "tool.sh", os.X_OK)
    assert not (top / "lib/c.py").exists()
    assert not (top / "run.log").exists()
    assert users_git(top) == own
    assert (
        guard(top, "apply", RUN).out
        == "  1 that git ignores stay behind\nnothing to do: it is here already\n"
    )
    undone = call(("undo", RUN), top, dict(os.environ))
    assert (undone.code, lying(top)) == (0, before)


def test_where_both_changed_the_same_lines_nothing_is_brought(
    top: Path, session: Callable[..., Workplace]
) -> None:
    session(usual)
    (top / "a.py").write_text(TEXT.replace("line 1\n", "mine\n"))
    before, own = lying(top), users_git(top)
    done = guard(top, "apply", RUN)
    assert (done.code, done.out) == (4, "")
    assert "a.py isn't brought, and so nothing is: it was changed since" in done.err
    assert (lying(top), users_git(top)) == (before, own)


def test_it_is_put_on_a_branch(top: Path, session: Callable[..., Workplace], tmp_path: Path) -> None:
    for hook in ("reference-transaction", "post-commit", "pre-commit", "commit-msg", "prepare-commit-msg"):
        (top / ".git/hooks" / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (top / ".git/hooks" / hook).chmod(0o755)
    session(usual)
    before, own, head = lying(top), users_git(top), git(top, "rev-parse", "HEAD")
    record = top / "artifacts/cli_runs/codex" / RUN
    made = guard(top, "branch", RUN, "--topic", "one", "-m", "Mend a", "--json").events[0]
    assert made["branch"] == "fix/one"
    assert git(top, "rev-parse", "fix/one~1") == head == git(top, "rev-parse", "HEAD")
    changed = git(top, "diff", "--name-status", "HEAD", "fix/one").decode().split("\n")
    assert changed == [
        "M\ta.py",
        "M\tdos.txt",
        "D\tlib/c.py",
        "A\tnew/conftest.py",
        "A\tout",
        "M\ttool.sh",
        "",
    ]
    assert git(top, "show", "fix/one:dos.txt") == b"a\nb\nc\n"
    message = git(top, "log", "-1", "--format=%B", "fix/one")
    read = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=message, capture_output=True, check=True
    ).stdout.decode()
    assert read.splitlines()[0] == f"Atomci-Run: {RUN}"
    assert len(read.splitlines()) == 4
    assert b"Signed-off-by" not in message
    assert git(top, "log", "-1", "--format=%an <%ae> %cn", "fix/one") == b"Ada <ada@example.org> Ada\n"
    assert lying(top) == before
    new = {path for path in users_git(top) if path not in own}
    assert all(path.startswith(("objects/", "refs/heads/fix/", "logs/refs/heads/fix/")) for path in new)
    assert {path: users_git(top)[path] for path in own} == own
    assert not (tmp_path / "ran").exists()
    assert not record.exists()
    again = guard(top, "branch", RUN, "--topic", "one")
    assert (again.code, "there is a branch fix/one" in again.err) == (4, True)
    assert guard(top, "branch", RUN, "--topic", "a..b").code == 4
    git(top, "fsck", "--strict")


def test_a_branch_outlives_its_session(top: Path, session: Callable[..., Workplace]) -> None:
    place = session(usual)
    guard(top, "branch", RUN)
    assert guard(top, "drop", RUN).out == f"dropped {RUN}\n"
    assert not place.folder.exists()
    assert git(top, "worktree", "list").count(b"\n") == 1
    git(top, "gc", "-q", "--prune=now")
    git(top, "fsck", "--strict")
    assert git(top, "show", f"fix/{RUN}:a.py").decode() == TEXT.replace("line 1\n", "one\n")
    assert guard(top, "show", RUN).code == 2


def test_edits_that_no_commit_holds_are_not_committed(top: Path, session: Callable[..., Workplace]) -> None:
    def work(tree: Path) -> None:
        (tree / "lib/c.py").write_text("c = 2\n")
        (tree / "lib/b.py").write_text("b = 4\n")

    session(work)
    refused = guard(top, "branch", RUN)
    assert refused.code == 4
    assert "lib/b.py: the session went on from edits that no commit holds" in refused.err
    assert b"fix/" not in git(top, "for-each-ref")


def test_the_worktree_is_not_asked_where_its_repository_is(
    top: Path, tmp_path: Path, session: Callable[..., Workplace]
) -> None:
    evil = new_tree(tmp_path / "evil", {"x": "x"})
    git(evil, "config", "core.fsmonitor", f"touch {tmp_path}/ran")
    git(evil, "config", "core.worktree", str(top))

    def work(tree: Path) -> None:
        (tree / ".git").write_text(f"gitdir: {evil}/.git\n")
        (tree / "a.py").write_text("changed\n")

    place = session(work)
    shown = guard(top, "show", RUN, "--json").events[0]
    assert [row["change"]["path"] for row in shown["changes"]] == ["a.py"]
    assert shown["place"] == str(place.tree)
    assert not (tmp_path / "ran").exists()
    assert not (evil / ".git/atomci-snapshots").exists()


def test_a_session_that_was_killed_is_seen_as_its_worktree_is(top: Path) -> None:
    place = worktree.make(top, RUN)
    take(place.tree, RUN, "before", Limits(), git_dir=place.admin)
    usual(place.tree)
    assert guard(top, "apply", RUN).code == 0
    assert not (top / "lib/c.py").exists()


def test_what_worked_in_the_checkout_is_there_already(top: Path) -> None:
    take(top, RUN)
    usual(top)
    take(top, RUN, "after")
    done = guard(top, "apply", RUN)
    assert (done.code, "worked in this checkout" in done.err) == (4, True)
    assert guard(top, "show", RUN).code == 1
    assert guard(top, "show", "2027").code == guard(top, "drop", "../..").code == 2
    assert json.loads(guard(top, "show", RUN, "--json").out)["place"] == str(top)
