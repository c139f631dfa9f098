"""Fixtures that several layers share, and the marker of each layer."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Contracts and recorded tests are also integration's, so that CI runs them there.
MARKERS_OF_FOLDER = {
    "unit": ["unit"],
    "integration": ["integration"],
    "e2e": ["e2e"],
    "contracts": ["contracts", "integration"],
    "auger": ["generated", "integration"],
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the folder that it is in."""
    for item in items:
        if item.path.is_relative_to(TESTS):
            folder = item.path.relative_to(TESTS).parts[0]
            for marker in MARKERS_OF_FOLDER.get(folder, []):
                item.add_marker(marker)


@pytest.fixture
def isolated_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home; nothing of the user's git set-up, or of a git hook that runs us, gets in."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


@pytest.fixture
def temp_project(tmp_path: Path) -> Path:
    """A folder of documents to read and change."""
    project = tmp_path / "project"
    project.mkdir()
    if (TESTS / "fixtures").is_dir():  # git keeps no empty folder
        shutil.copytree(TESTS / "fixtures", project, dirs_exist_ok=True)
    return project


def run_git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it printed."""
    command = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def git_repo(temp_project: Path, isolated_env: Path) -> Path:
    """The temporary project in a real git repository, with one commit."""
    assert isolated_env.is_dir()
    run_git(temp_project, "init", "--quiet", "--initial-branch=main")
    run_git(temp_project, "add", "--all")
    run_git(temp_project, "commit", "--quiet", "--allow-empty", "--message=first")
    return temp_project


@pytest.fixture
def git(git_repo: Path) -> Callable[..., str]:
    """Runs git in that repository: `git("log", "--oneline")`."""
    return partial(run_git, git_repo)
