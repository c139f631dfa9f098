"""ruff's formatter in black's place, in a project whose environment has no black."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def project(real_sample: Any, clone_environment: Callable[..., Path]) -> Any:
    environment = clone_environment(without=["black"])
    project = replace(real_sample, env={**real_sample.env, "UV_PROJECT_ENVIRONMENT": str(environment)})
    project.replace(
        "pyproject.toml",
        "[tool.black]\nline-length = 100\n",
        '[tool.atomci.atoms.run_black_check]\nreads = "ruff-format"\n',
    )
    project.delete("README.md")  # newer versions count it, since they format code in it
    return project


def run(project: Any) -> dict[str, Any]:
    return project.atomci("run", "run_black_check", "--json").atoms["run_black_check"]


def test_findings_have_their_line_and_the_lanes_command_mends_them(project: Any) -> None:
    project.write("src/demo/spaces.py", "Y = 1\nX = {  'a':1 }\n")
    project.write("src/demo/torn.py", "def broken(:\n    pass\n")

    done = project.atomci("run", "run_black_check", "classify_static_failures", "--json", "--keep-going")

    row = done.atoms["run_black_check"]
    assert (done.code, row["status"], row["examined"]) == (1, "fail", 9)
    assert {(f["path"], f["line"], f["rule"]) for f in row["findings"]} == {
        ("src/demo/spaces.py", 2, "unformatted"),
        ("src/demo/torn.py", 1, "unparsable"),
    }
    lanes = {lane["lane"]: lane["command"] for lane in project.json("artifacts/reports/lanes.json")["lanes"]}
    assert lanes["format"].endswith("ruff format .")

    project.delete("src/demo/torn.py")
    program = Path(project.env["UV_PROJECT_ENVIRONMENT"]) / "bin/ruff"
    subprocess.run([program, "format", "."], cwd=project.root, check=True, capture_output=True)
    again = run(project)
    assert (again["status"], again["examined"]) == ("pass", 8)


def test_a_file_that_ruff_formats_and_black_does_not_is_looked_at_again(project: Any) -> None:
    assert [run(project)["cached"] for _ in range(2)] == [False, True]
    project.write("docs/words.md", "# Words\n")
    assert run(project)["cached"] is False


def test_no_atom_asks_for_black(project: Any) -> None:
    explained = project.atomci("explain", "run_black_check").out
    assert "ruff format --diff ." in explained
    assert "reads = 'ruff-format'" in explained

    settings = project.atomci("check", "configure_ruff_black_mypy").out
    assert "mypy targets" in settings
    assert "black's" not in settings
    assert "black targets" not in settings

    hooks = project.atomci("check", "create_precommit_config").out
    assert "no hook for ruff-format: none runs ruff format at commit" in hooks
    assert "no hook for black" not in hooks

    rehearsal = project.atomci("run", "simulate_quality_workflow", "--dry-run").out
    assert "ruff format --quiet --no-cache --check" in rehearsal
    assert "bin/black" not in rehearsal


def test_settings_that_leave_no_file_are_vacuous(project: Any) -> None:
    project.replace("pyproject.toml", "[tool.ruff.lint]", 'extend-exclude = ["*.py"]\n\n[tool.ruff.lint]')
    assert run(project)["status"] == "vacuous"
