"""Programs of the host: their versions, and what installs them where."""

import os
from pathlib import Path

import pytest

from atomci.bootstrap.programs import (
    DOCKER,
    GIT,
    NODE,
    POWERSHELL,
    Program,
    install_command,
    look_for,
    version_in,
)


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it but what a test puts there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def place(folder: Path, name: str) -> str:
    path = folder / (f"{name}.exe" if os.name == "nt" else name)
    path.write_text("", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("program", "manager", "words"),
    [
        (GIT, "apt-get", "apt-get install -y git"),
        (GIT, "dnf", "dnf install -y git"),
        (GIT, "pacman", "pacman -S --noconfirm git"),
        (GIT, "apk", "apk add git"),
        (GIT, "brew", "brew install git"),
        (GIT, "choco", "choco install -y git"),
        (GIT, "scoop", "scoop install git"),
        (NODE, "apt-get", "apt-get install -y nodejs"),
        (NODE, "winget", None),
        (DOCKER, "brew", "brew install --cask docker-desktop"),
        (POWERSHELL, "brew", "brew install powershell"),
    ],
)
def test_the_exact_command_of_each_package_manager(program: Program, manager: str, words: str | None) -> None:
    found = install_command(program, manager, root=True)
    assert found is not None
    if words is None:
        assert found[:2] == ("winget", "install")
        assert found[-2:] == ("--id", "OpenJS.NodeJS.LTS")
    else:
        assert " ".join(found) == words


@pytest.mark.parametrize("manager", ["apt-get", "dnf", "pacman", "apk"])
def test_a_system_package_manager_wants_sudo_of_anyone_but_root(manager: str) -> None:
    found = install_command(GIT, manager, root=False)
    assert found is not None
    assert found[:2] == ("sudo", manager)


@pytest.mark.parametrize("manager", ["brew", "scoop", "choco", "winget"])
def test_a_package_manager_of_the_user_wants_no_sudo(manager: str) -> None:
    found = install_command(GIT, manager, root=False)
    assert found is not None
    assert found[0] == manager


@pytest.mark.parametrize("manager", [None, "apt-get"])
def test_where_the_package_manager_has_none_no_command_is_made_up(manager: str | None) -> None:
    assert install_command(POWERSHELL, manager, root=True) is None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("git version 2.39.5\n", "2.39.5"),
        ("git version 2.44.0.windows.1", "2.44.0"),
        ("git version 2.39.3 (Apple Git-146)", "2.39.3"),
        ("PowerShell 7.4.1", "7.4.1"),
        ("v20.11.0\n", "20.11.0"),
        ("Docker version 26.0.0, build 2ae903e", "26.0.0"),
        ("git version 2.38.0-rc1", "2.38.0"),
        ("command not found", None),
        ("", None),
    ],
)
def test_the_version_is_read_from_what_a_program_prints(text: str, version: str | None) -> None:
    assert version_in(text) == version


@pytest.mark.parametrize(
    ("version", "usable"), [("2.38.0", True), ("2.38.1", True), ("2.37.7", False), ("2.9.5", False)]
)
def test_git_has_to_be_new_enough(on_path: Path, version: str, usable: bool) -> None:
    path = place(on_path, "git")
    row = look_for(GIT, lambda path, *words: f"git version {version}", required=True)
    assert (row.found, row.path, row.usable, row.wanted) == (version, path, usable, ">=2.38")


def test_what_is_not_on_path_is_not_found(on_path: Path) -> None:
    row = look_for(GIT, lambda path, *words: pytest.fail("there is nothing to ask"), required=True)
    assert (row.found, row.path, row.usable, row.note) == (None, None, False, "")


def test_what_is_on_path_and_fails_is_named(on_path: Path) -> None:
    path = place(on_path, "git")
    row = look_for(GIT, lambda path, *words: None, required=True)
    assert (row.path, row.usable, row.note) == (path, False, "it can't be started")


def test_a_second_name_is_looked_for_too(on_path: Path) -> None:
    path = place(on_path, "nodejs")
    assert look_for(NODE, lambda path, *words: "v20.11.0", required=False).path == path


def test_docker_is_usable_only_with_an_engine_behind_the_client(on_path: Path) -> None:
    place(on_path, "docker")
    said = {"--version": "Docker version 26.0.0, build 2ae903e", "version": "27.1.0\n"}

    with_engine = look_for(DOCKER, lambda path, *words: said[words[0]], required=False)
    said["version"] = "\n"
    without = look_for(DOCKER, lambda path, *words: said[words[0]], required=False)

    assert (with_engine.usable, with_engine.note) == (True, "engine 27.1.0")
    assert (without.usable, without.found) == (False, "26.0.0")
    assert without.note == "the client 26.0.0 is here, no engine is running"
