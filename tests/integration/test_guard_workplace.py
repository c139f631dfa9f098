"""A session's worktree: it holds what the checkout holds, and goes without a trace."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from atomci.errors import InfrastructureError, RefusedError
from atomci.guard.workplace import worktree
from atomci.guard.workplace.place import home_of_places

IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@b.c",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@b.c",
}


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "protocol.file.allow=always", *words]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **IDENTITY}, capture_output=True, text=True, check=True
    )
    return done.stdout


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """All files and links below, with mode and bytes, but what `.git` of a worktree says."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = (0, os.fsencode(path.readlink()))
        elif path.is_file():
            found[str(path.relative_to(folder))] = (path.stat().st_mode, path.read_bytes())
    return found


def files_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {name: entry for name, entry in contents(folder).items() if name.split("/")[0] != ".git"}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a change of every kind: staged, unstaged, deleted, untracked, ignored, a link, a mode, CRLF."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    root = tmp_path / "check out"
    (root / "folder").mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "core.autocrlf", "input")
    for name in ("kept", "staged", "edited", "deleted", "folder/inside", "turned/file"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(f"{name}\n")
    (root / ".gitignore").write_text("ignored\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    (root / "staged").write_text("staged again\n")
    git(root, "add", "staged")
    (root / "edited").write_bytes(b"with CRLF\r\n")
    (root / "deleted").unlink()
    (root / "new").write_text("new\n")
    (root / "new").chmod(0o755)
    (root / "link").symlink_to("kept")
    (root / "ignored").write_text("ignored\n")
    (root / "turned/file").unlink()
    (root / "turned").rmdir()
    (root / "turned").symlink_to("folder")
    (root / "folder/file").write_text("not the one that was tracked\n")
    return root


def test_it_holds_what_the_checkout_holds_and_git_sees_the_same_changes(checkout: Path) -> None:
    place = worktree.make(checkout, "20260101T000000-aaaa")
    expected = files_of(checkout)
    del expected["ignored"]
    assert files_of(place.tree) == expected
    assert git(place.tree, "status", "--porcelain") == git(checkout, "status", "--porcelain")
    assert git(place.tree, "diff", "--cached") == git(checkout, "diff", "--cached")
    assert not place.tree.is_relative_to(checkout)


def test_it_goes_without_a_trace(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "status")
    before = contents(checkout)
    place = worktree.make(checkout, "20260101T000000-aaaa")
    assert "20260101T000000-aaaa" in git(checkout, "worktree", "list")
    (place.tree / "shut/in").mkdir(parents=True)
    (place.tree / "shut/in/file").write_text("left by the program\n")
    (place.tree / "shut/in").chmod(0o500)
    (place.tree / "shut").chmod(0)
    worktree.remove(place)
    assert contents(checkout) == before
    assert not (tmp_path / "state/atomci").exists()


def test_what_the_program_writes_into_its_git_file_leads_removal_nowhere(checkout: Path) -> None:
    other = worktree.make(checkout, "20260101T000000-aaaa")
    place = worktree.make(checkout, "20260101T000000-bbbb")
    assert other.admin is not None
    (place.tree / ".git").write_text(f"gitdir: {other.admin}\n")
    found = worktree.find(checkout, "20260101T000000-bbbb")
    assert found == place
    worktree.remove(place)
    assert other.admin.is_dir()
    assert worktree.kept(checkout) == ["20260101T000000-aaaa"]


def test_no_hook_and_no_filter_of_the_checkout_runs(checkout: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    hook = checkout / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{ran}'\n")
    hook.chmod(0o755)
    (checkout / ".gitattributes").write_text("* filter=loud\n")
    for direction in ("smudge", "clean"):
        git(checkout, "config", f"filter.loud.{direction}", f"touch '{ran}'; cat")
    worktree.make(checkout, "20260101T000000-aaaa")
    assert not ran.exists()


def test_files_of_a_submodule_come_and_its_git_does_not(checkout: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "file").write_text("inner\n")
    git(inner, "add", "-A")
    git(inner, "commit", "-qm", "inner")
    git(checkout, "submodule", "--quiet", "add", str(inner), "sub")
    (checkout / "sub/file").write_text("edited\n")
    place = worktree.make(checkout, "20260101T000000-aaaa")
    assert (place.tree / "sub/file").read_text() == "edited\n"
    assert not (place.tree / "sub/.git").exists()
    assert git(checkout, "-C", "sub", "status", "--porcelain") == " M file\n"


@pytest.mark.parametrize("step", ["_take_index", "bring"])
def test_one_that_cannot_be_made_whole_leaves_nothing(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = contents(checkout)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(worktree, step, full)
    with pytest.raises(InfrastructureError, match="No space left"):
        worktree.make(checkout, "20260101T000000-aaaa")
    assert contents(checkout) == before
    assert not (tmp_path / "state/atomci").exists()


def test_what_cannot_be_removed_is_told_with_what_to_type_and_git_knows_it_no_more(checkout: Path) -> None:
    place = worktree.make(checkout, "20260101T000000-aaaa")
    deep = "import os\nfor _ in range(1200): os.mkdir('d'); os.chdir('d')"
    subprocess.run([sys.executable, "-c", deep], cwd=place.scratch, check=True)
    with pytest.raises(InfrastructureError) as failed:
        worktree.remove(place)
    assert failed.value.hint == f"rm -rf {place.folder}"
    assert "20260101T000000-aaaa" not in git(checkout, "worktree", "list")
    assert worktree.make(checkout, "20260101T000000-bbbb").tree.is_dir()
    subprocess.run(["rm", "-rf", str(place.folder)], check=True)


def test_more_untracked_files_than_can_be_copied_are_refused_by_name(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(checkout / ".git")
    with (checkout / "model.bin").open("wb") as file:
        file.truncate(3_000_000_000)
    with pytest.raises(RefusedError) as refused:
        worktree.make(checkout, "20260101T000000-aaaa")
    assert "3.0 GB, model.bin most of all" in refused.value.message
    assert refused.value.hint == "echo /model.bin >> .gitignore, or add --in-place"
    assert contents(checkout / ".git") == before


@pytest.mark.parametrize("make", [worktree.make, worktree.in_place])
def test_a_repository_that_holds_the_home_is_refused(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path, str], object]
) -> None:
    monkeypatch.setenv("HOME", str(checkout / "folder"))
    with pytest.raises(RefusedError, match="holds your whole home"):
        make(checkout, "20260101T000000-aaaa")


_KILLED = """
import os, signal, sys
from pathlib import Path
from atomci.guard.workplace import worktree
if sys.argv[2] == "half":
    worktree.bring = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
make = worktree.in_place if sys.argv[2] == "in place" else worktree.make
place = make(Path(sys.argv[1]), "20260101T000000-dead")
(place.scratch / "login").write_text("secret")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("when", "kept"), [("half", False), ("in place", False), ("whole", True)])
def test_what_a_killed_session_left_goes_with_the_next_one_but_for_its_work(
    checkout: Path, when: str, kept: bool
) -> None:
    before = contents(checkout / ".git")
    subprocess.run([sys.executable, "-c", _KILLED, str(checkout), when], check=False)
    running = worktree.make(checkout, "20260101T000000-aaaa")
    worktree.make(checkout, "20260101T000000-bbbb")
    assert running.scratch.is_dir()
    dead = running.folder.with_name("20260101T000000-dead")
    assert dead.exists() == kept
    assert not (dead / "scratch").exists()
    assert ("20260101T000000-dead" in worktree.kept(checkout)) == kept
    for run in worktree.kept(checkout):
        place = worktree.find(checkout, run)
        assert place is not None
        worktree.remove(place)
    assert contents(checkout / ".git") == before


def test_a_repository_without_a_commit_is_told_what_to_do(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    with pytest.raises(RefusedError) as refused:
        worktree.make(tmp_path, "20260101T000000-aaaa")
    assert "--in-place" in refused.value.hint
    assert not list(home_of_places().glob(f"{tmp_path.name}-*"))


def test_a_session_in_a_lent_one_takes_away_only_its_own_folder(checkout: Path) -> None:
    place = worktree.make(checkout, "20260101T000000")
    lent = worktree.lend(place, "20260101T000001")
    (lent.scratch / "note").write_text("temporary\n")
    (lent.tree / ".git").write_text("gitdir: /elsewhere\n")

    worktree.clear(lent)

    assert (lent.tree, lent.scratch.exists(), place.scratch.is_dir()) == (place.tree, False, True)
    assert git(place.tree, "rev-parse", "HEAD") == git(checkout, "rev-parse", "HEAD")
    worktree.remove(lent)
    assert (lent.folder.exists(), (place.tree / "kept").read_text()) == (False, "kept\n")
    worktree.remove(place)


def test_a_passing_one_of_a_killed_process_goes_with_the_next_session(checkout: Path) -> None:
    code = "import os, sys\nfrom pathlib import Path\nfrom atomci.guard.workplace import worktree\n"
    code += "print(worktree.make(Path('.'), '20260101T000000', passing=True).tree, flush=True)\nos._exit(9)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=False
    )
    tree = Path(done.stdout.strip())
    assert tree.is_dir()

    place = worktree.make(checkout, "20260101T000001")

    assert not tree.exists()
    assert [line.split()[0] for line in git(checkout, "worktree", "list").splitlines()] == [
        str(checkout).split()[0],
        str(place.tree).split()[0],
    ]
    worktree.remove(place)
