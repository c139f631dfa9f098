"""A tiny tree is broken for real: what its tests notice, what they don't, and that no file of it changes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "break_and_see.py"
MODULE = "src/shop/prices/sums.py"
SUMS = """\
def total(prices: list[int], discount: int = 0) -> int:
    return sum(prices) - discount
"""
TEST = """\
import sys
from shop.prices.sums import total


def test_total() -> None:
    assert total([3]) == 3
    assert not sys.dont_write_bytecode
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with the script, a module, and a test that gives no discount."""
    root = tmp_path / "tree"
    files = {
        "scripts/break_and_see.py": SCRIPT.read_text(encoding="utf-8"),
        "src/shop/prices/__init__.py": "",
        MODULE: SUMS,
        "tests/unit/prices/test_sums.py": TEST,
        "tests/unit/test_nothing.py": "def test_nothing() -> None: ...\n",
        "pyproject.toml": "[tool.pytest.ini_options]\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/break_and_see.py", MODULE, *words]
    # Plugins would be most of its time. Without bytecode every run would compile all anew.
    own = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    env = own | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)


def test_one_break_is_noticed_and_one_survives(tree: Path) -> None:
    before = contents(tree)

    done = run(tree)

    assert done.returncode == 1, done.stderr
    assert done.stdout == (
        f"{MODULE}:2: arithmetic\n"
        "-    return sum(prices) - discount\n"
        "+    return (sum(prices) + discount)\n\n"
        "1 of 3 breaks survived\n"
    )
    assert "noticed  src/shop/prices/sums.py:1 constant changed" in done.stderr
    assert "3/3" in done.stderr
    assert contents(tree) == before


def test_json_of_a_few_and_no_survivor(tree: Path) -> None:
    (tree / "tests/unit/prices/test_more.py").write_text(
        TEST.replace("[3]) == 3", "[3], 1) == 2"), encoding="utf-8"
    )

    done = run(tree, "--limit", "1", "--seed", "2", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "module": MODULE, "tests": ["tests/unit/prices"], "breaks": 1, "survivors": []
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tests", "tests/unit/test_nothing.py"), f"no test there imports {MODULE}"),
        (("--tests", "tests/nowhere"), "no test there, or one fails with nothing broken"),
    ],
)
def test_tests_that_cannot_tell_are_wrong_usage(words: tuple[str, ...], said: str, tree: Path) -> None:
    done = run(tree, *words)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
