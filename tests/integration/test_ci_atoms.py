"""Phase 13 and atom_109 in a project: what they record, and what their checks say of a broken workflow."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures" / "configuration" / "ci"
GOLDEN = Path(__file__).parents[1] / "golden" / "service-full"
CI = ".github/workflows/ci.yml"
ATOMS = {
    73: ("ci_job_lint_types", "atomci run lint_types", "ruff check"),
    74: ("ci_job_unit_linux_matrix", '["3.11", "3.12", "3.13"]', '["3.11"]'),
    75: ("ci_job_integration_linux", "    needs: unit\n", "    needs: lint_types\n"),
    77: ("ci_job_e2e_on_main_nightly", "  schedule:\n", "  page_build:\n"),
    78: ("ci_publish_artifacts", "          retention-days: 14\n", ""),
    79: ("ci_codecov_upload_optional", "use_oidc: true", "token: x"),
    80: ("ci_slack_notification_on_failure", "github.run_id", "github.actor"),
    109: ("cache_dependencies_effectively", "- uses: ./.github/actions/setup\n", "- run: uv sync\n"),
}
CASES = [pytest.param(*row, id=row[0]) for row in ATOMS.values()]
CLASSIFIERS = ["Programming Language :: Python :: 3." + minor for minor in ("11", "12", "13")]


@pytest.fixture
def project(sample) -> Any:
    """The sample with the good workflow, its action and a lock."""
    sample.write(CI, (FIXTURES / "ci.yml").read_text(encoding="utf-8"))
    sample.write(".github/actions/setup/action.yml", (FIXTURES / "action.yml").read_text(encoding="utf-8"))
    sample.write("uv.lock", "version = 1\n")
    sample.replace("pyproject.toml", "\n[tool.black]", f"classifiers = {CLASSIFIERS}\n\n[tool.black]")
    return sample


def answer(project: Any, atom: str) -> tuple[str, str]:
    (row,) = json.loads(project.atomci("check", atom, "--json").out)["atoms"]
    return row["status"], "\n".join(row["evidence"])


def test_all_hold_and_leave_their_evidence(project) -> None:
    names = [name for name, _, _ in ATOMS.values()]

    done = project.atomci("run", *names, "--json", "--keep-going")

    assert done.statuses == dict.fromkeys(names, "pass"), done.out
    for path in ("ci/lint_types", "ci/unit", "ci/e2e", "ci/artifacts", "ci/slack", "performance/cache"):
        assert project.json(f"artifacts/{path}.json")["holds"] is True
    again = project.atomci("run", *names, "--json")
    assert again.cached == set(names)


@pytest.mark.parametrize(("atom", "old", "new"), CASES)
def test_each_breaks_with_a_place(project, atom: str, old: str, new: str) -> None:
    assert answer(project, atom)[0] == "holds"
    project.replace(CI, old, new)

    done = project.atomci("run", atom, "--json")

    assert (done.code, done.statuses[atom]) == (1, "fail")
    assert done.atoms[atom]["findings"][0]["path"] == CI
    assert answer(project, atom)[0] == "broken"


@pytest.mark.parametrize(("atom", "old", "new"), CASES)
def test_without_a_workflow_none_holds(project, atom: str, old: str, new: str) -> None:
    project.delete(CI)

    status, evidence = answer(project, atom)

    assert (status, evidence) == ("broken", f"{CI}: missing")


def test_a_change_of_the_action_is_noticed(project) -> None:
    atom = ATOMS[109][0]
    assert project.atomci("run", atom).code == 0
    project.replace(".github/actions/setup/action.yml", "enable-cache: true", "enable-cache: false")

    assert project.atomci("run", atom).code == 1


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ("systems: [windows]", "unit runs on ubuntu-24.04, not on Windows"),
        ("profile: everything", "unit runs on ubuntu-24.04, not on macOS"),
        ("profile: minimal\nsystems: [windows]", ""),
        ("systems: []", ""),
    ],
)
def test_systems_are_asked_for_where_the_answers_have_them(project, answers: str, said: str) -> None:
    project.write(".copier-answers.yml", answers + "\n")

    status, evidence = answer(project, ATOMS[74][0])

    assert status == ("broken" if said else "holds")
    assert said in evidence


@pytest.mark.parametrize(("number", "word"), [(79, "codecov"), (80, "slack")])
@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ("", "skipped"),
        ("use_{}: false", "skipped"),
        ("use_{}: true", "fail"),
        ("integrations: [vscode]", "skipped"),
        ("integrations: [vscode, {}]", "fail"),
    ],
)
def test_what_an_answer_chooses_is_asked_for_only_then(
    sample, number: int, word: str, answers: str, status: str
) -> None:
    atom = ATOMS[number][0]
    if answers:
        sample.write(".copier-answers.yml", answers.format(word) + "\n")

    done = sample.atomci("run", atom, "--json")

    assert done.statuses[atom] == status
    assert answer(sample, atom)[0] == ("broken" if status == "fail" else "not applicable")


def test_below_the_top_of_a_repository_nothing_holds_by_what_github_does_not_read(project) -> None:
    shutil.copytree(GOLDEN / ".github/rulesets", project.root / ".github/rulesets")
    numbers = [f"atom_{number:03d}" for number in (66, 72, 73, 74, 75, 77, 78, 109)]

    def statuses() -> dict[int, str]:
        rows = json.loads(project.atomci("check", *numbers, "--json").out)["atoms"]
        return {row["number"]: row["status"] for row in rows}

    held = [number for number, status in statuses().items() if status == "holds"]
    assert {72, 109} <= set(held)

    shutil.rmtree(project.root / ".git")
    subprocess.run(["git", "init", "--quiet", project.root.parent], check=True)
    assert {statuses()[number] for number in held} == {"not applicable"}
    assert "GitHub reads workflows only at the top" in answer(project, "run_local_ci_script")[1]
