"""Atoms 011 and 012 with real uv and real pip-tools: lock, install, compare."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bootstrap_world import PYPROJECT, World, snapshot
from once import made_once

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stand-in programs are sh scripts")

TOOLS = ("ruff", "black", "mypy", "pytest", "pytest-cov", "pre-commit")
WITH_TOOLS = PYPROJECT + "\n[dependency-groups]\ndev = [" + ", ".join(f'"{tool}"' for tool in TOOLS) + "]\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A project without dependencies: locking it needs no network."""
    world = World(tmp_path)
    world.write("pyproject.toml", PYPROJECT)
    world.write(".gitignore", "/artifacts/\n/.venv/\n")
    world.link("git", "uv")
    return world


@pytest.fixture(scope="session")
def uv_project(tmp_path_factory: pytest.TempPathFactory) -> World:
    def make(base: Path) -> None:
        world = World(base)
        world.write("pyproject.toml", WITH_TOOLS)
        world.write(".gitignore", "/artifacts/\n/.venv/\n")
        world.link("git", "uv")
        done = world.run("atom_012")
        assert done.code == 0, done.out

    return World(made_once(tmp_path_factory, "with-uv", make))


@pytest.fixture
def with_uv(uv_project: World, tmp_path: Path) -> World:
    """Locked, installed and compared, by uv."""
    return uv_project.copy(tmp_path / "copy")


@pytest.fixture(scope="session")
def pip_tools_project(render: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> World:
    def make(base: Path) -> None:
        world = World(base)
        world.root.rmdir()
        render(world.root, {"dependency_manager": "pip-tools", "runtime_source": "index"})
        # atomci is on no index, and what the gate doesn't need would only take time here.
        needed = [*TOOLS, "editables", "hatchling", "pip-tools"]
        world.write("requirements/dev.in", "\n".join(needed) + "\n")
        world.link("git")
        done = world.run("atom_012")
        assert done.code == 0, done.out

    return World(made_once(tmp_path_factory, "with-pip-tools", make))


@pytest.fixture
def with_pip_tools(pip_tools_project: World, tmp_path: Path) -> World:
    """The template's project, locked, installed and compared, by pip-tools."""
    return pip_tools_project.copy(tmp_path / "copy")


def lock(world: World, *words: str, **env: str) -> tuple[str, str]:
    return world.run("atom_011", *words, **env)["compile_lockfile_and_sync"]


# --- 011 with uv --------------------------------------------------------------------------------


def test_011_a_second_run_changes_no_byte(with_uv: World) -> None:
    without = ["artifacts", ".atomci_cache"]
    before = snapshot(with_uv.root, without)

    status, reason = lock(with_uv)

    assert status == "pass"
    assert "uv.lock" in reason
    assert snapshot(with_uv.root, without) == before


def test_011_installs_what_the_lock_says(with_uv: World) -> None:
    shutil.rmtree(with_uv.root / ".venv")

    assert lock(with_uv)[0] == "pass"
    installed = with_uv.root.glob(".venv/lib/*/site-packages/*.dist-info")
    listed = {path.name.partition("-")[0] for path in installed}
    assert {"ruff", "black", "mypy", "pytest", "pytest_cov", "pre_commit"} <= listed


def test_011_brings_a_stale_lock_up_to_date_outside_ci(world: World) -> None:
    lock(world)
    world.replace("pyproject.toml", '"0.1.0"', '"0.2.0"')

    assert lock(world)[0] == "pass"
    assert 'version = "0.2.0"' in world.read("uv.lock")


def test_011_a_stale_lock_fails_in_ci_with_the_command_that_mends_it(world: World) -> None:
    lock(world)
    world.replace("pyproject.toml", '"0.1.0"', '"0.2.0"')
    before = world.read("uv.lock")

    done = world.run("atom_011", CI="true")

    assert done.code == 1
    status, reason = done["compile_lockfile_and_sync"]
    assert status == "fail"
    assert "uv.lock is stale" in reason
    assert "uv lock" in reason
    assert world.read("uv.lock") == before
    subprocess.run([world.bin / "uv", "lock", "--quiet"], cwd=world.root, env=world.env, check=True)
    assert world.run("atom_011", CI="true").code == 0


def test_011_a_missing_lock_fails_in_ci(world: World) -> None:
    done = world.run("atom_011", CI="1")

    assert done.code == 1
    _, reason = done["compile_lockfile_and_sync"]
    assert "uv.lock is missing" in reason
    assert "uv lock" in reason
    assert not (world.root / "uv.lock").exists()


def test_011_without_network_says_so(world: World) -> None:
    world.replace("pyproject.toml", "[project]", '[project]\ndependencies = ["click"]')

    done = world.run("atom_011", UV_OFFLINE="1", UV_CACHE_DIR=str(world.base / "empty"))

    assert done.code == 3
    status, reason = done["compile_lockfile_and_sync"]
    assert status == "error"
    assert "network" in reason
    assert "click" in reason
    assert "uv sync" in reason
    assert not (world.root / "uv.lock").exists()


def test_011_an_index_that_cannot_be_reached_is_named(world: World) -> None:
    world.replace("pyproject.toml", "[project]", '[project]\ndependencies = ["click"]')
    nowhere = "http://127.0.0.1:9/simple"

    done = world.run(
        "atom_011", UV_DEFAULT_INDEX=nowhere, UV_HTTP_RETRIES="0", UV_CACHE_DIR=str(world.base / "empty")
    )

    assert done.code == 3
    assert nowhere in done["compile_lockfile_and_sync"][1]


def test_011_a_requirement_that_cannot_be_met_is_named(with_uv: World) -> None:
    with_uv.replace("pyproject.toml", '"ruff"', '"ruff<0.0.1"')

    done = with_uv.run("atom_011", UV_OFFLINE="1")

    assert done.code == 3
    assert "ruff<0.0.1" in done["compile_lockfile_and_sync"][1]


# --- 009 to 012 with pip-tools ------------------------------------------------------------------


def test_pip_tools_lock_install_and_compare(pip_tools_project: World) -> None:
    pins = pip_tools_project.read("requirements/dev.txt")

    assert all(f"\n{tool}==" in pins for tool in TOOLS)
    assert pip_tools_project.artifact("manager")["manager"] == "pip-tools"
    assert not (pip_tools_project.root / "uv.lock").exists()
    rows = {row["tool"]: row for row in pip_tools_project.artifact("toolchain")["tools"]}
    assert all(f"{tool}{rows[tool]['wanted']}" in pins for tool in TOOLS)
    done = subprocess.run(
        [pip_tools_project.root / ".venv/bin/python", "-c", "import project"],
        cwd=pip_tools_project.base,
        check=False,
    )
    assert done.returncode == 0, "the project itself is installed"


def test_pip_tools_a_second_run_changes_no_byte(pip_tools_project: World) -> None:
    without = ["artifacts", ".atomci_cache"]
    before = snapshot(pip_tools_project.root, without)

    # Python would keep what it compiles, which the installation leaves to it.
    done = pip_tools_project.run("atom_011", "--only", PYTHONDONTWRITEBYTECODE="1")

    assert done.code == 0, done.out
    assert snapshot(pip_tools_project.root, without) == before


def test_pip_tools_a_stale_lock_fails_in_ci_with_the_command_that_mends_it(with_pip_tools: World) -> None:
    with_pip_tools.write("requirements/dev.in", with_pip_tools.read("requirements/dev.in") + "colorama\n")
    before = with_pip_tools.read("requirements/dev.txt")

    done = with_pip_tools.run("atom_011", "--only", CI="true")

    assert done.code == 1
    status, reason = done["compile_lockfile_and_sync"]
    assert status == "fail"
    assert "requirements/dev.txt is stale" in reason
    assert "sh scripts/in_venv.sh --lock" in reason
    assert with_pip_tools.read("requirements/dev.txt") == before


def test_pip_tools_a_missing_lock_fails_in_ci(with_pip_tools: World) -> None:
    (with_pip_tools.root / "requirements/dev.txt").unlink()

    done = with_pip_tools.run("atom_011", "--only", CI="true")

    assert done.code == 1
    _, reason = done["compile_lockfile_and_sync"]
    assert "requirements/dev.txt is missing" in reason
    assert "sh scripts/in_venv.sh --lock" in reason


def test_pip_tools_without_network_says_what_is_missing(with_pip_tools: World) -> None:
    with_pip_tools.write("requirements/dev.in", with_pip_tools.read("requirements/dev.in") + "colorama\n")

    done = with_pip_tools.run("atom_011", "--only", PIP_NO_INDEX="1", PIP_RETRIES="0")

    assert done.code == 3
    status, reason = done["compile_lockfile_and_sync"]
    assert status == "error"
    assert "No matching distribution found for" in reason
    assert "piptools compile" in reason


# --- 012 ----------------------------------------------------------------------------------------


def test_012_tables_each_tool_as_wanted_found_and_where_from(uv_project: World) -> None:
    rows = {row["tool"]: row for row in uv_project.artifact("toolchain")["tools"]}

    assert set(rows) >= {"python", "git", "uv", *TOOLS}
    assert all(row["usable"] for row in rows.values())
    assert rows["python"]["wanted"] == ">=3.11"
    assert rows["python"]["path"] == str(uv_project.root / ".venv/bin/python")
    assert rows["git"]["path"] == str(uv_project.bin / "git")
    assert rows["ruff"]["wanted"] == f"=={rows['ruff']['found']}"
    [log] = list(uv_project.root.glob("artifacts/runs/*/verify_toolchain_versions.log"))[-1:]
    text = log.read_text()
    assert all(tool in text and (rows[tool]["found"] or "-") in text for tool in rows)


def locked_version(world: World, tool: str) -> str:
    rows = {row["tool"]: row for row in world.artifact("toolchain")["tools"]}
    return str(rows[tool]["found"])


def compare(world: World, **env: str) -> tuple[int, str]:
    done = world.run("atom_012", "--only", **env)
    return done.code, done["verify_toolchain_versions"][1]


def test_012_is_red_when_another_version_is_installed(with_uv: World) -> None:
    found = locked_version(with_uv, "ruff")
    with_uv.replace("uv.lock", f'name = "ruff"\nversion = "{found}"', 'name = "ruff"\nversion = "0.1.2"')

    code, reason = compare(with_uv)

    assert code == 1
    assert "ruff ==0.1.2 is wanted" in reason
    assert found in reason
    assert "black" not in reason


def test_012_is_red_when_a_tool_is_not_installed(with_uv: World) -> None:
    [folder] = with_uv.root.glob(".venv/lib/*/site-packages/pre_commit-*.dist-info")
    shutil.rmtree(folder)

    code, reason = compare(with_uv)

    assert code == 1
    assert "pre-commit ==" in reason


def test_012_is_red_when_git_is_too_old(with_uv: World) -> None:
    with_uv.program("git", 'case "$1" in --version) echo git version 2.20.1 ;; *) exit 1 ;; esac')

    code, reason = compare(with_uv)

    assert code == 1
    assert "git >=2.38 is wanted" in reason
    assert "2.20.1" in reason


def test_012_is_red_when_the_environments_python_does_not_fit(with_uv: World) -> None:
    with_uv.replace("pyproject.toml", ">=3.11", ">=3.98")

    code, reason = compare(with_uv)

    assert code == 1
    assert "python >=3.98 is wanted" in reason


def test_012_without_a_lock_says_what_makes_it(with_uv: World) -> None:
    (with_uv.root / "uv.lock").unlink()

    code, reason = compare(with_uv)

    assert code == 3
    assert "uv.lock is missing" in reason
    assert "atomci run compile_lockfile_and_sync" in reason


def test_012_a_lock_with_a_merge_conflict_is_named(with_uv: World) -> None:
    with_uv.write("uv.lock", "<<<<<<< HEAD\n" + with_uv.read("uv.lock"))

    code, reason = compare(with_uv)

    assert code == 3
    assert "uv.lock" in reason
    assert "crashed" not in reason
