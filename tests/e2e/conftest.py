"""A clean checkout of this repository, a project made from it, and ways to drive both as a user would."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fake_github import GitHub, Repo, serving
from once import Once

from atomci.catalog import ATOMS

from .pythons import lay_out

ROOT = Path(__file__).parents[2]
LANES = tuple(row.name for row in ATOMS if row.phase == 6 and row.name != "start_loop_on_fail")
"""Lists of what is to be fixed; they come after what found it."""
PROGRAMS = Path(sys.executable).parent
_LENT = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_RUN_RECURSION_DEPTH", "PYTHONPATH", "CI", "UV")


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a user's shell has: no settings of ours, this environment's uv, task and act on PATH."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "PYTEST_", "COV_", "GITHUB_")) and name not in _LENT
    }
    (home / "gitconfig").write_text("[user]\nname = Test\nemail = test@example.com\n", encoding="utf-8")
    return kept | {
        "PATH": os.pathsep.join([str(PROGRAMS), kept["PATH"]]),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "COPIER_CACHE_DIR": str(home / "copier"),
        "PRE_COMMIT_HOME": str(home / "pre-commit"),
        "GH_CONFIG_DIR": str(home / "gh"),
        "XDG_STATE_HOME": str(home / "state"),
        "PIP_NO_COMPILE": "1",  # seconds for each environment, of which little is ever imported
        **more,
    }


@dataclass(frozen=True)
class Shell:
    """Runs words in a folder and gives exit code and all output."""

    folder: Path
    env: Mapping[str, str]
    codes: list[int] = field(default_factory=list)

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The process, its standard error merged into its output."""
        return subprocess.run(
            words,
            cwd=self.folder,
            env={**self.env, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
            check=False,
        )

    def ok(self, *words: str, **more: str) -> str:
        """Its output; the test fails when it doesn't exit 0."""
        done = self.run(*words, **more)
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a user who has only a name."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def checkout(home: Path, once: Once) -> Path:
    """What cloning this repository gives: its files as they are now, in one commit, no tags; don't write into it."""
    return once("checkout", lambda base: check_out(base / "atomci", home)) / "atomci"


def check_out(folder: Path, home: Path) -> None:
    """The files of this repository as a repository of their own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    shell = Shell(folder, environment(home))
    shell.ok("git", "init", "--quiet", "--initial-branch=main")
    shell.ok("git", "add", "--all")
    shell.ok("git", "commit", "--quiet", "-m", "one")


@pytest.fixture(scope="session")
def atomci(checkout: Path, home: Path, once: Once) -> Shell:
    """The checkout with its environment made; `atomci.run("uv", "run", "atomci", ...)` runs it there."""
    shell = Shell(checkout, environment(home))
    once("checkout-synced", lambda _: shell.ok("uv", "sync", "--quiet", "--python", sys.executable))
    return shell


@pytest.fixture(scope="session")
def made(atomci: Shell, once: Once) -> Path:
    """A project as `atomci new --defaults` makes it, with scripts. Tests clone it before they change it."""

    def make(base: Path) -> None:
        words = (
            "uv",
            "run",
            "atomci",
            "new",
            str(base / "my-project"),
            "--defaults",
            "-d",
            "wrapper_scripts=true",
        )
        atomci.ok(*words, UV_PYTHON=sys.executable)

    return once("made", make) / "my-project"


@pytest.fixture(scope="session")
def github() -> Iterator[GitHub]:
    """A GitHub with the empty repository o/r."""
    with serving(GitHub({"o/r": Repo()})) as running:
        yield running


@pytest.fixture
def project(made: Path, home: Path, tmp_path: Path) -> Shell:
    """A clone of the project with environment, hooks and a remote to push to."""
    remote, clone = tmp_path / "remote.git", tmp_path / "my-project"
    shell = Shell(clone, environment(home, UV_PYTHON=sys.executable))
    Shell(tmp_path, shell.env).ok("git", "clone", "--quiet", "--bare", str(made), str(remote))
    Shell(tmp_path, shell.env).ok("git", "clone", "--quiet", str(remote), str(clone))
    shell.ok("uv", "sync", "--quiet", "--locked")
    shell.ok("uv", "run", "--frozen", "pre-commit", "install")
    shutil.copytree(made / ".mypy_cache", clone / ".mypy_cache")  # else mypy reads the standard library anew
    return shell


@pytest.fixture(scope="session")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Programs by version, oldest first, all in one folder."""
    return lay_out(tmp_path_factory.mktemp("pythons"))
