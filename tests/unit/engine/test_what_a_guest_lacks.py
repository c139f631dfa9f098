"""What a repository that isn't set up for atomci doesn't have, said as it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from atomci.atoms.loading.builtin import catalog_of
from atomci.atoms.parts.verdicts.stages import why_left_out
from atomci.catalog import ATOMS
from atomci.engine.config import Config
from atomci.engine.context import Context, Outcome, Workspace
from atomci.engine.guest import lacks
from atomci.errors import InfrastructureError
from atomci.project import Project, open_project
from atomci.testing.lending import why_not_lent
from atomci.tools.git.client import GitFailed

PYTHON = "Scripts/python.exe" if os.name == "nt" else "bin/python"
NO_ENVIRONMENT = "this project has no environment: "


@pytest.fixture(autouse=True)
def nothing_is_active(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV", "CONDA_PREFIX", "pythonLocation"):
        monkeypatch.delenv(name, raising=False)


def environment(folder: Path, settings: str = "", *, has_python: bool = True) -> Path:
    folder.mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(settings, encoding="utf-8")
    if has_python:
        (folder / PYTHON).parent.mkdir()
        (folder / PYTHON).touch()
    return folder


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, NO_ENVIRONMENT + "no .venv, and none is active"),
        ({".venv": "elsewhere"}, NO_ENVIRONMENT + ".venv isn't one, since it has no pyvenv.cfg"),
        ({".venv/pyvenv.cfg": ""}, ".venv is broken: it has no Python, or a link to one that is gone"),
        ({".venv/pyvenv.cfg": "", f".venv/{PYTHON}": ""}, "pytest isn't installed in .venv"),
        (
            {".venv/pyvenv.cfg": "include-system-site-packages = true", f".venv/{PYTHON}": ""},
            "pytest isn't installed in .venv itself",
        ),
        (
            {"env/conda-meta/history": "", "env/bin/python": "", "env/python.exe": ""},
            "pytest isn't installed in env",
        ),
    ],
)
def test_each_environment_is_said_as_it_is(tmp_path: Path, files: Mapping[str, str], said: str) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert lacks(Project(tmp_path), "one-that-nobody-has", "pytest") == said


def test_an_active_environment_of_conda_is_one_where_there_is_no_nearer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conda/conda-meta").mkdir(parents=True)
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "conda"))
    project = Project(tmp_path)
    assert project.own_environment == tmp_path / "conda"
    own = environment(tmp_path / "venv")
    assert project.own_environment == own


@pytest.mark.parametrize("mark", [".install_state_v1", ".install_state_v2", ".prek-hook.json"])
def test_a_hooks_own_environment_is_never_the_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    """pre-commit activates it over whatever somebody activated, and that stays on PATH."""
    hooks, active = environment(tmp_path / "hooks"), environment(tmp_path / "active")
    (hooks / mark).touch()
    project = Project(tmp_path / "guest")
    monkeypatch.setenv("VIRTUAL_ENV", str(hooks))
    monkeypatch.setenv("PATH", str((hooks / PYTHON).parent))
    assert project.own_environment is None
    monkeypatch.setenv("PATH", os.pathsep.join(str((each / PYTHON).parent) for each in (hooks, active)))
    assert project.own_environment == active
    nearer = environment(tmp_path / "guest/venv")
    assert project.own_environment == nearer


def test_behind_a_hook_uvs_environment_of_pre_commit_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`uvx pre-commit` and `uvx prek` put theirs before what is activated."""
    hooks, active = environment(tmp_path / "hooks"), environment(tmp_path / "active")
    cached, tool = environment(tmp_path / "cache/archive/x"), environment(tmp_path / "tools/prek")
    for mark in (hooks / ".prek-hook.json", tmp_path / "cache/CACHEDIR.TAG", tool / "uv-receipt.toml"):
        mark.touch()
    (active / "CACHEDIR.TAG").touch()  # every environment has one of its own
    monkeypatch.setenv("VIRTUAL_ENV", str(hooks))
    path = [str((each / PYTHON).parent) for each in (hooks, cached, tool)]
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    assert Project(tmp_path / "guest").own_environment is None
    monkeypatch.setenv("PATH", os.pathsep.join([*path, str((active / PYTHON).parent)]))
    assert Project(tmp_path / "guest").own_environment == active


def test_what_is_only_on_path_is_no_environment_of_the_project_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str((environment(tmp_path / "somebodys") / PYTHON).parent))
    assert Project(tmp_path / "guest").own_environment is None


def test_the_python_that_github_set_up_is_taken_where_there_is_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """actions/setup-python makes no environment, and pip installs into what it has set up."""
    (tmp_path / "tools/x64/bin").mkdir(parents=True)
    monkeypatch.setenv("pythonLocation", str(tmp_path / "tools/x64"))
    project = Project(tmp_path / "guest")
    assert project.own_environment == tmp_path / "tools/x64"
    own = environment(tmp_path / "guest/.venv")
    assert project.own_environment == own


@pytest.mark.parametrize(
    ("settings", "folder", "minor"),
    [
        ("home = /usr/bin\nversion = 3.9.18\n", "", "3.9"),
        ("version_info = 3.10.2.final.0\n", "", "3.10"),
        ("", "lib/python3.8", "3.8"),
        ("version = 3.11.0\n", "", ""),
        ("version_info=3.14.0\n", "", ""),
        ("", "", ""),
    ],
)
def test_an_older_python_is_not_lent_what_it_cannot_run(
    tmp_path: Path, settings: str, folder: str, minor: str
) -> None:
    own = environment(tmp_path / ".venv", settings)
    (own / folder).mkdir(parents=True, exist_ok=True)
    said = f".venv has Python {minor}, and atomci follows tests from 3.11 on" if minor else ""
    assert why_not_lent(own) == said


def test_no_reason_leaves_an_atom_out_by_its_words(tmp_path: Path) -> None:
    ended = {"one": Outcome("skipped", "left out: by its words"), "two": Outcome.leaving_out("ruff, since")}
    ctx = Context(Workspace(Project(tmp_path), catalog_of({}), Config()), ATOMS[48], ended=ended)
    assert [why_left_out(ctx, name) for name in ended] == ["", "ruff, since"]


def test_a_repository_that_git_does_not_read_is_told_with_its_words(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    (tmp_path / ".git").write_text("gitdir: nowhere\n", encoding="utf-8")
    with pytest.raises(InfrastructureError, match="not a git repository"):
        open_project(tmp_path)


def test_what_git_says_to_type_is_the_hint() -> None:
    said = "fatal: dubious ownership\nTo add an exception, call:\n\n\tgit config --global --add safe.directory /r\n"
    assert GitFailed(("ls-files",), 128, said).hint == "git config --global --add safe.directory /r"
