"""Atoms 105 and 106: what went wrong in the last run, what changed since green, and a command that shows it again."""

import os
import subprocess
from typing import Any

import pytest

FAILURES, PAGE = "artifacts/reports/failures.json", "artifacts/reports/diagnostics.md"
ODD = """\
import pytest


@pytest.mark.parametrize(
    "text", ["it's \\"a b\\" [x] $HOME `id`", "é::b\\\\n *", "-k no", "a\\nb"], ids=lambda text: text
)
def test_odd(text):
    assert not text


class TestGroup:
    def test_class(self):
        assert 1 == 2
"""


def failures(project: Any) -> list[dict[str, Any]]:
    assert project.atomci("run", "diagnostics").code == 0
    rows: list[dict[str, Any]] = project.json(FAILURES)["failures"]
    return rows


@pytest.mark.skipif(os.name == "nt", reason="pasted into sh")
def test_each_command_shows_its_failure_again_when_pasted_also_with_odd_names(real_sample) -> None:
    project = real_sample
    project.write("tests/unit/test_odd.py", ODD)
    assert project.atomci("run", "run_pytest_unit_with_coverage", "-k").code == 1
    found = failures(project)
    assert len(found) == 5
    for row in found:
        assert (row["layer"], row["kind"], row["path"]) == ("unit", "test-assert", "tests/unit/test_odd.py")
        done = subprocess.run(
            ["sh", "-c", row["command"]],
            cwd=project.root,
            env=project.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "1 failed" in done.stdout, (row["command"], done.stdout, done.stderr)
    page = project.read(PAGE)
    assert all(row["command"] in page for row in found)


def test_a_red_gate_is_explained_with_place_lines_log_and_what_changed_since_green(green) -> None:
    project = green
    commit = project.git("rev-parse", "HEAD")
    project.append("tests/unit/test_words.py", "    assert 1 == 2\n")
    project.append("src/demo/words.py", "\nimport os\n")
    project.commit("broken")
    assert project.atomci("run", "local_ci", "-k").code == 1
    found = {row["kind"]: row for row in failures(project)}
    assert found.keys() == {"lint-fixable", "test-assert"}
    test, lint = found["test-assert"], found["lint-fixable"]
    assert (test["test"], test["line"]) == ("tests/unit/test_words.py::test_shout", 6)
    assert (lint["path"], lint["line"]) == ("src/demo/words.py", 8)
    assert lint["command"].endswith("atomci run run_ruff_lint")
    assert (project.root / test["log"]).is_file()
    since = project.json(FAILURES)["since"]
    assert since["paths"] == ["src/demo/words.py", "tests/unit/test_words.py"]
    assert (since["command"], since["exact"]) == (f"git diff {commit[:12]}", True)
    page = project.read(PAGE)
    assert "## 1. static, lint-fixable: src/demo/words.py:8" in page
    assert f"git diff {commit[:12]}" in page
    run = project.json(FAILURES)["run"]
    # It tells of the run before, also when it is asked again.
    assert failures(project)
    assert project.json(FAILURES)["run"] == run
    assert project.atomci("check", "diagnostics").code == 0


def test_a_green_run_has_no_failures_and_none_has_nothing_to_tell(sample) -> None:
    done = sample.atomci("run", "diagnostics", "--json")
    assert done.code == 0
    assert done.atoms["classify_pipeline_failures"]["status"] == "skipped"
    assert sample.atomci("run", "local_ci").code == 0
    assert failures(sample) == []
    assert "Nothing is red." in sample.read(PAGE)


def test_in_the_run_that_is_red_they_tell_of_that_run(sample) -> None:
    sample.append("src/demo/words.py", "\nimport os\n")
    done = sample.atomci("run", "triage", "diagnostics", "--json")
    assert done.code == 1
    report = sample.json(FAILURES)
    assert report["run"] == done.events[0]["run"]
    assert [row["kind"] for row in report["failures"]] == ["lint-fixable"]
    assert report["since"] is None
