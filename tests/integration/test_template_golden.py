"""The committed trees are what the template renders today; a diff of them is a diff downstream."""

import json
import shutil
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml
from answer_sets import INTEGRATIONS
from golden_trees import ANSWERS, GOLDEN, render

from atomci.cli.main import main


def files(folder: Path) -> dict[str, str]:
    """Their texts by path, without the caches of tools that someone ran in there."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and not any(part.endswith("_cache") for part in path.parts)
    }


@pytest.mark.parametrize("name", ANSWERS)
def test_a_golden_tree_is_current(name: str, tmp_path: Path) -> None:
    render(name, tmp_path / name)
    wanted, there = files(tmp_path / name), files(GOLDEN / name)
    assert sorted(there) == sorted(wanted), "uv run tests/integration/golden_trees.py"
    for path, text in wanted.items():
        assert there[path] == text, f"{path}: uv run tests/integration/golden_trees.py"


def test_every_tree_has_its_answers() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(ANSWERS)


def test_the_update_workflow_is_the_same_for_every_kind() -> None:
    """So that a run of one kind's, as the end-to-end tests make, speaks for all."""
    kinds = ("library", "cli", "service")
    texts = {(GOLDEN / kind / ".github/workflows/template-update.yml").read_bytes() for kind in kinds}
    assert len(texts) == 1


# What an answer other than the library's adds to ci.yml or changes there, by keys; steps go by their names.
BY_ANSWER = {
    "default_branch": ["True.push.branches"],  # YAML takes the word `on` for true
    "python_min": [
        "jobs.*.steps.Set up.with.python",
        "jobs.unit.strategy.matrix.python",
    ],
    "powershell": ["jobs.pester.*", "jobs.required.needs", "jobs.required.steps.Every job succeeded.*"],
    "codecov": ["jobs.unit.permissions.id-token", "jobs.unit.steps.Send the coverage to Codecov.*"],
    "slack": ["jobs.notify.*"],
    "systems": [
        "jobs.unit.name",
        "jobs.unit.runs-on",
        "jobs.unit.strategy.matrix.include",
        "jobs.unit.strategy.matrix.system",
        "jobs.unit.steps.Unit tests.shell",
        "jobs.unit.steps.Keep the reports.with.name",
    ],
    "lowest": ["jobs.lowest.*", "jobs.required.needs", "jobs.required.steps.Every job succeeded.*"],
    "zizmor": ["jobs.lint_types.steps.No insecure workflow that zizmor knows.*"],
    "no bandit": ["jobs.lint_types.steps.No insecure code that bandit knows.*"],
    # One job runs every layer of tests.
    "minimal": [
        "jobs.unit.name",
        "jobs.unit.steps.Unit tests.*",
        "jobs.lint_types.steps.No insecure code that bandit knows.*",
        "jobs.unit.steps.Every layer of tests that there is.*",
        "jobs.integration.*",
        "jobs.e2e.*",
        "jobs.required.needs",
        "jobs.required.steps.Every job succeeded.*",
    ],
}
LIBRARY = "library"
IN_CI = {"library-pip-tools": "sh scripts/in_venv.sh"}


def values(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a workflow with the keys that lead to it; a list that isn't one of steps is a value."""
    if isinstance(node, list) and place.endswith(".steps"):
        node = {step["name"]: step for step in node}
    if not isinstance(node, dict):
        yield place, node
        return
    for key, below in node.items():
        yield from values(below, f"{place}.{key}".removeprefix("."))


def workflow(tree: str) -> dict[str, Any]:
    """All values of its ci.yml, with the commands as uv's."""
    text = (GOLDEN / tree / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    text = text.replace(IN_CI.get(tree, "\0"), "uv run --locked")
    return dict(values(yaml.safe_load(text)))


@pytest.mark.parametrize("tree", sorted(ANSWERS.keys() - {LIBRARY}))
def test_ci_is_the_same_for_every_kind_but_for_what_other_answers_add(tree: str) -> None:
    """So that a run of one kind's with everything, as the end-to-end tests make, speaks for all."""
    ours, librarys = workflow(tree), workflow(LIBRARY)
    different = {key for key in ours.keys() | librarys.keys() if ours.get(key) != librarys.get(key)}
    chosen = ANSWERS[tree]
    answers = {*chosen, *chosen.get("integrations", ()), *chosen.get("checks", ())}
    if (profile := chosen.get("profile")) is not None:
        answers |= {*INTEGRATIONS, "lowest", "zizmor", "systems"} if profile == "everything" else {profile}
    answers |= {"no bandit"} if "bandit" not in chosen.get("checks", ["bandit"]) else set()
    named = [key for answer in sorted(BY_ANSWER.keys() & answers) for key in BY_ANSWER[answer]]
    assert {key for key in different if not any(fnmatchcase(key, name) for name in named)} == set()
    assert [name for name in named if not any(fnmatchcase(key, name) for key in different)] == []


def test_jobs_are_set_up_alike_for_every_kind() -> None:
    trees = ANSWERS.keys() - IN_CI.keys()
    assert len({(GOLDEN / tree / ".github/actions/setup/action.yml").read_bytes() for tree in trees}) == 1


UP = "atomci update -d profile=standard"
NOT_IN_THE_SMALLEST = {
    "enforce_branch_protection_rules": f"the profile minimal leaves out .github/rulesets/: {UP}",
    "ci_codecov_upload_optional": "no answer asks for codecov",
    "ci_slack_notification_on_failure": "no answer asks for slack",
}
SAID_OF_THE_SMALLEST = {
    "run_local_ci_script": "scripts/local_ci.sh: not there, as the answers have it",
    "mark_e2e_required_on_main": "unit runs every layer of tests on pull_request",
    "ci_job_integration_linux": "unit runs them in one call with the unit tests",
    "ci_job_e2e_on_main_nightly": "unit runs every layer of tests on push",
    "support_manual_override_and_escalation": f"the profile minimal leaves out pages on what to do: {UP}",
}


@pytest.mark.parametrize(
    ("tree", "without", "said"),
    [("library-minimal", NOT_IN_THE_SMALLEST, SAID_OF_THE_SMALLEST), ("service-full", {}, {})],
)
def test_checks_of_ci_hold_or_say_what_the_profile_leaves_out(
    tree: str,
    without: dict[str, str],
    said: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = shutil.copytree(GOLDEN / tree, tmp_path / tree)
    atoms = (21, 47, 66, 72, 73, 74, 75, 77, 78, 79, 80, 108)

    assert main(["check", "--json", "--project", str(root), *(f"atom_{number:03d}" for number in atoms)]) == 0

    rows = {row["atom"]: row for row in json.loads(capsys.readouterr().out)["atoms"]}
    assert {name for name, row in rows.items() if row["status"] != "holds"} == without.keys()
    for name, text in {**without, **said}.items():
        assert any(text in line for line in rows[name]["evidence"]), rows[name]["evidence"]


def test_a_small_ci_that_runs_not_every_layer_is_found(tmp_path: Path) -> None:
    root = shutil.copytree(GOLDEN / "library-minimal", tmp_path / "my-library")
    ci = root / ".github/workflows/ci.yml"
    text = ci.read_text(encoding="utf-8")
    ci.write_text(text.replace("atomci run unit integration e2e", "atomci run unit"), encoding="utf-8")

    for number in (66, 75, 77):
        assert main(["check", "--project", str(root), f"atom_{number:03d}"]) == 1, number
