"""This repository's hooks for pre-commit, in a repository that doesn't come from the template."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Shell, environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="an environment of links")

CONFIG = """\
repos:
  - repo: {atomci}
    rev: {commit}
    hooks:
      - id: atomci-gate
      - id: atomci-atom
        args: [run_ruff_lint]
"""
CODE = '"""Adds."""\n\n\ndef add(a: int, b: int) -> int:\n    """The sum."""\n    return a + b\n'
TEST = "from demo import add\n\n\ndef test_add() -> None:\n    assert add(1, 2) == 3\n"


@pytest.fixture
def guest(checkout: Path, home: Path, tmp_path: Path, clone_environment: Callable[..., Path]) -> Shell:
    """A repository with pytest and ruff in `venv`, its two hooks installed and a remote to push to."""
    clone_environment("guest/venv", lacking=("atomci", "_atomci", "black", "mypy", "pytest_cov"))
    # Whoever commits from an editor has activated nothing, and pre-commit lies somewhere else.
    elsewhere = os.environ["PATH"].replace(str(Path(sys.executable).parent), "")
    shell = Shell(tmp_path / "guest", {**environment(home), "PATH": elsewhere})
    commit = Shell(checkout, shell.env).ok("git", "rev-parse", "HEAD").strip()
    files = {
        "demo.py": CODE,
        "test_demo.py": TEST,
        ".gitignore": "venv/\n",
        ".pre-commit-config.yaml": CONFIG.format(atomci=checkout, commit=commit),
    }
    for name, text in files.items():
        (shell.folder / name).write_text(text, encoding="utf-8")
    shell.ok("git", "init", "--quiet", "--initial-branch=main")
    shell.ok("git", "init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    shell.ok("git", "remote", "add", "origin", str(tmp_path / "remote.git"))
    shell.ok(sys.executable, "-m", "pre_commit", "install", "-t", "pre-commit", "-t", "pre-push")
    return shell


def test_the_gate_before_a_push_and_an_atom_before_a_commit(guest: Shell) -> None:
    (guest.folder / "demo.py").write_text(CODE + "import os\n", encoding="utf-8")
    guest.ok("git", "add", "--all")
    refused = guest.run("git", "commit", "--quiet", "-m", "one")
    assert refused.returncode == 1
    assert "demo.py:7:8: error: `os` imported but unused [F401]" in refused.stdout
    assert "run_pytest" not in refused.stdout

    (guest.folder / "demo.py").write_text(CODE, encoding="utf-8")
    guest.ok("git", "add", "--all")
    guest.ok("git", "commit", "--quiet", "-m", "one")
    pushed = guest.ok("git", "push", "--quiet", "origin", "main")
    assert "local_ci: green" in pushed
    assert "1 test" in pushed
    assert "left out: mypy, since it isn't installed in venv" in pushed
    assert guest.ok("git", "status", "--porcelain") == ""

    (guest.folder / "test_demo.py").write_text(TEST.replace("3", "4"), encoding="utf-8")
    guest.ok("git", "commit", "--quiet", "--all", "-m", "two")
    refused = guest.run("git", "push", "--quiet", "origin", "main")
    assert refused.returncode == 1
    assert "[test_demo.py::test_add]" in refused.stdout
    assert "local_ci: red" in refused.stdout
    assert len(guest.ok("git", "log", "--oneline", "origin/main").splitlines()) == 1
