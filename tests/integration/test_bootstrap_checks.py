"""`atomci check` of atoms 000 to 012: each holds on a good project, and is broken in exactly one way."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bootstrap_world import PYPROJECT, RUNNING, World, snapshot
from once import made_once

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stand-in programs are sh scripts")

ATOMS = (
    *("detect_host_os_and_shell", "install_python_runtime", "install_git_cli"),
    *("install_powershell_if_applicable", "install_node_optional_for_vscode", "install_docker_optional"),
    *("create_project_directory_structure", "initialize_git_repository"),
    *("configure_gitignore_and_attributes", "create_virtual_environment", "choose_dependency_manager"),
    *("compile_lockfile_and_sync", "verify_toolchain_versions"),
)
HOST = "artifacts/bootstrap/host.json"
ABSENT = "3.14" if RUNNING != "3.14" else "3.13"
TOOLS = '"ruff", "black", "mypy", "pytest", "pytest-cov", "pre-commit"'


def has_optional_programs(world: World) -> None:
    world.program("pwsh", "echo PowerShell 7.4.6")
    world.program("node", "echo v22.11.0")
    world.program("docker", 'case "$1" in --version) echo Docker version 27.3.1 ;; *) echo 27.3.1 ;; esac')


@pytest.fixture(scope="session")
def bootstrapped(tmp_path_factory: pytest.TempPathFactory) -> World:
    def make(base: Path) -> None:
        world = World(base)
        world.write("pyproject.toml", f"{PYPROJECT}\n[dependency-groups]\ndev = [{TOOLS}]\n")
        world.write(".copier-answers.yml", "dependency_manager: uv\n")
        world.write("Taskfile.yml", "tasks:\n  ci:\n    cmd: uv run atomci run local_ci\n")
        world.link("git", "uv")
        has_optional_programs(world)
        done = world.run("phase_00")
        assert done.code == 0, done.out

    return World(made_once(tmp_path_factory, "checked", make))


@pytest.fixture
def good(bootstrapped: World, tmp_path: Path) -> World:
    """A project after phase 0, to be broken."""
    return bootstrapped.copy(tmp_path / "copy")


def test_a_bootstrapped_project_holds_and_checking_changes_nothing(bootstrapped: World) -> None:
    before = snapshot(bootstrapped.root)

    done = bootstrapped.atomci("check", "--json", "phase_00")

    answers = {answer["atom"]: answer for answer in json.loads(done.out)["atoms"]}
    assert {name: answers[name]["status"] for name in ATOMS} == dict.fromkeys(ATOMS, "holds")
    assert done.code == 0
    assert all(answers[name]["evidence"] for name in ATOMS)
    assert snapshot(bootstrapped.root) == before


def test_the_evidence_names_paths_lines_and_versions(bootstrapped: World) -> None:
    for atom, evidence in {
        "install_git_cli": str(bootstrapped.bin / "git"),
        "install_docker_optional": "27.3.1",
        "configure_gitignore_and_attributes": ".gitignore:",
        "create_virtual_environment": f"Python {RUNNING}",
        "choose_dependency_manager": "uv, recorded in .copier-answers.yml",
        "compile_lockfile_and_sync": "uv.lock",
        "verify_toolchain_versions": "ruff ==",
        "initialize_git_repository": "on main",
    }.items():
        assert evidence in bootstrapped.check(atom)[1]


Break = Callable[[World], object]


def change(path: str, old: str, new: str) -> Break:
    return lambda world: world.replace(path, old, new)


def write(path: str, text: str) -> Break:
    return lambda world: world.write(path, text)


def append(path: str, text: str) -> Break:
    return lambda world: world.write(path, world.read(path) + text)


def remove(pattern: str) -> Break:
    def run(world: World) -> None:
        [path] = world.root.glob(pattern)
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    return run


def program(name: str, script: str) -> Break:
    return lambda world: world.program(name, script)


def unlink(name: str) -> Break:
    return lambda world: (world.bin / name).unlink()


def both(*breaks: Break) -> Break:
    return lambda world: [step(world) for step in breaks]


def no_commit(world: World) -> None:
    world.git("update-ref", "-d", "HEAD")


def undone(world: World) -> None:
    """A later line takes an entry back."""
    append(".gitignore", "!.coverage\n")(world)
    world.write(".coverage", "what a run leaves")


def commit_artifact(world: World) -> None:
    world.git("add", "--force", HOST)


def other_python(world: World) -> None:
    """An environment whose interpreter says that it is another version."""
    python = world.root / ".venv/bin/python"
    python.unlink()
    python.write_text("#!/bin/sh\necho 3.10.4\n")
    python.chmod(0o755)


NOT_STARTING = 'case "$1" in --version) exit 127 ;; *) exit 1 ;; esac'
GIT_2_20 = f'case "$1" in --version) echo git version 2.20.1 ;; *) exec {shutil.which("git")} "$@" ;; esac'
NO_ENGINE = 'case "$1" in --version) echo Docker version 27.3.1 ;; *) exit 1 ;; esac'

VSCODE, DOCKERFILE = write(".vscode/settings.json", "{}"), write("Dockerfile", "FROM scratch\n")

BROKEN: list[tuple[str, str, Break, str]] = [
    ("000", "no facts", remove(HOST), f"{HOST} is missing"),
    ("000", "damaged", write(HOST, "{"), "host.json"),
    (
        "001",
        "none fits",
        change("pyproject.toml", ">=3.11", f"=={ABSENT}.*"),
        f"no interpreter satisfies =={ABSENT}.*",
    ),
    ("001", "no range", change("pyproject.toml", ">=3.11", "newest"), "'newest' isn't a version range"),
    ("002", "too old", program("git", GIT_2_20), "git >=2.38 is wanted, 2.20.1 is here"),
    ("002", "not starting", program("git", NOT_STARTING), "can't be started"),
    ("002", "absent", unlink("git"), "git >=2.38 is wanted, none is here"),
    ("006", "no folder", remove("tests/contracts"), "tests/contracts/ is missing"),
    ("006", "a file", both(remove("scripts"), write("scripts", "")), "scripts is a file"),
    ("007", "no repository", remove(".git"), "no git repository"),
    ("007", "no commit", no_commit, "no git repository with a commit"),
    ("008", "no entry", change(".gitignore", "/artifacts/\n", ""), ".gitignore lacks /artifacts/"),
    ("008", "no file", remove(".gitattributes"), ".gitattributes lacks * text=auto eol=lf"),
    ("008", "undone below", undone, "git status shows .coverage"),
    ("008", "an artifact in git", commit_artifact, "git status shows artifacts/bootstrap/host.json"),
    ("009", "none", remove(".venv"), ".venv is missing"),
    ("009", "another version", other_python, "holds Python 3.10.4, >=3.11 is wanted"),
    ("009", "not starting", remove(".venv/bin/python"), "its interpreter doesn't start"),
    ("010", "a task", append("Taskfile.yml", "  x: pip-sync requirements/dev.txt\n"), "Taskfile.yml:4:"),
    ("010", "both locks", write("requirements/dev.txt", "ruff==1\n"), "dev.txt:1: a lock of pip-tools"),
    ("010", "another answer", write(".copier-answers.yml", "dependency_manager: poetry\n"), "'poetry'"),
    ("011", "no lock", remove("uv.lock"), "uv.lock is missing"),
    ("011", "stale", change("pyproject.toml", "0.1.0", "0.2.0"), "needs to be updated"),
    ("011", "not installed", remove(".venv/lib/*/site-packages/ruff-*.dist-info"), "uv.lock: "),
    ("011", "no environment", remove(".venv"), "environment"),
    ("012", "not installed", remove(".venv/lib/*/site-packages/ruff-*.dist-info"), "ruff =="),
    ("012", "git too old", program("git", GIT_2_20), "git >=2.38: 2.20.1"),
    ("012", "no lock", remove("uv.lock"), "uv.lock is missing"),
    ("012", "not in the lock", change("uv.lock", 'name = "ruff"', 'name = "rough"'), "ruff in the lock"),
]


@pytest.mark.parametrize(
    ("number", "spoil", "evidence"),
    [
        pytest.param(number, spoil, evidence, id=f"{number} {name}")
        for number, name, spoil, evidence in BROKEN
    ],
)
def test_a_check_is_broken_with_the_evidence(good: World, number: str, spoil: Break, evidence: str) -> None:
    spoil(good)
    before = snapshot(good.root, by_time=True)

    status, seen, remedy = good.check(f"atom_{number}")

    assert (status, evidence in seen) == ("broken", True), seen
    assert "crashed" not in seen
    assert remedy
    assert snapshot(good.root, by_time=True) == before, "checking changes nothing"


@pytest.mark.parametrize(
    ("number", "spoil", "evidence"),
    [
        pytest.param("003", unlink("pwsh"), "not needed here: powershell is for Pester", id="003 needless"),
        pytest.param(
            "003",
            both(unlink("pwsh"), write("scripts/a.Tests.ps1", "Describe\n")),
            "powershell >=7 is wanted, none is here",
            id="003 absent, with tests of scripts",
        ),
        pytest.param(
            "004", both(unlink("node"), VSCODE), "node >=20 is wanted, none is here", id="004 absent"
        ),
        pytest.param(
            "004", both(program("node", "echo v18.1.0"), VSCODE), "18.1.0 is here", id="004 too old"
        ),
        pytest.param(
            "005", both(unlink("docker"), DOCKERFILE), "docker >=20 is wanted, none is here", id="005 absent"
        ),
        pytest.param(
            "005", both(program("docker", NO_ENGINE), DOCKERFILE), "no engine is running", id="005 no engine"
        ),
    ],
)
def test_an_optional_program_that_is_absent_breaks_nothing(
    good: World, number: str, spoil: Break, evidence: str
) -> None:
    spoil(good)

    status, seen, _ = good.check(f"atom_{number}")

    assert (status, evidence in seen) == ("not applicable", True), seen


def test_011_more_packages_than_the_lock_installs_are_no_fault_but_another_version_is(good: World) -> None:
    def install(name: str, version: str) -> None:
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        good.write(f"{site.relative_to(good.root)}/{name}-{version}.dist-info/METADATA", metadata)

    [site] = good.root.glob(".venv/lib/*/site-packages")
    install("more", "1.0")
    status, seen, _ = good.check("atom_011")
    assert status == "holds", seen

    [ruff] = site.glob("ruff-*.dist-info")
    shutil.rmtree(ruff)
    install("ruff", "0.0.1")
    status, seen, remedy = good.check("atom_011")
    assert (status, "outdated" in seen, remedy) == ("broken", True, "uv sync")


def test_every_atom_of_the_phase_is_broken_by_some_row() -> None:
    optional = {"003", "004", "005"}
    assert {row[0] for row in BROKEN} | optional == {f"{number:03d}" for number in range(13)}


def test_the_remedy_of_a_broken_check_mends_it(good: World) -> None:
    shutil.rmtree(good.root / ".venv")
    _, _, remedy = good.check("atom_009")
    assert remedy == "atomci run create_virtual_environment"
    assert good.run("create_virtual_environment").code == 0
    assert good.check("atom_009")[0] == "holds"

    good.replace("pyproject.toml", "0.1.0", "0.2.0")
    _, _, remedy = good.check("atom_011")
    assert remedy == "uv lock"
    subprocess.run([good.bin / "uv", "lock", "--quiet"], cwd=good.root, env=good.env, check=True)
    assert "needs to be updated" not in good.check("atom_011")[1]
