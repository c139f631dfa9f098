"""Sets of answers that take every pair of choices, each made, run through everything it ships, and broken."""

import itertools
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from answer_sets import (
    FULL,
    INTEGRATIONS,
    OPTIONS,
    PAIRS,
    RENDERED_OPTIONS,
    RENDERED_SETS,
    SETS,
    TEXT_OPTIONS,
    named,
    words_for,
)
from nightly import NIGHTLY
from reserved_names import free_packages, free_projects

from atomci.atoms.loading.builtin import built_in
from atomci.catalog import ATOMS

from .conftest import LANES, Shell, environment
from .test_ways_in import AT_ONCE, BROKEN, break_all

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a stand-in for pwsh in sh")

# Atoms that prove facts about the workflows; the one that runs Pester has tests of its own.
CI_FILES = [
    row.name for row in ATOMS if row.phase in (13, 19) and row.name in built_in() and row.number != 76
]
# What a machine without PowerShell, or one with a client of Docker alone, can't have; and a lock that others can
# install from, since the checkout has no origin.
MAY_BE_ABSENT = {
    "compile_lockfile_and_sync",
    "install_docker_optional",
    "ci_job_pester_windows_optional",
    # There was no guarded session in it, and nothing was fixed: test_new.py has both.
    *(row.name for row in ATOMS if row.phase in (2, 3, 8)),
    # It has no remote that could be asked whether a commit is done.
    *(row.name for row in ATOMS if row.phase == 20),
}


@pytest.mark.parametrize(
    ("options", "sets"), [(OPTIONS, SETS), (RENDERED_OPTIONS, RENDERED_SETS)], ids=["made", "rendered"]
)
def test_every_pair_of_choices_is_taken(options: dict[str, list[Any]], sets: list[dict[str, Any]]) -> None:
    for one, other in itertools.combinations(options, 2):
        wanted = set(itertools.product(options[one], options[other]))
        taken = {(row.get(one, options[one][0]), row.get(other, options[other][0])) for row in sets}
        assert taken == wanted, (one, other)


def test_each_kind_and_each_integration_is_made_by_day() -> None:
    made = [one for one in SETS if one not in ONLY_BY_NIGHT]
    assert {one["kind"] for one in made} == set(OPTIONS["kind"])
    for name in INTEGRATIONS:
        assert {one.get(name, False) for one in made} == {True, False}, name


@pytest.mark.parametrize("name", TEXT_OPTIONS)
def test_every_choice_of_a_text_is_made(name: str) -> None:
    assert {chosen.get(name) for chosen in SETS} >= set(TEXT_OPTIONS[name])


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A folder with a `pwsh` that only knows its version, where there is no real one."""
    folder = tmp_path / "programs"
    folder.mkdir()
    if shutil.which("pwsh") is None:
        program = folder / "pwsh"
        program.write_text(
            '#!/bin/sh\nif [ "$1" = --version ]; then echo PowerShell 7.5.4; else exit 1; fi\n'
        )
        program.chmod(0o755)
    return folder


WITH_PIP_TOOLS = [one for one in PAIRS if one["dependency_manager"] == "pip-tools"]
# By day one full set stands for all, and the others have each kind and each integration. An environment of pip-tools
# takes a minute: one is made in test_template_gate.py. All sets are rendered and checked.
FULL_BY_DAY = FULL[-1]
ONLY_BY_NIGHT = [*(one for one in FULL if one != FULL_BY_DAY), *WITH_PIP_TOOLS]
MADE = [one for one in SETS if NIGHTLY or one not in ONLY_BY_NIGHT]
# The one whose gate takes the least time.
ALONE = next(one for one in MADE if one not in FULL and one["kind"] == "library")


@pytest.mark.parametrize("answers", MADE, ids=named)
def test_a_set_of_answers(
    answers: dict[str, Any], atomci: Shell, home: Path, stand_in: Path, tmp_path: Path
) -> None:
    env = environment(home, UV_PYTHON=sys.executable)
    env["PATH"] = os.pathsep.join([env["PATH"], str(stand_in)])
    root = tmp_path / "my-project"
    made = Shell(atomci.folder, env).ok(
        "uv", "run", "atomci", "new", str(root), "--defaults", *words_for(answers)
    )
    assert "local_ci: green" in made
    assert (free_projects(root), free_packages(root, root / ".venv/bin/python")) == (set(), set())
    project = Shell(root, env)
    # What atoms write down is what their checks see, so the checks alone do but for the full sets.
    everything_is_green(project, written=answers in FULL or NIGHTLY)
    for kinds in to_break(answers):
        the_gate_is_red(project, kinds)


def to_break(answers: dict[str, Any]) -> list[tuple[str, ...]]:
    """What is broken in one run of the gate each.

    That each thing alone makes it red is shown once; it depends on no other answer than the kind, and on how
    tools are started. By night each set proves it.
    """
    if NIGHTLY or answers == ALONE:
        return [(kind,) for kind in BROKEN]
    return [AT_ONCE["static"], AT_ONCE["test"]] if answers == FULL_BY_DAY else []


def everything_is_green(project: Shell, *, written: bool) -> None:
    """Hooks on all files, the other layers, all files of CI, and the check of every atom."""
    program = ".venv/bin/atomci"
    project.ok(".venv/bin/pre-commit", "run", "--all-files")
    # The division of the suite has to be made before it can hold.
    more = ("phase_01", *CI_FILES) if written else ("shard_and_parallelize_tests_where_safe",)
    said = project.ok(program, "run", "integration", "e2e", *more)
    assert ": green in" in said
    project.run(program, "run", "diagnostics", "reports", "watch_ci_duration_and_flakiness", *LANES)
    answered = json.loads(project.run(program, "check", "--json").stdout)["atoms"]
    broken = {
        row["atom"]: row["evidence"] for row in answered if row["status"] in ("broken", "not run here yet")
    }
    assert {name: text for name, text in broken.items() if name not in MAY_BE_ABSENT} == {}
    assert project.ok("git", "status", "--porcelain") == ""


def the_gate_is_red(project: Shell, kinds: tuple[str, ...]) -> None:
    """For some broken things, which are then taken back."""
    findings = break_all(project.folder, kinds)
    # A red of static analysis may come before the tests begin.
    done = project.run(".venv/bin/atomci", "run", "local_ci", "--keep-going")
    assert done.returncode == 1, (kinds, done.stdout)
    for finding in findings:
        assert re.search(finding, done.stdout), (kinds, done.stdout)
    project.ok("git", "stash", "--quiet", "--include-untracked")
    project.ok("git", "stash", "drop", "--quiet")
