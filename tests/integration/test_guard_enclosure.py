"""A program in its place and within its bounds: what it finds there, and what is left afterwards."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from atomci.errors import RefusedError
from atomci.guard import enclosure
from atomci.guard.confinement import choice
from atomci.guard.confinement.bounds import Backend
from atomci.guard.enclosure import Enclosure, enclose
from atomci.guard.outside import changed_outside, seen_outside
from atomci.guard.snapshot.take import take
from atomci.guard.workplace import worktree
from atomci.project import Project
from atomci.tools.git.client import Git
from atomci.tools.running import start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the back-ends are those of Linux")
BACKENDS = {backend.NAME: backend for backend in choice.BACKENDS if backend.NAME != "sandbox-exec"}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    (home / ".claude/projects").mkdir(parents=True)
    (home / ".claude/.credentials.json").write_text("login")
    (home / ".claude.json").write_text("{}")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    root = tmp_path / "repo"
    (root / "sub").mkdir(parents=True)
    (root / "sub/file").write_text("tracked\n")
    git = Git(
        root, {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    )
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "first")):
        git(*words)
    return root


def enclosed(root: Path, line: str, run: str = "20260101T000000-aaaa", **options: object) -> Enclosure:
    around = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    asked: dict[str, object] = {"tool": "generic", "around": around, **options}
    return enclose(Project(root), run, ("/bin/sh", "-c", line), root / "sub", **asked)  # type: ignore[arg-type]


def printed(made: Enclosure) -> str:
    program = start(made.program.argv, made.program.cwd, made.program.environment)
    try:
        out = program.stdout.read().decode() + program.stderr.read().decode()
        program.wait(30)
    finally:
        program.end()
    return out


def listing(folder: Path) -> Mapping[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("in_place", [False, True])
def test_a_session_that_does_nothing_leaves_nothing(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, in_place: bool
) -> None:
    monkeypatch.setattr(enclosure, "confined", _only(BACKENDS[name]))
    before = {part: listing(tmp_path / part) for part in ("home", "repo")}
    made = enclosed(checkout, "git status --porcelain", in_place=in_place, tool="claude")
    assert printed(made) == ""
    assert made.end() == ()
    worktree.remove(made.place)
    assert {part: listing(tmp_path / part) for part in ("home", "repo")} == before
    assert not (tmp_path / "state/atomci").exists()


def _only(backend: Backend):
    def confined(*words, **options):
        made = choice.confined(*words, **options, backends=[backend])
        assert made.backend == backend.NAME
        return made

    return confined


@pytest.mark.parametrize("name", BACKENDS)
def test_in_place_files_can_be_changed_and_git_cannot(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(enclosure, "confined", _only(BACKENDS[name]))
    line = "echo new > file; echo more > other; git add -A 2>/dev/null; echo x > ../.git/x 2>/dev/null"
    before = listing(checkout / ".git")
    made = enclosed(checkout, line, in_place=True)
    printed(made)
    assert (checkout / "sub/file").read_text() == "new\n"
    assert (checkout / "sub/other").read_text() == "more\n"
    assert listing(checkout / ".git") == before


@pytest.mark.parametrize("name", BACKENDS)
def test_in_place_the_git_of_repositories_inside_cannot_be_changed_either(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Their history would be lost for good, and their hooks run later, outside of all bounds."""
    monkeypatch.setattr(enclosure, "confined", _only(BACKENDS[name]))
    inside = [checkout / "vendor/tool", checkout / "ignored/deep/clone"]
    for folder in inside:
        folder.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        (folder / "file").write_text("old\n")
    before = [listing(folder / ".git") for folder in inside]
    line = (
        "for place in vendor/tool ignored/deep/clone; do cd $TOP/$place; echo new > file;"
        " echo x > .git/hooks/pre-commit; echo x >> .git/config; rm -rf .git; mv .git gone; done 2>/dev/null"
    )
    made = enclosed(checkout, f"TOP={checkout}; {line}; true", in_place=True)
    printed(made)
    made.end()
    assert [listing(folder / ".git") for folder in inside] == before
    assert [(folder / "file").read_text() for folder in inside] == ["new\n", "new\n"]


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("kind", ["link", "file"])
def test_in_place_a_git_that_only_leads_elsewhere_is_put_back(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    monkeypatch.setattr(enclosure, "confined", _only(BACKENDS[name]))
    kept = tmp_path / "kept"
    (checkout / ".git").rename(kept)
    if kind == "link":
        (checkout / ".git").symlink_to("../kept")
    else:
        (checkout / ".git").write_text(f"gitdir: {kept}\n")
    line = "cd ..; echo new > sub/file; rm -f .git 2>/dev/null; mkdir .git 2>/dev/null; true"
    made = enclosed(checkout, line, in_place=True)
    printed(made)
    assert take(checkout, "20260101T000000-cccc", git_dir=made.place.repository.git_dir).files
    made.end()
    status = subprocess.run(["git", "status", "-s"], cwd=checkout, check=True, capture_output=True, text=True)
    assert "M sub/file" in status.stdout
    assert (checkout / ".git").is_symlink() == (kind == "link")


def test_it_runs_in_the_folder_of_that_name_and_temporary_files_have_a_place(checkout: Path) -> None:
    made = enclosed(checkout, 'pwd; echo x > "$TMPDIR/x" && echo written')
    assert printed(made).split() == [str(made.place.tree / "sub"), "written"]


def test_an_agent_finds_its_login_in_a_copy_that_goes_with_the_session(checkout: Path) -> None:
    line = 'cat "$CLAUDE_CONFIG_DIR/.credentials.json"; cat ~/.claude/.credentials.json 2>/dev/null; echo'
    made = enclosed(checkout, line, tool="claude")
    assert printed(made).split() == ["login"]
    made.end()
    assert not made.place.scratch.exists()
    assert made.place.tree.is_dir()


def test_two_sessions_at_once_do_not_meet(checkout: Path) -> None:
    first = enclosed(checkout, "echo 1 > file")
    other = enclosed(checkout, f"echo 2 > file; echo 2 > {first.place.tree}/sub/file", "20260101T000000-bbbb")
    printed(first)
    printed(other)
    assert (first.place.tree / "sub/file").read_text() == "1\n"
    assert (other.place.tree / "sub/file").read_text() == "2\n"
    assert worktree.kept(checkout) == ["20260101T000000-aaaa", "20260101T000000-bbbb"]


def test_where_nothing_confines_it_nothing_is_left_and_nothing_is_started(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        enclosure, "confined", lambda *words, **options: choice.confined(*words, **options, backends=[])
    )
    with pytest.raises(RefusedError, match="can't keep a program within bounds"):
        enclosed(checkout, "echo")
    assert not (tmp_path / "state/atomci").exists()
    made = enclosed(checkout, "echo planted > ~/.profile", degraded=True)
    printed(made)
    assert made.end() == (str(tmp_path / "home/.profile"),)


def test_a_program_that_is_killed_with_atomci_leaves_a_worktree_that_can_be_found(checkout: Path) -> None:
    made = enclosed(checkout, "sleep 60")
    found = worktree.find(checkout, "20260101T000000-aaaa")
    assert found == made.place
    worktree.remove(found)
    assert worktree.find(checkout, "20260101T000000-aaaa") is None


def test_refused_programs_say_no_and_others_of_that_name_run(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text('[tool.atomci.guard]\nrefused = ["make", "git push"]\n')
    line = (
        "make all; echo $?; git -C . push origin main; echo $?; git -c a.b=push status --porcelain; echo $?"
    )
    said = printed(enclosed(checkout, f"({line}) 2>&1"))
    refused = "is refused: [tool.atomci.guard] refused, in pyproject.toml"
    assert said.splitlines() == [
        f"atomci guard: make {refused}",
        "126",
        f"atomci guard: git push {refused}",
        "126",
        "?? pyproject.toml",
        "0",
    ]


HONEST = Path(__file__).parents[1] / "honest_program.py"


@pytest.mark.parametrize("name", BACKENDS)
def test_what_tools_do_is_possible(checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(enclosure, "confined", _only(BACKENDS[name]))
    (checkout / "sub/kept").write_text("kept\n")
    shutil.copy(HONEST, checkout / "honest.py")
    assert printed(enclosed(checkout, f"exec '{sys.executable}' ../honest.py")) == "{}"


@pytest.mark.parametrize("name", BACKENDS)
def test_programs_on_path_run_also_from_an_environment_among_temporary_files(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(enclosure, "confined", _only(BACKENDS[name]))
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        tool = Path(folder, "env/bin/greet")
        tool.parent.mkdir(parents=True)
        tool.write_text(f"#!/bin/sh\ncat {folder}/env/lib/words\n", encoding="utf-8")
        tool.chmod(0o755)
        (tool.parents[1] / "lib").mkdir()
        (tool.parents[1] / "lib/words").write_text("hello\n", encoding="utf-8")
        monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")

        assert printed(enclosed(checkout, f"greet; ls {folder} | tr -d '\n'")) == "hello\nenv"


def test_git_kept_elsewhere_behind_a_link_is_no_hindrance(checkout: Path, tmp_path: Path) -> None:
    (checkout / ".git").rename(tmp_path / "kept.git")
    (checkout / ".git").symlink_to(tmp_path / "kept.git")
    for in_place in (False, True):
        made = enclosed(checkout, "git status --porcelain && echo x > file", in_place=in_place)
        assert printed(made) == ""
        worktree.remove(made.place)
    assert (checkout / "sub/file").read_text() == "x\n"


def test_what_atomci_itself_writes_is_not_told_as_changed_outside(checkout: Path) -> None:
    made = enclosed(checkout, "echo", in_place=False)
    before = seen_outside(made.place, Path.home())
    git = Git(checkout)
    git("update-ref", "refs/atomci/kept/run", "HEAD")
    (checkout / "artifacts").mkdir()
    (checkout / "artifacts/index.json").touch()
    assert changed_outside(before, seen_outside(made.place, Path.home())) == ()
    git("update-ref", "refs/heads/other", "HEAD")
    changed = changed_outside(before, seen_outside(made.place, Path.home()))
    assert changed == (str(checkout / ".git/refs/heads/other"),)


def test_of_a_program_that_is_kept_within_bounds_nobody_asks_what_changed_outside(checkout: Path) -> None:
    made = enclosed(checkout, "echo")
    (checkout / "sub/file").write_text("edited by its owner meanwhile\n")
    assert made.end() == ()


@pytest.mark.parametrize("made_by", ["file", "link", "folder", "nothing"])
def test_settings_of_git_that_a_session_chose_start_nothing_afterwards(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_by: str
) -> None:
    monkeypatch.setattr(enclosure, "confined", _only(BACKENDS["landlock"]))
    lines = {
        "file": "echo gitdir: $PWD/.evil > .git",
        "link": "rm .git; ln -s .evil .git",
        "folder": "rm .git; cp -r .evil .git",
        "nothing": "rm .git",
    }
    evil = (
        f"cd ..; git init -q --bare .evil; git -C .evil config core.fsmonitor 'touch {tmp_path}/ran; false'; "
    )
    made = enclosed(checkout, f"{evil}git -C .evil config core.bare false; {lines[made_by]}")
    printed(made)
    made.end()
    monkeypatch.setenv("GIT_CONFIG_COUNT", "0")
    subprocess.run(["git", "status"], cwd=made.place.tree, capture_output=True, check=True)
    assert not (tmp_path / "ran").exists()
    assert (made.place.tree / ".git").read_text() == f"gitdir: {made.place.admin}\n"
