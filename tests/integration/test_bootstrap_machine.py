"""Atoms 000 to 005 on real folders: host facts, an interpreter, programs of the host."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bootstrap_world import INSTALL, MANAGER, PYPROJECT, RUNNING, World, other_interpreters, real

from atomci.atoms import phase_00_bootstrap
from atomci.atoms.loading.builtin import catalog_of
from atomci.atoms.parts.host import machine
from atomci.catalog import atom
from atomci.engine.config import Config
from atomci.engine.context import Context, Workspace
from atomci.project import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stand-in programs are sh scripts")

OTHERS = other_interpreters()
needs_another = pytest.mark.skipif(not OTHERS, reason="this machine has one Python only")
ABSENT = "3.14" if RUNNING != "3.14" else "3.13"
OFFLINE = {"UV_OFFLINE": "1", "UV_PYTHON_DOWNLOADS": "manual"}
SHIM = 'echo "pyenv: $0: command not found" >&2; exit 127'


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.write("pyproject.toml", PYPROJECT)
    return world


def ask_for(world: World, versions: str) -> None:
    world.replace("pyproject.toml", ">=3.11", versions)


# --- 000 ----------------------------------------------------------------------------------------


def test_000_writes_the_facts_of_this_host(world: World) -> None:
    world.installer("git", "nothing")

    done = world.run("atom_000", GITHUB_ACTIONS="true")

    assert done.code == 0
    facts = world.artifact("host")
    assert facts["os"] == {"linux": "linux", "darwin": "macos"}[sys.platform]
    assert facts["arch"] in {platform.machine(), "arm64", "x86_64"}
    assert facts["ci"] == "github"
    assert facts["package_manager"] == MANAGER
    assert facts["version"]
    assert "github CI" in done["detect_host_os_and_shell"][1]


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_000_tells_the_shell_that_started_it(world: World, shell: str) -> None:
    line = f"{sys.executable} -m atomci run atom_000 --project {world.root}; exit $?"
    program = shutil.which(shell)
    assert program
    done = subprocess.run([program, "-c", line], env=world.env | {"SHELL": "/bin/other"}, check=False)

    assert done.returncode == 0
    # Debian's sh is dash, but the process goes by the name it was started by.
    assert world.artifact("host")["shell"] in {shell, "bash"}


# --- 001 ----------------------------------------------------------------------------------------


def test_001_takes_the_interpreter_behind_atomci_when_it_will_do(world: World) -> None:
    world.program("python3.13", "echo 3.13.9")

    done = world.run("atom_001")

    assert done.code == 0
    [row] = world.artifact("python")["tools"]
    assert row["found"] == platform.python_version()
    assert row["usable"]


@needs_another
def test_001_finds_pyenvs_interpreter_although_its_shim_fails(world: World) -> None:
    minor, prefix = next(iter(OTHERS.items()))
    shim = world.program(f"python{minor}", SHIM)
    versions = world.home / ".pyenv/versions"
    versions.mkdir(parents=True)
    (versions / f"{minor}.1").symlink_to(prefix)
    ask_for(world, f"=={minor}.*")

    done = world.run("atom_001")

    assert done.code == 0, done["install_python_runtime"]
    [row] = world.artifact("python")["tools"]
    assert row["path"].startswith(str(versions / f"{minor}.1"))
    assert row["found"].startswith(f"{minor}.")
    assert f"{shim} can't be started" in row["note"]
    assert world.calls, "the shim was asked"


@needs_another
def test_001_finds_what_uv_installed(world: World) -> None:
    minor, prefix = next(iter(OTHERS.items()))
    world.link("uv")
    pythons = world.home / "pythons"
    pythons.mkdir()
    (pythons / f"cpython-{minor}.1-linux-x86_64-gnu").symlink_to(prefix)
    ask_for(world, f"=={minor}.*")

    done = world.run("atom_001")

    assert done.code == 0, done["install_python_runtime"]
    assert world.artifact("python")["tools"][0]["path"].startswith(str(pythons))


@needs_another
@pytest.mark.parametrize("way", [".python-version", "UV_PYTHON", "UV_PYTHON with a path"])
def test_001_obeys_what_uv_would_obey(world: World, way: str) -> None:
    minor, prefix = next(iter(OTHERS.items()))
    versions = world.home / ".pyenv/versions"
    versions.mkdir(parents=True)
    (versions / f"{minor}.1").symlink_to(prefix)
    env = {}
    if way == ".python-version":
        world.write(".python-version", f"# ours\n{minor}\n")
    elif way == "UV_PYTHON":
        env["UV_PYTHON"] = minor
    else:
        env["UV_PYTHON"] = str(prefix / f"bin/python{minor}")

    done = world.run("atom_001", **env)

    assert done.code == 0, done["install_python_runtime"]
    assert world.artifact("python")["tools"][0]["found"].startswith(f"{minor}.")


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("echo hello", id="answers something else"),
        pytest.param("echo 3.11.0; exit 1", id="fails"),
        pytest.param("", id="says nothing"),
    ],
)
def test_001_passes_over_programs_that_are_no_interpreter(world: World, script: str) -> None:
    ask_for(world, f"=={ABSENT}.*")
    world.program(f"python{ABSENT}", script)
    world.program("python3", f"echo {ABSENT}.2")

    done = world.run("atom_001")

    assert done.code == 0, done["install_python_runtime"]
    [row] = world.artifact("python")["tools"]
    assert row["path"] == str(world.bin / "python3")
    assert str(world.bin / f"python{ABSENT}") in row["note"]


def test_001_passes_over_a_file_that_this_machine_cannot_execute(world: World) -> None:
    ask_for(world, f"=={ABSENT}.*")
    path = world.program(f"python{ABSENT}", "")
    path.write_bytes(b"\x7fELF of another machine")
    world.program("python3", f"echo {ABSENT}.2")

    done = world.run("atom_001")

    assert done.code == 0, done["install_python_runtime"]
    assert f"{path} can't be started" in world.artifact("python")["tools"][0]["note"]


@pytest.mark.parametrize("env", [OFFLINE, {}], ids=["offline", "never"])
def test_001_without_any_interpreter_names_the_command_to_type(world: World, env: dict[str, str]) -> None:
    world.link("uv")
    ask_for(world, f"=={ABSENT}.*")
    world.program(f"python{ABSENT}", SHIM)

    done = world.run("atom_001", **env)

    assert done.code == 3
    status, reason = done["install_python_runtime"]
    assert status == "error"
    assert f"no interpreter satisfies =={ABSENT}.*" in reason
    assert f"uv python install {ABSENT}" in reason
    assert not (world.home / "pythons").exists() or not list((world.home / "pythons").glob("cpython*"))


def test_001_asks_uv_only_when_there_is_no_interpreter(world: World) -> None:
    # Like uv: it says where its interpreters are, and puts one there.
    world.program(
        "uv",
        f"""case "$2" in
dir) echo "$HOME/pythons" ;;
install) /bin/mkdir -p "$HOME/pythons/cpython-$3.0-x/bin"
  printf '#!/bin/sh\\necho {ABSENT}.0\\n' >"$HOME/pythons/cpython-$3.0-x/bin/python"
  /bin/chmod 755 "$HOME/pythons/cpython-$3.0-x/bin/python" ;;
esac""",
    )

    assert world.run("atom_001").code == 0
    assert not [call for call in world.calls if "install" in call]

    ask_for(world, f"=={ABSENT}.*")
    done = world.run("atom_001")
    assert done.code == 0, done["install_python_runtime"]
    assert [call for call in world.calls if "install" in call] == [f"uv python install {ABSENT}"]
    assert world.artifact("python")["tools"][0]["found"] == f"{ABSENT}.0"


def test_001_refuses_a_pin_that_the_project_excludes(world: World) -> None:
    world.write(".python-version", "3.9\n")

    done = world.run("atom_001")

    assert done.code == 3
    status, reason = done["install_python_runtime"]
    assert status == "error"
    assert ".python-version" in reason
    assert ">=3.11" in reason


# --- 002 ----------------------------------------------------------------------------------------

GIT_2_20 = 'case "$1" in --version) echo git version 2.20.1 ;; *) exit 1 ;; esac'


def test_002_finds_git(world: World) -> None:
    world.link("git")

    done = world.run("atom_002")

    assert done.code == 0
    [row] = world.artifact("git")["tools"]
    assert row["usable"]
    assert row["path"] == str(world.bin / "git")


@pytest.mark.parametrize("script", [GIT_2_20, None, "exit 1"], ids=["too old", "absent", "broken"])
def test_002_gives_the_install_command_and_runs_nothing(world: World, script: str | None) -> None:
    world.installer("git", "git version 2.50.0")
    if script is not None:
        world.program("git", script)

    done = world.run("atom_002")

    assert done.code == 1
    status, reason = done["install_git_cli"]
    assert status == "fail"
    assert "git >=2.38" in reason
    assert " ".join((*INSTALL, "git")) in reason
    assert ("2.20.1" in reason) == (script == GIT_2_20)
    assert not [call for call in world.calls if call.startswith((MANAGER, "sudo"))]


@pytest.mark.parametrize("script", [GIT_2_20, None], ids=["too old", "absent"])
def test_002_installs_on_demand(world: World, script: str | None) -> None:
    world.installer("git", "git version 2.50.0")
    if script is not None:
        world.program("git", script)

    done = world.run("atom_002", "--install")

    assert done.code == 0, done["install_git_cli"]
    assert [call for call in world.calls if call.startswith(MANAGER)] == [
        " ".join((*INSTALL[INSTALL.index(MANAGER) :], "git"))
    ]
    assert world.artifact("git")["tools"][0]["found"] == "2.50.0"


def test_002_installs_nothing_where_git_is_there(world: World) -> None:
    world.link("git")
    world.installer("git", "git version 2.50.0")
    world.link("git")

    assert world.run("atom_002", "--install").code == 0
    assert world.calls == []


def test_002_says_what_the_package_manager_said_when_it_failed(world: World) -> None:
    world.program("sudo", 'exec "$@"')
    world.program(MANAGER, "echo E: Unable to locate package git >&2; exit 100")

    done = world.run("atom_002", "--install")

    assert done.code != 0
    _, reason = done["install_git_cli"]
    assert "Unable to locate package git" in reason
    assert " ".join((*INSTALL, "git")) in reason


def test_002_without_a_package_manager_names_the_page(world: World) -> None:
    done = world.run("atom_002", "--install")

    assert done.code == 1
    _, reason = done["install_git_cli"]
    assert "https://git-scm.com/downloads" in reason
    assert "--install" not in reason, "it was there already, and would change nothing"


# --- 003 to 005 ---------------------------------------------------------------------------------

USED_BY = {
    "install_powershell_if_applicable": "tests/scripts/one.Tests.ps1",
    "install_node_optional_for_vscode": ".vscode/settings.json",
    "install_docker_optional": "Dockerfile",
}
OPTIONAL = {
    "install_powershell_if_applicable": ("pwsh", "powershell", "PowerShell 7.4.6"),
    "install_node_optional_for_vscode": ("node", "node", "v22.11.0"),
    "install_docker_optional": ("docker", "docker", "Docker version 27.3.1, build ce12230"),
}


@pytest.mark.parametrize("atom", OPTIONAL)
def test_an_optional_program_that_is_absent_is_skipped_with_the_reason(world: World, atom: str) -> None:
    _, tool, _ = OPTIONAL[atom]
    world.write(USED_BY[atom], "")

    done = world.run(atom)

    assert done.code == 0
    status, reason = done[atom]
    assert status == "skipped"
    assert reason.startswith(f"{tool} >=")
    assert "https://" in reason


@pytest.mark.parametrize("atom", OPTIONAL)
def test_a_program_that_nothing_here_uses_is_not_called_wanted_and_not_installed(
    world: World, atom: str
) -> None:
    program, tool, says = OPTIONAL[atom]
    world.installer(program, says)

    done = world.run(atom, "--install")

    assert done[atom][0] == "skipped"
    assert done[atom][1].startswith(f"not needed here: {tool} is for ")
    assert not [call for call in world.calls if "install" in call]
    status, seen, remedy = world.check(atom)
    assert (status, remedy) == ("not applicable", "")
    assert seen.startswith("not needed here")


@pytest.mark.parametrize("atom", OPTIONAL)
def test_an_optional_program_that_is_there_passes(world: World, atom: str) -> None:
    program, _, says = OPTIONAL[atom]
    world.program(program, f'case "$1" in --version) echo "{says}" ;; *) echo 27.3.1 ;; esac')

    done = world.run(atom)

    assert done.code == 0
    assert done[atom][0] == "pass"


@pytest.mark.parametrize(("ci", "code", "status"), [("", 0, "skipped"), ("true", 1, "fail")])
def test_003_stops_only_ci_where_scripts_have_tests(world: World, ci: str, code: int, status: str) -> None:
    world.write("scripts/local_ci.Tests.ps1", "Describe 'it' {}\n")

    done = world.run("atom_003", CI=ci)

    assert done.code == code
    assert done["install_powershell_if_applicable"][0] == status
    assert "powershell >=7 is wanted, it isn't here" in done["install_powershell_if_applicable"][1]


def test_004_tells_the_command_and_runs_it_on_demand(world: World) -> None:
    world.write(".vscode/settings.json", "")
    world.installer("node", "v22.11.0")

    first = world.run("atom_004")
    command = " ".join((*INSTALL, "node" if MANAGER == "brew" else "nodejs"))
    assert command in first["install_node_optional_for_vscode"][1]
    assert world.calls == []

    second = world.run("atom_004", "--install")
    assert second["install_node_optional_for_vscode"][0] == "pass"
    assert world.calls[-1].startswith(MANAGER) or world.calls[-2].startswith(MANAGER)


def test_004_says_so_when_what_was_installed_is_still_too_old(world: World) -> None:
    world.write(".vscode/settings.json", "")
    world.installer("node", "v18.19.0")

    done = world.run("atom_004", "--install")

    assert done.code == 0
    status, reason = done["install_node_optional_for_vscode"]
    assert status == "skipped"
    assert "18.19.0 is here" in reason
    assert "it ran, but isn't enough: see https://nodejs.org" in reason


def test_005_tells_a_client_from_a_running_engine(world: World) -> None:
    world.write("Dockerfile", "")
    world.program(
        "docker",
        """case "$1" in
--version) echo "Docker version 27.3.1, build ce12230" ;;
*) echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock" >&2; exit 1 ;;
esac""",
    )
    world.program(MANAGER, "")

    done = world.run("atom_005", "--install")

    assert done.code == 0
    status, reason = done["install_docker_optional"]
    assert status == "skipped"
    assert "the client 27.3.1 is here, no engine is running" in reason
    assert not [call for call in world.calls if call.startswith(MANAGER)], "there is nothing to install"
    assert not world.artifact("docker")["tools"][0]["usable"]


def test_005_gives_up_on_an_engine_that_hangs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, since nobody wants to wait for as long as a user's machine may take."""
    world.write("Dockerfile", "")
    world.program(
        "docker", 'test "$1" = --version && { echo "Docker version 26.0.0"; exit 0; }\nexec /bin/sleep 60'
    )
    for name, value in world.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(machine, "ASKED_WITHIN", 1.0)
    row = atom("install_docker_optional")
    outcome = phase_00_bootstrap.install_docker_optional(
        Context(Workspace(Project(world.root), catalog_of({}), Config()), row)
    )
    assert (outcome.status, "no engine is running" in outcome.reason) == ("skipped", True)


def test_002_without_sudo_still_gives_the_command(world: World) -> None:
    world.program(MANAGER, "exit 1")

    done = world.run("atom_002", "--install")

    assert done.code == 1
    assert " ".join((*INSTALL, "git")) in done["install_git_cli"][1]


def test_a_dry_run_prints_what_would_be_installed_and_installs_nothing(world: World) -> None:
    world.installer("node", "v22.11.0")

    done = world.atomci("run", "atom_002", "atom_004", "--dry-run", "--install")

    assert done.code == 0, done.err
    assert not (world.root / "artifacts").exists()
    assert world.calls == []
    lines = done.out.splitlines()
    assert " ".join((*INSTALL, "git")) in lines


def test_a_dry_run_prints_no_install_command_for_what_is_there(world: World) -> None:
    world.program(MANAGER, "")
    world.program("docker", 'case "$1" in --version) echo Docker version 27.3.1 ;; *) echo 27.3.1 ;; esac')

    done = world.atomci("run", "atom_005", "--dry-run", "--install")

    docker = world.bin / "docker"
    assert done.out.splitlines()[-2:] == [
        f"{docker} --version",
        f"{docker} version --format '{{{{.Server.Version}}}}'",
    ]


def test_a_shim_of_uv_that_fails_is_passed_over(world: World) -> None:
    """pyenv puts one on PATH also where the Python that has uv isn't the chosen one."""
    world.program("uv", SHIM)
    local = world.home / ".local/bin/uv"
    local.parent.mkdir(parents=True)
    local.symlink_to(real("uv"))
    ask_for(world, f"=={ABSENT}.*")

    done = world.run("atom_001")

    # Only uv itself can say this; a uv beside the running interpreter is as good as that in ~/.local.
    assert "Python downloads are not allowed" in done["install_python_runtime"][1]
