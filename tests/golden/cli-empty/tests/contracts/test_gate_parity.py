"""Every way to start the gate runs the same steps; so do task and script for every other verb."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RUNS = re.compile(r"\batomci run (\w+)")
STEP = re.compile(r"\b(?:atomci run \w+|atomci check|ruff check(?: --[\w-]+)*|black \.|uv sync)")


@cache
def atoms_of(target: str) -> frozenset[str]:
    """The names of all atoms that a target runs."""
    command = [sys.executable, "-m", "atomci", "graph", target, "--format", "json"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return frozenset(node["name"] for node in json.loads(result.stdout)["nodes"])


def load(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def jobs() -> dict[str, Any]:
    found: dict[str, Any] = load(".github/workflows/ci.yml")["jobs"]
    return found


def code_of(script: str) -> str:
    lines = (ROOT / "scripts" / script).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def code_of_task(name: str) -> str:
    task = load("Taskfile.yml")["tasks"][name]
    return "\n".join(task.get("cmds", [task.get("cmd")]))


@pytest.mark.parametrize("script", ["local_ci.sh", "local_ci.ps1"])
def test_the_scripts_run_the_gate(script: str) -> None:
    assert RUNS.findall(code_of(script)) == ["local_ci"]


def test_the_task_runs_the_gate() -> None:
    assert RUNS.findall(code_of_task("ci")) == ["local_ci"]


@pytest.mark.parametrize("verb", ["setup", "local_ci", "test", "fix", "check"])
def test_scripts_and_task_do_the_same(verb: str) -> None:
    task, shell, powershell = (
        STEP.findall(code)
        for code in (
            code_of_task("ci" if verb == "local_ci" else verb),
            code_of(f"{verb}.sh"),
            code_of(f"{verb}.ps1"),
        )
    )

    assert task
    assert task == shell == powershell


def test_the_pre_push_hook_runs_the_gate_whatever_changed() -> None:
    hooks = load(".pre-commit-config.yaml")["repos"][0]["hooks"]
    pushed = [hook for hook in hooks if "pre-push" in hook.get("stages", [])]

    assert [RUNS.findall(hook["entry"]) for hook in pushed] == [["local_ci"]]
    assert pushed[0]["always_run"]


def test_the_jobs_together_run_every_step_of_the_gate() -> None:
    steps = [step.get("run", "") for job in jobs().values() for step in job["steps"]]
    targets = RUNS.findall("\n".join(steps))

    assert {"lint_types", "unit"} <= set(targets)
    # The last atom adds up one run's outcomes; in CI the job `required` does that.
    assert atoms_of("local_ci") == (
        atoms_of("lint_types") | atoms_of("unit") | {"compute_local_ci_exit_code"}
    )


def test_no_job_escapes_the_required_one() -> None:
    # A job that only sends a message decides nothing.
    assert set(jobs()["required"]["needs"]) == set(jobs()) - {"required", "notify"}
    assert jobs()["required"]["if"] == "always()"
