"""`atomci doctor`: which programs a project needs, which are here, what to type for the others."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from bootstrap_world import INSTALL, PYPROJECT, World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stand-in programs are sh scripts")

SERVICE = '[tool.atomci.services.db]\nimage = "postgres:17"\nport = 5432\nready = "tcp:{port}"\n'


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A project with nothing but its pyproject.toml, on a machine with git and uv."""
    world = World(tmp_path)
    world.write("pyproject.toml", PYPROJECT)
    world.link("git")
    world.program("uv", "echo uv 0.9.1")
    return world


def diagnosis(world: World) -> tuple[int, dict[str, Any], dict[str, dict[str, Any]]]:
    """The exit code, the object, and its programs by name."""
    done = world.atomci("doctor", "--json")
    assert done.out, done.err
    found = json.loads(done.out)
    return done.code, found, {row["name"]: row for row in found["programs"]}


def locked(world: World, *tools: str) -> None:
    """A lock that names tools in a version that is installed nowhere."""
    rows = "".join(f'[[package]]\nname = "{tool}"\nversion = "1.2.3"\n' for tool in tools)
    world.write("uv.lock", f'version = 1\nrequires-python = ">=3.11"\n{rows}')


def test_a_locked_tool_that_is_not_installed_is_missing(world: World) -> None:
    locked(world, "pytest")

    code, found, rows = diagnosis(world)

    assert (code, found["healthy"], rows["pytest"]["state"]) == (1, False, "missing")
    assert rows["pytest"]["wanted"] == "==1.2.3"
    assert rows["pytest"]["found"] != "1.2.3"
    assert rows["pytest"]["remedy"] == "atomci run compile_lockfile_and_sync"
    assert rows["git"]["state"] == rows["uv"]["state"] == "ok"
    assert "missing: " in world.atomci("doctor").out


def test_without_a_lock_it_says_what_it_could_not_look_at(world: World) -> None:
    code, found, rows = diagnosis(world)

    assert (code, found["healthy"]) == (1, False)
    assert found["problems"] == ["uv.lock is missing: atomci run compile_lockfile_and_sync"]
    assert rows["git"]["state"] == "ok"
    text = world.atomci("doctor").out
    assert "not looked at: uv.lock is missing" in text
    assert "nothing that is required is missing" not in text


def test_an_old_git_is_missing_and_the_machine_s_package_manager_is_named(world: World) -> None:
    world.program("git", "echo git version 2.17.0")
    world.installer("git", "git version 2.45.1")

    code, _, rows = diagnosis(world)

    assert (code, rows["git"]["state"], rows["git"]["found"]) == (1, "missing", "2.17.0")
    assert rows["git"]["remedy"] == " ".join([*INSTALL, "git"])
    assert not [call for call in world.calls if "install" in call]


@pytest.mark.parametrize(
    ("name", "path", "text"),
    [
        ("docker", "Dockerfile", "FROM scratch\n"),
        ("docker", "pyproject.toml", PYPROJECT + SERVICE),
        ("powershell", "tests/scripts/one.Tests.ps1", "Describe 'one' {}\n"),
        ("task", "Taskfile.yml", "version: '3'\n"),
        ("gh", ".github/workflows/ci.yml", "on: push\n"),
        ("node", ".vscode/settings.json", "{}\n"),
    ],
)
def test_a_program_is_left_out_only_where_something_asks_for_it(
    world: World, name: str, path: str, text: str
) -> None:
    assert diagnosis(world)[2][name]["state"] == "not needed"

    world.write(path, text)

    row = diagnosis(world)[2][name]
    assert row["state"] == "left out"
    assert row["remedy"]


def test_docker_without_an_engine_is_left_out_with_the_reason(world: World) -> None:
    world.write("Dockerfile", "FROM scratch\n")
    world.program("docker", 'case "$1" in --version) echo Docker version 27.3.1 ;; *) exit 1 ;; esac')

    row = diagnosis(world)[2]["docker"]

    assert (row["state"], row["found"]) == ("left out", "27.3.1")
    assert "no engine is running" in row["note"]
    assert "no engine is running" in world.atomci("doctor").out


def test_watchfiles_is_left_out_where_there_are_tests_to_watch(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr("atomci.tools.notices.has_watchfiles", lambda: False)
    assert diagnosis(world)[2]["watchfiles"]["state"] == "not needed"

    world.write("tests/unit/test_one.py", "")
    world.write("pyproject.toml", PYPROJECT + "\n[tool.atomci]\n")

    rows = diagnosis(world)[2]
    assert (rows["watchfiles"]["state"], rows["watchfiles"]["remedy"]) == (
        "left out",
        "uv add --dev watchfiles",
    )
    assert "watchfiles" not in [name for name, row in rows.items() if row["state"] == "missing"]
