"""The environment of a copy: its own where a lock says what is in it, else the project's for the copy's files."""

import os
from pathlib import Path

import pytest

from atomci.fix.copies.environment import environment_for_copy
from atomci.project import Project
from atomci.tools import uv
from atomci.tools.process import Command, Completed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the folders are those of POSIX")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in ("UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(uv, "program", lambda: "uv")
    root = tmp_path / "project"
    site = root / ".venv/lib/python3.11/site-packages"
    for name in ("ruff-1.0.dist-info", "Extra_one-2.0.dist-info"):
        (site / name).mkdir(parents=True)
    (root / ".venv/pyvenv.cfg").touch()
    (root / "src").mkdir()
    (site / "own.pth").write_text(f"{root}/src\n/elsewhere\n", encoding="utf-8")
    (root / "pyproject.toml").write_text("[tool.atomci]\n", encoding="utf-8")
    (tmp_path / "copy/src").mkdir(parents=True)
    return Project(root)


def test_it_is_made_offline_then_with_the_network_then_with_all_groups(
    project: Project, tmp_path: Path
) -> None:
    (project.root / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    folder, ran = tmp_path / "environment", []

    def run(command: Command, cwd: Path) -> Completed:
        offline = command.env.get("UV_OFFLINE") == "1"
        ran.append((command.argv[1:3], offline, os.environ.get("UV_PROJECT_ENVIRONMENT"), cwd))
        if command.argv[1] == "sync" and not offline:
            (folder / "lib/python3.11/site-packages/ruff-1.0.dist-info").mkdir(parents=True, exist_ok=True)
        return Completed(command, 1 if offline else 0, "", "error: no network", 0.1)

    made = environment_for_copy(project, tmp_path / "copy", folder, run)

    where = (str(folder), tmp_path / "copy")
    assert ran == [
        (("venv", "--quiet"), False, *where),
        (("sync", "--locked"), True, *where),
        (("sync", "--locked"), False, *where),
        (("sync", "--locked"), True, *where),
        (("sync", "--locked"), False, *where),
    ]
    assert (made.scripts, made.variables["UV_PROJECT_ENVIRONMENT"]) == (folder / "bin", str(folder))
    assert made.notes == (
        "the copy's environment took the network",
        "the copy lacks extra-one, which your environment has",
    )
    assert "UV_PROJECT_ENVIRONMENT" not in os.environ


def test_without_a_lock_the_projects_own_is_lent_and_imports_from_the_copy(
    project: Project, tmp_path: Path
) -> None:
    def run(command: Command, cwd: Path) -> Completed:
        raise AssertionError(command)

    made = environment_for_copy(project, tmp_path / "copy", tmp_path / "environment", run)

    assert made.variables["UV_PROJECT_ENVIRONMENT"] == str(project.root / ".venv")
    assert made.variables["PYTHONPATH"] == str(tmp_path / "copy/src")
    assert made.scripts == project.root / ".venv/bin"
