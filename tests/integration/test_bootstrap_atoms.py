"""Phase 0 in this process, on every system: each atom alone in a folder with its declared inputs.

What needs stand-in programs, which are sh scripts, is in the other test_bootstrap files.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bootstrapping import (
    PYPROJECT,
    chosen,
    commands,
    contents,
    host_with,
    program,
    python_is,
    report,
    run,
)

from atomci.artifacts.schemas import HostFacts, ManagerChoice, ToolReport
from atomci.artifacts.store import read
from atomci.atoms import phase_00_bootstrap
from atomci.bootstrap.layout import FOLDERS
from atomci.errors import InfrastructureError

Git = Callable[..., str]
posix = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of one file."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    return root


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without interpreters and programs: the one folder on PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    return folder


# --- 000 and 001 --------------------------------------------------------------------------------


def test_000_records_this_host(root: Path) -> None:
    assert run(root, 0).status == "pass"
    facts = read(root / "artifacts/bootstrap/host.json", HostFacts)
    assert facts.os == {"linux": "linux", "darwin": "macos", "win32": "windows"}[sys.platform]
    assert facts.arch
    assert facts.shell


def test_001_takes_the_interpreter_behind_atomci_when_it_will_do(root: Path, bare: Path) -> None:
    assert run(root, 1).status == "pass"
    row = report(root, "python")
    assert row.found == ".".join(map(str, sys.version_info[:3]))
    assert row.path is not None
    assert Path(row.path).resolve() == Path(sys.executable).resolve()


@posix
def test_001_keeps_the_projects_own_environment(root: Path, bare: Path) -> None:
    own = program(root / ".venv/bin/python", "echo 3.12.77")
    assert run(root, 1).status == "pass"
    assert report(root, "python").path == str(own)


def test_001_offline_with_none_says_what_to_type(
    root: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON", "3.11.3")

    with pytest.raises(
        InfrastructureError, match=r"no interpreter satisfies >=3\.11, by UV_PYTHON"
    ) as raised:
        run(root, 1)

    assert "uv couldn't get one" in raised.value.message
    assert "disabled" in raised.value.message
    assert raised.value.hint == "uv python install 3.11.3"
    assert report(root, "python").usable is False


# --- 002 to 005 ---------------------------------------------------------------------------------


def test_002_finds_git(root: Path) -> None:
    host_with(root, None)
    assert run(root, 2).status == "pass"
    row = report(root, "git")
    assert row.found is not None
    assert row.found in subprocess.check_output(["git", "--version"], text=True)


@posix
def test_005_an_engine_that_hangs_is_given_up_on(
    root: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phase_00_bootstrap, "_ASKED_WITHIN", 1.0)
    host_with(root, None)
    program(
        bare / "docker",
        'test "$1" = --version && { echo "Docker version 26.0.0"; exit 0; }\nexec /bin/sleep 60',
    )
    assert "no engine is running" in run(root, 5).reason


# --- 006 to 008 ---------------------------------------------------------------------------------


def test_006_makes_what_is_missing_and_names_it(root: Path) -> None:
    (root / "src/demo").mkdir(parents=True)
    (root / "src/demo/__init__.py").touch()

    first, second = run(root, 6), run(root, 6)

    assert "tests/unit" in first.reason
    assert "src" not in first.reason.split(", ")
    assert second.reason == ""
    assert all((root / folder).is_dir() for folder in FOLDERS)
    assert not (root / "src/.gitkeep").exists()


def test_007_begins_a_repository_on_the_chosen_branch(root: Path, git: Git) -> None:
    answers = "default_branch: trunk\ngit_remote: https://example.com/demo.git\n"
    (root / ".copier-answers.yml").write_text(answers, encoding="utf-8")

    assert run(root, 7).status == "pass"

    assert git(root, "branch", "--show-current") == "trunk"
    assert git(root, "log", "--format=%s %an") == "chore: first commit Test"
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "remote", "get-url", "origin") == "https://example.com/demo.git"


def test_007_commits_as_the_author_in_pyproject_where_git_knows_none(
    root: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gitconfig").write_text("[user]\nuseConfigOnly = true\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))

    run(root, 7)

    assert git(root, "log", "--format=%an <%ae>, %cn <%ce>") == (
        "Zoe <zoe@example.com>, Zoe <zoe@example.com>"
    )
    assert "Zoe" not in (root / ".git/config").read_text(encoding="utf-8")


def test_007_changes_nothing_in_a_repository_with_a_commit(root: Path, git: Git) -> None:
    git(root, "init", "--quiet", "--initial-branch=master")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=mine")
    (root / "new.txt").write_text("new\n", encoding="utf-8")
    git(root, "status")  # refreshes the index, which the atom's own look at it would do too
    before = contents(root)

    outcome = run(root, 7)

    assert (outcome.status, "nothing changed" in outcome.reason) == ("pass", True)
    assert commands(root, 7) == []
    assert contents(root) == before


def test_007_makes_the_first_commit_of_a_repository_that_has_none(root: Path, git: Git) -> None:
    git(root, "init", "--quiet", "--initial-branch=work")
    assert run(root, 7).status == "pass"
    assert git(root, "log", "--format=%s on %D") == "chore: first commit on HEAD -> work"


def test_007_makes_no_repository_in_a_folder_that_a_larger_one_tracks(
    root: Path, git: Git, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    assert "part of the repository" in run(root, 7).reason
    assert not (root / ".git").exists()


def test_007_shows_its_commands_before(root: Path) -> None:
    shown = commands(root, 7)
    assert [line.split("git ", 1)[1].split()[0] for line in shown] == ["init", "add", "commit"]
    assert not (root / ".git").exists()


def test_008_keeps_what_a_run_leaves_out_of_git(root: Path, git: Git) -> None:
    git(root, "init", "--quiet")
    (root / ".gitignore").write_bytes("# mine \xe4\nsecrets.txt\n".encode("latin-1"))
    (root / ".gitattributes").write_text("*.bat text eol=crlf\n*.png binary\n", encoding="utf-8")

    assert run(root, 8).status == "pass"
    assert run(root, 8).reason == ""

    for left in ("artifacts/x.json", ".venv/x", ".atomci_cache/x", ".coverage", "src/demo/__pycache__/x.pyc"):
        (root / left).parent.mkdir(parents=True, exist_ok=True)
        (root / left).touch()
    shown = git(root, "status", "--porcelain", "--untracked-files=all").split()
    assert sorted(shown[1::2]) == [".gitattributes", ".gitignore", "pyproject.toml"]
    assert (root / ".gitignore").read_bytes().startswith("# mine \xe4\nsecrets.txt\n".encode("latin-1"))
    # The rules that the user has for some files stay in force.
    assert git(root, "check-attr", "eol", "--", "run.bat") == "run.bat: eol: crlf"
    assert git(root, "check-attr", "text", "--", "a.png") == "a.png: text: unset"
    assert git(root, "check-attr", "eol", "--", "a.py") == "a.py: eol: lf"


# --- 009 to 012 ---------------------------------------------------------------------------------


@pytest.fixture
def ready(root: Path) -> Path:
    """With what the atoms before leave: an interpreter and a manager."""
    python_is(root, sys.executable)
    chosen(root, "uv")
    return root


def test_009_makes_an_environment_and_then_leaves_it_alone(ready: Path) -> None:
    assert commands(ready, 9)
    assert run(ready, 9).status == "pass"
    (ready / ".venv/mine").touch()
    before = contents(ready)
    assert "already there" in run(ready, 9).reason
    assert contents(ready) == before


@posix
@pytest.mark.parametrize("answer", ["exit 127", "echo 3.10.9"])
def test_009_replaces_an_environment_that_is_broken_or_too_old(ready: Path, answer: str) -> None:
    assert run(ready, 9).status == "pass"
    program(ready / ".venv/bin/python", answer)
    assert run(ready, 9).status == "pass"
    done = subprocess.run([ready / ".venv/bin/python", "-c", ""], check=False)
    assert done.returncode == 0


@posix
def test_009_leaves_no_half_environment(ready: Path, tmp_path: Path) -> None:
    chosen(ready, "pip-tools")
    half = 'mkdir -p "$3"; touch "$3/pyvenv.cfg"; echo "ensurepip is not available"; exit 1'
    python_is(ready, str(program(tmp_path / "python", half)))
    with pytest.raises(InfrastructureError, match="ensurepip is not available"):
        run(ready, 9)
    assert not (ready / ".venv").exists()


def test_010_records_the_answer(root: Path) -> None:
    (root / ".copier-answers.yml").write_text("dependency_manager: pip-tools\n", encoding="utf-8")
    assert run(root, 10).status == "pass"
    recorded = read(root / "artifacts/bootstrap/manager.json", ManagerChoice)
    assert (recorded.manager, recorded.recorded_in) == ("pip-tools", ".copier-answers.yml")


def test_010_names_file_and_line_of_what_does_not_obey(root: Path) -> None:
    (root / ".copier-answers.yml").write_text("dependency_manager: uv\n", encoding="utf-8")
    (root / "scripts").mkdir()
    (root / "scripts/local_ci.sh").write_text("#!/bin/sh\npip-sync requirements/dev.txt\n", encoding="utf-8")

    outcome = run(root, 10)

    assert outcome.status == "fail"
    (finding,) = outcome.findings
    assert (finding.path, finding.line) == ("scripts/local_ci.sh", 2)


def locked(root: Path) -> bytes:
    return (root / "uv.lock").read_bytes()


def test_011_locks_and_installs_and_a_second_run_changes_no_byte(ready: Path) -> None:
    run(ready, 9)
    outcome = run(ready, 11)
    assert outcome.status == "pass"
    before = contents(ready)
    assert "uv.lock" in before
    assert any("/iniconfig/" in path for path in before)

    assert run(ready, 11).status == "pass"
    assert run(ready, 11, in_ci=True).status == "pass"

    assert contents(ready) == before


def test_011_a_stale_lock_fails_in_ci_with_the_command_that_mends_it(ready: Path) -> None:
    run(ready, 9)
    run(ready, 11)
    before = locked(ready)
    (ready / "pyproject.toml").write_text(
        PYPROJECT.replace('"iniconfig"', '"iniconfig", "packaging"'), encoding="utf-8"
    )

    outcome = run(ready, 11, in_ci=True)
    assert outcome.status == "fail"
    assert "uv.lock is stale: type uv lock" in outcome.reason
    assert locked(ready) == before

    assert run(ready, 11).status == "pass"
    assert locked(ready) != before


@pytest.mark.parametrize(("manager", "says"), [("uv", "type uv lock"), ("pip-tools", "type pip-compile")])
def test_011_a_lock_that_is_not_there_fails_in_ci(ready: Path, manager: str, says: str) -> None:
    chosen(ready, manager)
    outcome = run(ready, 11, in_ci=True)
    assert outcome.status == "fail"
    assert "is missing" in outcome.reason
    assert says in outcome.reason


def test_012_without_the_tools_is_red_and_says_which(ready: Path) -> None:
    run(ready, 9)
    run(ready, 11)

    outcome = run(ready, 12)

    assert outcome.status == "fail"
    assert "ruff in the lock is wanted, it isn't here" in outcome.reason
    rows = {row.tool: row for row in read(ready / "artifacts/bootstrap/toolchain.json", ToolReport).tools}
    assert rows["python"].usable
    assert rows["python"].path == str(
        ready
        / ".venv"
        / ("Scripts" if os.name == "nt" else "bin")
        / ("python.exe" if os.name == "nt" else "python")
    )
    assert rows["git"].usable
    assert rows["uv"].usable
    assert not rows["mypy"].usable
