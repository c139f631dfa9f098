"""A rendered project really works: its tests, its tools, its hooks and each way to start the gate.

The environments are real: the first run downloads what the projects develop with.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from once import Once
from reserved_names import free_projects

Git = Callable[..., str]
Render = Callable[..., Path]
Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sh scripts; CI runs the project itself")


def in_environment(project: Path) -> dict[str, str]:
    """The programs of this test's environment (uv, task) on PATH, and no network."""
    programs = str(Path(sys.executable).parent)
    return os.environ | {
        "PATH": os.pathsep.join([programs, os.environ["PATH"]]),
        "UV_PYTHON": sys.executable,
        "UV_OFFLINE": "1",
        "PRE_COMMIT_HOME": str(project / ".git" / "pre-commit"),
    }


def run_in(project: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=project, env=in_environment(project) | more, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def made(render: Render, git: Git, once: Once) -> Path:
    """A project with every hook, environment and first commit. Tests clone it before they change it."""

    def make(base: Path) -> None:
        project = render(base / "my-project", {"strict_hooks": True})
        git(project, "init", "--quiet", "--initial-branch=main")
        synced = run_in(project, "uv", "sync", "--quiet", UV_OFFLINE="0")
        assert synced.returncode == 0, synced.stderr
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--message=first")

    return once("made-strict", make) / "my-project"


@pytest.fixture
def changed(made: Path, git: Git, tmp_path: Path) -> Path:
    """A clone of the project to break, with an environment of its own."""
    git(tmp_path, "clone", "--quiet", str(made), "my-project")
    project = tmp_path / "my-project"
    synced = run_in(project, "uv", "sync", "--quiet", "--frozen")
    assert synced.returncode == 0, synced.stderr
    return project


@pytest.mark.parametrize(
    "command",
    [
        "ruff check .",
        "black --check .",
        "mypy",
        "bandit --configfile pyproject.toml --quiet --recursive src",
        "pytest -m unit --cov --cov-report=term",
        "pytest -m integration",
        "pytest -m e2e",
        "pytest -m contracts",
    ],
)
def test_a_new_project_passes(made: Path, command: str, git: Git) -> None:
    result = run_in(made, "uv", "run", "--frozen", *command.split())

    assert result.returncode == 0, result.stdout + result.stderr
    assert "no tests ran" not in result.stdout
    assert git(made, "status", "--short") == ""


# What each hook refuses. Of these files only black's own isn't formatted.
REFUSED = {
    "ruff": ("src/my_project/unused.py", "import os\n"),
    "black": ("src/my_project/crowded.py", "x = [1,2]\n"),
    "mypy": ("src/my_project/untyped.py", "def f(x):  # untyped\n    return x\n"),
    "bandit": ("src/my_project/pickled.py", 'import pickle\n\nx = pickle.loads(b"")\n'),
    "no misspelt word": ("misspelt.md", "Teh end.\n"),
    "YAML parses": ("new.yml", "a: [\n"),
    "TOML parses": ("new.toml", "a = \n"),
    "JSON parses": ("new.json", "{,}\n"),
    "no large file": ("new.bin", "x" * 600_000 + "\n"),
    "no conflict marker": ("conflict.md", "<" * 7 + " HEAD\n"),
    "files end in one newline": ("short.md", "no newline"),
    "no trailing whitespace": ("trailing.md", "trailing \n"),
    "no private key": ("new.pem", "-----BEGIN RSA " + "PRIVATE KEY-----\n"),
    "no secret": ("secret.md", f'TOKEN = "ghp_{"a1B2" * 9}"\n'),
}


def test_each_hook_refuses_its_file_and_names_it(changed: Path, git: Git) -> None:
    for path, content in REFUSED.values():
        (changed / path).write_text(content)
    git(changed, "add", "--all")

    said = run_in(changed, "uv", "run", "--frozen", "pre-commit", "run", "--color=never").stdout

    _, *parts = re.split(r"^(.+?)\.{3,}(?:\(.*\))?(Passed|Failed|Skipped)$", said, flags=re.MULTILINE)
    hooks = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    failed = {name: text for name, verdict, text in hooks if verdict == "Failed"}
    assert failed.keys() == REFUSED.keys(), said
    silent = {name for name, (path, _) in REFUSED.items() if path not in failed[name]}
    assert not silent, said


def test_an_unregistered_marker_fails(changed: Path) -> None:
    (changed / "tests/unit/test_new.py").write_text(
        "import pytest\n\n\n@pytest.mark.sloww\ndef test_it() -> None: ...\n"
    )

    result = run_in(changed, "uv", "run", "--frozen", "pytest", "tests/unit/test_new.py")

    assert result.returncode != 0
    assert "'sloww' not found in `markers`" in result.stdout


def test_unit_tests_alone_hold_the_coverage_budget(changed: Path) -> None:
    (changed / "tests/unit/test_slug.py").write_text(
        "import my_project\n\n\ndef test_import() -> None:\n    assert my_project\n"
    )

    result = run_in(changed, "uv", "run", "--frozen", "pytest", "tests/unit", "--cov")

    assert result.returncode != 0
    assert "Required test coverage of 90.0% not reached" in result.stdout


def test_pip_tools_locks_syncs_and_runs(
    snapshot: Callable[[Path], Path], render: Render, git: Git, tmp_path: Path
) -> None:
    source = snapshot(tmp_path / "atomci")
    (source / "README.md").write_text("changed\n")  # pins to the working tree: the harder form
    answers = {"dependency_manager": "pip-tools"}
    project = render(tmp_path / "my-project", answers, source=source, ref="HEAD")
    git(project, "init", "--quiet", "--initial-branch=main")
    shim = tmp_path / "shims" / "python3"  # one that fails, as pyenv's do
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    real = Path(sys.executable).resolve()
    (shim.parent / f"python{sys.version_info[0]}.{sys.version_info[1]}").symlink_to(real)
    path = os.pathsep.join([str(shim.parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "PIP_NO_COMPILE": "1"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "scripts/in_venv.sh", *command],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    first = run("atomci", "run", "local_ci")

    assert first.returncode == 0, first.stdout + first.stderr
    lock = (project / "requirements/dev.txt").read_text()
    assert "ruff==" in lock
    assert free_projects(project) == set()
    # The pin itself is the only path of this machine.
    assert [line for line in lock.splitlines() if str(tmp_path) in line] == [f"-e file://{source}"]
    environment["PIP_NO_INDEX"] = "1"
    assert run("pytest", "-q").returncode == 0
    del environment["PIP_NO_INDEX"]
    again = run("--lock")
    assert again.returncode == 0, again.stderr
    assert (project / "requirements/dev.txt").read_text() == lock


@pytest.fixture
def begun(render: Render, tmp_path: Path) -> Path:
    """A project of pip-tools whose environment is a stand-in that says when it is changed, and takes time."""
    project = render(tmp_path / "my-project", {"dependency_manager": "pip-tools"})
    (project / "requirements/dev.txt").write_text("ruff==1\n")
    python = project / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    (project / ".venv/pyvenv.cfg").touch()
    python.write_text(
        '#!/bin/sh\nif [ "$1" = -c ]; then exit 0; fi\n'
        "echo begins >>.venv/log; sleep 0.1; echo ends >>.venv/log\n"
    )
    python.chmod(0o755)
    return project


def test_the_environment_is_brought_in_line_once_however_many_ask(begun: Path) -> None:
    """pre-commit starts a hook several times at once, and pip broke the environment of the other."""
    words = ["sh", "scripts/in_venv.sh", "true"]
    processes = [subprocess.Popen(words, cwd=begun) for _ in range(3)]

    assert [process.wait() for process in processes] == [0, 0, 0]
    assert (begun / ".venv/log").read_text().split() == ["begins", "ends"] * 2
    assert not (begun / ".venv/in_venv.pid").exists()


def test_a_turn_whose_process_was_killed_is_over(begun: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    (begun / ".venv/in_venv.pid").write_text(f"{gone.pid}\n")

    subprocess.run(["sh", "scripts/in_venv.sh", "true"], cwd=begun, check=True, timeout=30)

    assert (begun / ".venv/dev.txt").read_text() == "ruff==1\n"


def test_in_venv_without_a_python_says_what_to_do(render: Render, tmp_path: Path) -> None:
    project = render(tmp_path / "my-project", {"dependency_manager": "pip-tools"})
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "dirname"):
        (programs / name).symlink_to(shutil.which(name) or "")

    result = subprocess.run(
        ["sh", "scripts/in_venv.sh", "true"],
        cwd=project,
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 3
    assert "PYTHON=/path/to/python" in result.stderr
    assert not (project / ".venv").exists()
