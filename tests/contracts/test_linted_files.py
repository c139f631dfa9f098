"""No Python file of ours is left out by a linter's own settings."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
# Jinja, and what the template renders: other tests lint the renders.
OTHERS = ("template/", "tests/golden/")


def our_files() -> set[str]:
    """Python files in git, relative to the root."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {path for path in done.stdout.split("\0") if path and not path.startswith(OTHERS)}


def test_ruff_looks_at_every_file() -> None:
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [ruff, "check", "--show-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    looked_at = {Path(line).relative_to(ROOT).as_posix() for line in done.stdout.splitlines()}
    assert our_files() - looked_at == set()


def test_black_looks_at_every_file() -> None:
    excluded = re.compile(TOOLS["black"]["extend-exclude"])
    assert [path for path in sorted(our_files()) if excluded.search(f"/{path}")] == []
    assert excluded.search("/template/pyproject.toml.jinja")
