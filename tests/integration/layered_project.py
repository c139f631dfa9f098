"""The sample project with tests of every layer, and what phases 9 and 10 ask of a project."""

from typing import Any

MARKERS = """addopts = ["--strict-markers"]
markers = ["unit: u", "integration: i", "e2e: e"]
"""
CONFTEST = """\
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        layer = item.path.relative_to(HERE).parts[0]
        item.add_marker(layer)
"""
INTEGRATION = """\
import os
import subprocess
from pathlib import Path

import pytest

from demo.words import shout


@pytest.fixture
def git(tmp_path):
    def run(*words):
        done = subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout

    run("init", "--quiet")
    return run


def test_files(tmp_path):
    (tmp_path / "a.txt").write_text(shout("a"))


def test_git(git):
    assert "No commits yet" in git("status")


def test_what_is_lent():
    folder = Path(os.environ["ATOMCI_TMP"])
    assert list(folder.iterdir()) == []
    remote = os.environ["ATOMCI_GIT_REMOTE"]
    subprocess.run(["git", "clone", "--quiet", remote, "clone"], cwd=folder, check=True)
    ports = os.environ["ATOMCI_PORTS"].split(",")
    assert len(set(ports)) == 3
    (Path(os.environ["ATOMCI_ARTIFACTS"]) / "said.log").write_text("hello")
"""
E2E = """\
import os
import subprocess
import sys
from pathlib import Path


def test_it_runs():
    code = "from demo.words import shout; print(shout('hey'))"
    env = {**os.environ, "PYTHONPATH": "src"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "HEY!"
    (Path(os.environ["ATOMCI_ARTIFACTS"]) / "screen.png").write_bytes(b"not a picture")
"""
RULESET = """\
{
  "name": "main",
  "target": "branch",
  "enforcement": "active",
  "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
  "rules": [
    {
      "type": "required_status_checks",
      "parameters": {
        "required_status_checks": [
          {"context": "gate"}
        ]
      }
    }
  ]
}
"""
WORKFLOW = """\
on:
  pull_request:
  push:
    branches: [main]
  schedule:
    - cron: "7 3 * * *"
jobs:
  unit:
    runs-on: ubuntu-24.04
    steps:
      - run: atomci run unit
  e2e:
    if: github.event_name != 'pull_request'
    needs: unit
    runs-on: ubuntu-24.04
    steps:
      - run: atomci run e2e
  gate:
    if: always()
    needs: [unit, e2e]
    runs-on: ubuntu-24.04
    steps:
      - run: test "$RESULTS" = "success success"
        env:
          RESULTS: ${{ join(needs.*.result, ' ') }}
"""
RULES, CI = ".github/rulesets/main.json", ".github/workflows/ci.yml"


def layered(sample: Any) -> Any:
    """Add tests of the layers, a ruleset and a workflow, and commit."""
    sample.replace("pyproject.toml", 'addopts = ["--strict-markers"]\n', MARKERS)
    sample.write("tests/conftest.py", CONFTEST)
    sample.write("tests/integration/test_world.py", INTEGRATION)
    sample.write("tests/e2e/test_whole.py", E2E)
    sample.write(RULES, RULESET)
    sample.write(CI, WORKFLOW)
    sample.commit("layers")
    return sample
