"""Phase 7: the gate's stages, reports and exit codes."""

import shutil
import sys
from pathlib import Path

import pytest


def test_a_green_gate_says_so_in_its_artifact_and_exit_code(reference) -> None:
    assert reference.json("artifacts/gate.json") == {
        "schema": "atomci/gate/1",
        "exit_code": 0,
        "verdict": "green",
        "reasons": [],
    }
    for stage in ("lint_types", "unit_tests"):
        assert reference.json(f"artifacts/stages/{stage}.json")["status"] == "pass"
    reports = reference.json("artifacts/reports/index.json")["reports"]
    assert [(row["name"], row["missing"]) for row in reports] == [
        ("sarif", ""),
        ("junit", ""),
        ("coverage-xml", ""),
        ("coverage-html", ""),
    ]


def test_the_working_tree_is_clean_after_a_gate(reference) -> None:
    assert reference.git("status", "--short") == ""


RED = {
    "lint": ("src/demo/words.py", "import os\n", 0, "lint_types"),
    "format": ("src/demo/words.py", "\n\nX = {  'a':1 }\n", 0, "lint_types"),
    "type": ("src/demo/words.py", '\n\nx: int = ""\n', 0, "lint_types"),
    "unit test": (
        "tests/unit/test_words.py",
        "\n\ndef test_bad() -> None:\n    assert 1 == 2\n",
        0,
        "unit_tests",
    ),
    "coverage": (
        "src/demo/words.py",
        "\n\ndef f(a: int) -> int:\n    b = a\n    c = b\n    d = c\n    return d\n",
        -3,
        "unit_tests",
    ),
}


@pytest.mark.parametrize("name", RED)
def test_one_thing_wrong_makes_the_gate_red_and_names_file_and_line(green, name: str) -> None:
    path, text, back, stage = RED[name]
    green.append(path, text)
    line = len(green.read(path).splitlines()) + back
    done = green.atomci("run", "local_ci")
    assert done.code == 1
    assert f"{path}:{line}:" in done.out
    assert "local_ci: red" in done.out
    gate = green.json("artifacts/gate.json")
    assert (gate["exit_code"], gate["verdict"]) == (1, "red")
    assert gate["reasons"][0].startswith(f"{stage} is fail")


def test_reports_are_emitted_when_the_first_stage_failed(green) -> None:
    green.append("src/demo/words.py", "import os\n")
    done = green.atomci("run", "local_ci", "--json", "--jobs", "1")
    assert done.code == 1
    assert done.statuses["stage3_static_artifacts_emit"] == "pass"
    reports = {row["name"]: row for row in green.json("artifacts/reports/index.json")["reports"]}
    assert reports["sarif"]["sha256"]
    assert len(green.json("artifacts/reports/static.sarif")["runs"][0]["results"]) == 1
    assert reports["junit"]["missing"] == "not produced"
    assert "artifacts/reports/static.sarif" in {
        row["path"] for row in green.json("artifacts/index.json")["files"]
    }


def test_reports_are_emitted_when_the_second_stage_failed(green) -> None:
    green.append("tests/unit/test_words.py", "\n\ndef test_bad() -> None:\n    assert 0\n")
    done = green.atomci("run", "local_ci", "--json")
    assert done.code == 1
    reports = green.json("artifacts/reports/index.json")["reports"]
    assert [row["name"] for row in reports if row["missing"]] == []


def test_reports_of_an_earlier_run_are_not_passed_off_as_this_ones(green) -> None:
    green.append("src/demo/words.py", "import os\n")
    green.atomci("run", "local_ci", "--jobs", "1")
    assert not (green.root / "artifacts/reports/junit.xml").exists()
    assert not (green.root / "artifacts/tests/unit.json").exists()


def test_a_budget_that_is_disabled_is_said_and_nothing_to_be_red_about(green) -> None:
    green.append("pyproject.toml", "\n[tool.atomci.atoms.enforce_coverage_budget]\nenabled = false\n")
    green.append("src/demo/words.py", RED["coverage"][1])
    assert green.atomci("run", "local_ci").code == 0
    assert green.json("artifacts/gate.json")["verdict"] == "green"
    assert "enforce_coverage_budget disabled" in green.json("artifacts/stages/unit_tests.json")["reasons"]


def test_every_static_finding_shows_in_one_red_run(green) -> None:
    green.append("src/demo/words.py", 'import os\nx: int = ""\n')
    done = green.atomci("run", "local_ci", "--json")
    red = {name for name, status in done.statuses.items() if status == "fail"}
    assert {"run_ruff_lint", "run_mypy_typecheck"} <= red


@pytest.mark.parametrize(
    ("stages", "code", "verdict"),
    [
        (("pass", "pass"), 0, "green"),
        (("fail", "pass"), 1, "red"),
        (("pass", "fail"), 1, "red"),
        (("vacuous", "pass"), 1, "red"),
        (("error", "pass"), 3, "broken"),
        (("fail", "error"), 1, "red"),
        (("pass", "skipped"), 3, "broken"),
        (("pass", None), 3, "broken"),
    ],
)
def test_exit_codes_tell_green_red_and_broken(sample, stages, code: int, verdict: str) -> None:
    import json

    sample.write("artifacts/reports/index.json", '{"schema": "atomci/reports/1", "reports": []}')
    for name, status in zip(("lint_types", "unit_tests"), stages, strict=True):
        if status is not None:
            stage = {
                "schema": "atomci/stage/1",
                "stage": name,
                "status": status,
                "reasons": ["why"],
                "owes": [],
            }
            sample.write(f"artifacts/stages/{name}.json", json.dumps(stage))
    done = sample.atomci("run", "compute_local_ci_exit_code", "--only")
    assert done.code == code
    gate = sample.json("artifacts/gate.json")
    assert (gate["exit_code"], gate["verdict"]) == (code, verdict)
    assert len(gate["reasons"]) == sum(status != "pass" for status in stages)


def test_a_report_that_a_green_stage_owes_and_lacks_is_no_green_gate(green) -> None:
    green.delete("artifacts/reports/junit.xml")
    green.atomci("run", "stage3_static_artifacts_emit", "--only")
    done = green.atomci("run", "compute_local_ci_exit_code", "--only")
    assert done.code == 3
    assert green.json("artifacts/gate.json")["reasons"] == ["unit_tests passed without junit"]


@pytest.mark.skipif(sys.platform == "win32", reason="there it is local_ci.ps1")
def test_the_script_is_the_gate_and_gives_its_exit_code(green) -> None:
    green.env["PATH"] = f"{Path(sys.executable).parent}:{green.env['PATH']}"
    assert green.atomci("run", "run_local_ci_script").code == 0
    green.append("src/demo/words.py", "import os\n")
    done = green.atomci("run", "run_local_ci_script", "--json")
    assert (done.code, done.atoms["run_local_ci_script"]["reason"]) == (1, "exit 1")
    assert "F401" in green.log("run_local_ci_script")


def test_a_script_that_is_missing_is_no_pass(green) -> None:
    green.delete("scripts")
    assert green.atomci("run", "run_local_ci_script").code != 0


@pytest.mark.skipif(shutil.which("git") is None or sys.platform == "win32", reason="a hook in sh")
def test_a_red_gate_blocks_a_push_through_the_hook(green, tmp_path) -> None:
    import subprocess

    green.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    green.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    green.write(".git/hooks/pre-push", f"#!/bin/sh\nexec {sys.executable} -m atomci run local_ci\n")
    (green.root / ".git/hooks/pre-push").chmod(0o755)
    green.git("push", "--quiet", "origin", "main")
    green.append("src/demo/words.py", "import os\n")
    green.commit()
    with pytest.raises(subprocess.CalledProcessError) as caught:
        green.git("push", "--quiet", "origin", "main")
    assert "F401" in caught.value.stdout + caught.value.stderr
