"""Fixtures that several layers share, and the marker of each layer."""

import os
import subprocess
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
            for marker in MARKERS_OF_FOLDER.get(item.path.relative_to(TESTS).parts[0], []):
                item.add_marker(marker)


@pytest.fixture
def isolated_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and no settings of git."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


@pytest.fixture
def temp_project(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def git_repo(temp_project: Path, isolated_env: Path) -> Path:
    """The same as a git repository, with no settings but a name and an address to commit with."""
    settings = "[user]\nname = Test\nemail = test@example.com\n"
    (isolated_env / ".gitconfig").write_text(settings)
    command = ["git", "init", "--quiet", "--initial-branch=main"]
    subprocess.run(command, cwd=temp_project, check=True)
    return temp_project
