"""`atomci done` and atoms 112 to 118: seven answers about one commit, on a GitHub of our own."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fake_github import HOST, GitHub, Repo, on_github, serving
from finished_commit import fill
from layered_project import layered

from atomci.deadlines import today

REPO = "o/r"
HOOKS = """\
#!/bin/sh
test -z "$SKIP" || echo "ruff........(no files to check)Passed"
cat hooks.txt 2>/dev/null || echo "ruff................Passed"
test ! -f hooks.sh || . ./hooks.sh
"""
UPLOAD = """\
      - name: Keep
        uses: actions/upload-artifact@v7
        with:
          name: unit-py${{ matrix.python }}
          path: artifacts/
"""
MATRIX = """\
    strategy:
      matrix:
        python: ["3.11", "3.12"]
"""
WORD = {
    112: "hooks",
    113: "gate",
    114: "coverage",
    115: "integration",
    116: "e2e",
    117: "uploads",
    118: "pull",
}


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(GitHub({REPO: Repo()})) as running:
        yield running


def with_hooks(made: Any, tmp_path: Path) -> Any:
    """With a pre-commit that says what hooks.txt holds, on a commit of a branch."""
    environment = shutil.copytree(made.env["UV_PROJECT_ENVIRONMENT"], tmp_path / "env", symlinks=True)
    program = environment / "bin/pre-commit"
    program.write_text(HOOKS, encoding="utf-8")
    program.chmod(0o755)
    made.env["UV_PROJECT_ENVIRONMENT"] = str(environment)
    made.append(".gitignore", "/hooks.*\n")
    made.replace(".github/workflows/ci.yml", "atomci run unit\n", f"atomci run unit\n{UPLOAD}")
    made.replace(".github/workflows/ci.yml", "  unit:\n", f"  unit:\n{MATRIX}")
    made.commit("done")
    made.git("switch", "--quiet", "--create", "topic")
    return made


@pytest.fixture
def project(green: Any, github: GitHub, tmp_path: Path) -> Any:
    """All of that, and a green gate."""
    made = on_github(with_hooks(green, tmp_path), github, REPO, tmp_path)
    assert made.atomci("run", "local_ci").code == 0
    return made


def head(project: Any) -> str:
    return str(project.git("rev-parse", "HEAD"))


def asked(project: Any, **env: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the answers by what they are about."""
    done = project.atomci("done", "--json", **env)
    rows = json.loads(done.out)["answers"]
    return done.code, dict(zip(WORD.values(), rows, strict=True))


def words(answers: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: row["answer"] for name, row in answers.items()}


# --- All seven ----------------------------------------------------------------------------------


def test_a_commit_with_all_its_evidence_is_done_and_check_and_the_pipeline_agree(project, github) -> None:
    fill(github, REPO, head(project))
    code, answers = asked(project)
    left_out = {"integration": "not applicable", "e2e": "not applicable"}
    assert words(answers) == {name: left_out.get(name, "yes") for name in WORD.values()}, answers
    assert code == 0
    assert {row["commit"] for row in answers.values()} == {head(project)}
    assert all(row["evidence"] for row in answers.values())
    assert github.writes == ["POST /graphql"]
    rows = json.loads(project.atomci("check", "done", "--json").out)["atoms"]
    standing = {"yes": "holds", "not applicable": "not applicable"}
    assert [row["status"] for row in rows] == [standing[word] for word in words(answers).values()]
    run = project.atomci("run", "done", "--json")
    ends = {"yes": "pass", "not applicable": "skipped"}
    assert run.code == 0
    assert [run.atoms[row["atom"]]["status"] for row in rows] == [ends[w] for w in words(answers).values()]
    text = project.atomci("done").out.splitlines()
    assert text[-1] == f"{head(project)[:10]} on topic is done: 5 yes, 2 not applicable", text


def test_nothing_is_yes_of_a_commit_that_nobody_looked_at(project, github) -> None:
    fill(github, REPO, head(project))
    code, answers = asked(project)
    assert code == 0, answers
    project.append("src/demo/words.py", "\n# another line\n")
    code, answers = asked(project)
    assert code == 1
    assert set(words(answers).values()) == {"no"}
    assert {row["evidence"][0] for row in answers.values()} == {
        "not committed: src/demo/words.py; the answer is about a commit"
    }
    assert {row["next"] for row in answers.values()} == {"git add --all && git commit"}
    rows = json.loads(project.atomci("check", "done", "--json").out)
    assert {row["status"] for row in rows["atoms"]} == {"not run here yet"}
    assert rows["holds"]
    project.commit("another")
    github.repos[REPO].checks[head(project)] = []
    code, answers = asked(project)
    assert code == 1
    assert words(answers) == {
        **dict.fromkeys(("gate", "coverage", "uploads", "pull"), "no"),
        **dict.fromkeys(("integration", "e2e"), "not applicable"),
        "hooks": "yes",
    }
    assert answers["gate"]["next"] == "atomci run local_ci"
    assert "src/demo/words.py changed" in answers["gate"]["evidence"][0]
    assert answers["uploads"]["evidence"] == [f".github/workflows/ci.yml hasn't run for {head(project)[:10]}"]
    tip = project.git("rev-parse", "HEAD~1")[:10]
    assert answers["pull"]["evidence"] == [
        f"https://{HOST}/{REPO}/pull/1 is at {tip}, this is {head(project)[:10]}"
    ]
    assert answers["pull"]["next"] == "git push origin topic"
    assert project.atomci("run", "local_ci").code == 0
    assert words(asked(project)[1]) | {"uploads": "", "pull": ""} == {
        **words(answers), "gate": "yes", "coverage": "yes", "uploads": "", "pull": "",
    }  # fmt: skip


def test_a_new_repository_has_seven_noes_and_nothing_that_reads_as_broken(sample, tmp_path: Path) -> None:
    sample.delete(".git")
    sample.git("init", "--quiet")
    done = sample.atomci("done")
    assert done.code == 1
    assert done.out.count("there is no commit here yet") == 7
    assert sample.atomci("check", "done").code == 0


# --- What is seen here --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "word", "evidence"),
    [
        ("ruff......Failed\n- hook id: ruff\n\nblack.....Passed\n", "no", "failed: ruff"),
        ("ruff......Passed\nblack......................Skipped\n", "no", "skipped: black"),
        ("toml......(no files to check)Skipped\n", "no", "no hook looked at a file"),
        ("", "no", "no hook looked at a file"),
        (
            "a........Passed\nb c....Passed\ntoml......(no files to check)Skipped\n",
            "yes",
            "2 hooks passed on all files: a, b c",
        ),
    ],
)
def test_hooks_are_clean_when_they_say_so(
    sample, tmp_path: Path, said: str, word: str, evidence: str
) -> None:
    project = with_hooks(sample, tmp_path)
    project.write("hooks.txt", said)
    run = project.atomci("run", "precommit_hooks_clean", SKIP="ruff,black")
    answer = project.json("artifacts/done/hooks.json")
    assert (answer["answer"], answer["evidence"]) == (word, [evidence])
    assert run.code == (0 if word == "yes" else 1)


def test_hooks_that_change_files_or_break_are_not_clean(sample, tmp_path: Path) -> None:
    project = with_hooks(sample, tmp_path)
    project.write("hooks.sh", "exit 3\n")
    project.atomci("run", "precommit_hooks_clean")
    answer = project.json("artifacts/done/hooks.json")
    assert answer["evidence"] == ["pre-commit ended with exit code 3: ruff................Passed"]
    project.write("hooks.sh", "echo >> README.md\n")
    assert project.atomci("run", "precommit_hooks_clean").code == 1
    answer = project.json("artifacts/done/hooks.json")
    assert answer["evidence"] == ["the commit or the files changed meanwhile"]


def test_a_red_or_overridden_gate_is_no_green_one(green) -> None:
    project = green
    project.replace("tests/unit/test_words.py", "assert shout", "assert 1 == 2 or shout")
    project.append("tests/unit/test_words.py", "    assert 1 == 2\n")
    project.commit("red")
    assert project.atomci("run", "local_ci").code == 1
    project.atomci("run", "local_ci_green")
    gate = project.json("artifacts/done/local_ci.json")
    assert (gate["answer"], gate["evidence"][0].partition(" in run")[0]) == (
        "no",
        "compute_local_ci_exit_code: fail",
    )
    rows = json.loads(project.atomci("check", "local_ci_green", "--json").out)
    assert [row["status"] for row in rows["atoms"]] == ["broken"]
    project.append(
        "pyproject.toml",
        '\n[[tool.atomci.override]]\natom = "run_pytest_unit_with_coverage"\n'
        'owner = "ada"\nreason = "known"\n'
        f"until = {today() + timedelta(days=9)}\n",
    )
    project.commit("overridden")
    assert project.atomci("run", "local_ci").code == 0
    assert project.atomci("run", "local_ci_green").code == 1
    assert project.json("artifacts/done/local_ci.json")["evidence"][0].endswith(": overridden")


def test_of_integration_and_end_to_end_tests_the_branch_and_what_changed_decide(green) -> None:
    made = layered(green)
    made.git("branch", "-M", "main")
    on_main = asked_locally(made)
    assert on_main == {"integration": ("no", "atomci run integration"), "e2e": ("no", "atomci run e2e")}
    made.git("switch", "--quiet", "--create", "topic")
    made.append("README.md", "More.\n")
    made.commit("prose")
    assert {name: row[0] for name, row in asked_locally(made).items()} == dict.fromkeys(
        ("integration", "e2e"), "not applicable"
    )
    made.write("tests/unit/test_readme.py", "def test_it():\n    open('README.md')\n")
    made.commit("a test reads it")
    assert asked_locally(made)["integration"][0] == "no"


def asked_locally(project: Any) -> dict[str, tuple[str, str]]:
    rows = {}
    for name, atom in (
        ("integration", "integration_pass_for_affected_areas"),
        ("e2e", "e2e_pass_on_main_if_critical_path"),
    ):
        project.atomci("run", atom)
        answer = project.json(f"artifacts/done/{name}.json")
        rows[name] = answer["answer"], answer["next"]
    return rows


# --- What GitHub knows: its answers are in tests/unit/atoms/test_github_answers.py ---------------


@pytest.mark.parametrize(
    ("break_it", "code", "evidence"),
    [
        (lambda p: p.git("remote", "remove", "origin"), 1, "git has no remote called origin here"),
        (lambda p: p.git("remote", "set-url", "origin", "/srv/x"), 1, "origin is /srv/x, which names no"),
        (lambda p: p.env.update(GH_TOKEN="another"), 3, f"not known: {HOST} answers 401"),
        (lambda p: p.env.update(PATH=str(p.root / ".venv")), 3, "not known: gh isn't on PATH"),
    ],
)
def test_where_github_cannot_be_asked_the_answer_is_no_and_says_why(
    sample, github, tmp_path: Path, break_it: Any, code: int, evidence: str
) -> None:
    project = on_github(sample, github, REPO, tmp_path)
    (project.root / ".venv").mkdir()
    (project.root / ".venv/git").symlink_to(str(shutil.which("git")))
    break_it(project)
    assert project.atomci("run", "pr_checks_green_and_approved").code == code
    answer = project.json("artifacts/done/pull_request.json")
    assert answer["answer"] == "no"
    assert evidence in answer["evidence"][0]
    assert answer["next"]
    assert answer["known"] == (code == 1)
    rows = json.loads(project.atomci("check", "pr_checks_green_and_approved", "--json").out)["atoms"]
    assert [row["status"] for row in rows] == ["not run here yet"]  # nothing shows that anything is wrong


def test_the_report_keeps_its_schema_and_a_swapped_or_disabled_answer_is_told(project, github) -> None:
    project.append(
        "pyproject.toml",
        "\n[tool.atomci.atoms.precommit_hooks_clean]\nenabled = false\n"
        '[tool.atomci.atoms.local_ci_green]\nrun = "python -c pass"\n',
    )
    project.commit("swapped")
    done = project.atomci("done", "--json")
    schema = Path(__file__).parents[2] / "docs/schemas/done.schema.json"
    jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(
        json.loads(done.out)
    )
    first, second, *_ = json.loads(done.out)["answers"]
    assert (first["answer"], first["evidence"]) == ("not applicable", ["disabled in pyproject.toml"])
    assert second["answer"] == "no"
