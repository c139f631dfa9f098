"""`atomci run --resume`: what a stopped run was asked for, with what it had got done."""

import os
import random
import signal
import time
from typing import Any

import pytest
from nightly import NIGHTLY


def test_a_red_run_is_continued_with_its_own_targets_and_options(sample) -> None:
    words = sample.read("tests/unit/test_words.py")
    sample.append("tests/unit/test_words.py", "    assert 1 == 2\n")
    assert sample.atomci("run", "local_ci", "-k", "--no-cache", "--jobs", "1").code == 1
    sample.write("tests/unit/test_words.py", words)
    done = sample.atomci("run", "--resume")
    assert done.code == 0
    first, *lines = done.out.splitlines()
    assert first.startswith("continues run ")
    assert first.endswith(": atomci run local_ci --no-cache --jobs 1 --keep-going")
    unchanged = {line.split()[2] for line in lines if "unchanged" in line and line[:2] == "ok"}
    assert {"run_ruff_lint", "run_pytest_unit_with_coverage"}.isdisjoint(unchanged)
    assert "stage1_lint_types" in unchanged  # the findings are the same
    again = sample.atomci("run", "--resume")
    assert again.code == 2
    assert "ended green" in again.err


def test_what_passed_in_a_red_run_is_not_run_again(sample) -> None:
    sample.append(
        "pyproject.toml", '\n[tool.atomci.atoms.run_mypy_typecheck]\nrun = "false"\nreads = "lines"\n'
    )
    sample.commit("no mypy")
    assert sample.atomci("run", "local_ci", "--no-cache").code == 3
    said = sample.atomci("run", "diagnostics", "--json")["implement_checkpoint_and_retry_policies"][1]
    assert said.endswith("atomci run --resume goes on")
    done = sample.atomci("run", "--resume", "--json")
    assert done.code == 3
    assert {name for name, row in done.atoms.items() if row["cached"]} >= {"run_ruff_lint", "run_black_check"}


def test_what_to_type_is_said_where_nothing_can_be_continued(sample) -> None:
    for words, said in (
        (("--resume", "triage"), "--resume takes targets and options of the stopped run, not triage"),
        (("--resume",), "no run was stopped here"),
        ((), "no target is given"),
    ):
        done = sample.atomci("run", *words)
        assert done.code == 2
        assert said in done.err
        assert len(done.err.splitlines()) == 2


@pytest.mark.skipif(not NIGHTLY or os.name == "nt", reason="a dozen gates: at night, where there is SIGKILL")
def test_a_gate_that_is_killed_at_any_moment_and_continued_ends_as_an_undisturbed_one(real_sample) -> None:
    def kept(project: Any) -> dict[str, Any]:
        names = (
            "gate.json",
            "reports/findings.json",
            "reports/lanes.json",
            "tests/coverage.json",
            "tests/unit.json",
        )
        return {name: project.json(f"artifacts/{name}") for name in names}

    started = time.monotonic()
    assert real_sample.atomci("run", "local_ci").code == 0
    takes, wanted = time.monotonic() - started, kept(real_sample)
    chance = random.Random(14)  # noqa: S311  # no secret
    for _ in range(12):
        real_sample.delete("artifacts")
        real_sample.delete(".atomci_cache")
        for _ in range(2):
            process = real_sample.start("run", "local_ci", "--no-cache")
            time.sleep(chance.uniform(0.3, takes))
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        done = real_sample.atomci("run", "--resume")
        if done.code == 2:  # it was over before it was killed, or hadn't begun
            done = real_sample.atomci("run", "local_ci")
        assert done.code == 0, done.out
        assert kept(real_sample) == wanted
