"""This repository's action.yml under act, in a repository that doesn't come from the template."""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from .act import ACTIONS, act
from .conftest import ROOT, Shell, environment
from .test_pre_commit_hooks import CODE, TEST

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="act's self-hosted mode")

OURS = "acme/atomci@v1"
JOB = """\
  {name}:
    runs-on: ubuntu-24.04
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@{checkout}
        with:
          persist-credentials: false
      - id: gate
        uses: {ours}
        with:
          target: local_ci --keep-going
          project: {name}
          upload-sarif: "true"
      - if: ${{{{ !cancelled() }}}}
        run: echo "the findings are in <$SARIF>"
        env:
          SARIF: ${{{{ steps.gate.outputs.sarif }}}}
"""


def test_each_folder_of_a_repository_gets_its_verdict_and_its_sarif(
    atomci: Shell, home: Path, tmp_path: Path, clone_environment: Callable[..., Path]
) -> None:
    active = clone_environment("active", lacking=("atomci", "_atomci", "black", "mypy", "pytest_cov"))
    guest = Shell(tmp_path / "guest", environment(home))
    jobs = "".join(JOB.format(name=name, ours=OURS, checkout="3" * 40) for name in ("green", "red"))
    files = {
        ".github/workflows/ci.yml": f"on: push\njobs:\n{jobs}",
        "green/pyproject.toml": "",
        "green/demo.py": CODE,
        "green/test_demo.py": TEST,
        "red/pyproject.toml": "",
        "red/demo.py": f"{CODE}import os\n",
        "red/test_demo.py": TEST,
    }
    for name, text in files.items():
        (guest.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (guest.folder / name).write_text(text, encoding="utf-8")
    for words in (("init", "--quiet", "--initial-branch=main"), ("add", "--all"), ("commit", "-qm", "one")):
        guest.ok("git", *words)

    given = {"VIRTUAL_ENV": str(active), "UV_CACHE_DIR": atomci.ok("uv", "cache", "dir").strip()}
    # A workflow may set these for its own calls of uv.
    given |= {"GITHUB_ACTIONS": "true", "UV_LOCKED": "1", "UV_PYTHON": "3.9"}
    run = act(guest, tmp_path / "act", "push", *replaced(atomci.folder, tmp_path), **given)

    assert dict(run.results) == {"green": "success", "red": "failure"}, run.said
    assert run.said.count("local_ci: green") == 1
    assert "left out: mypy, since it isn't installed in active" in run.said
    assert "the findings are in <red/artifacts/reports/static.sarif>" in run.said
    assert "file=red/demo.py,line=7,col=8" in run.said
    for name, expected in (("green", []), ("red", ["red/demo.py"])):
        log = run.record(f"sarif-{name}")
        assert [row["automationDetails"]["id"] for row in log["runs"]] == [f"atomci/{name}/run_ruff_lint/"]
        places = [row["locations"][0]["physicalLocation"] for row in log["runs"][0]["results"]]
        assert [place["artifactLocation"]["uri"] for place in places] == expected


def replaced(checkout: Path, folder: Path) -> list[str]:
    """act's words that put folders in place of our action and of those that it uses.

    act copies the folder of an action for each step, so ours has no more than what is built and read.
    """
    ours = folder / "ours"
    shutil.copytree(checkout / "src", ours / "src")
    for name in ("action.yml", "pyproject.toml", "uv.lock", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(checkout / name, ours)
    used = re.findall(r"uses: ([\w-]+/[\w-]+)\S*@([0-9a-f]{40})", (ours / "action.yml").read_text("utf-8"))
    found = {OURS: ours} | {f"{name}@{pin}": ACTIONS / name.replace("/", "_") for name, pin in used}
    return [f"--local-repository={name}={place}" for name, place in found.items()]


def test_nothing_of_an_input_is_part_of_a_script() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    scripts = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]
