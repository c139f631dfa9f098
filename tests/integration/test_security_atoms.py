"""Phase 17 in a project with real git: what its atoms record, and what each broken thing is called."""

from __future__ import annotations

import json
from typing import Any

import pytest

READING = 'import os\n\nURL = os.environ.get("API_URL", "")\n'


@pytest.fixture
def project(sample) -> Any:
    """The sample, reading a variable and using a secret, both declared."""
    sample.write("src/demo/settings.py", READING)
    sample.write(".env.example", "# Where it finds its peers.\nAPI_URL=http://localhost\n")
    sample.append(".gitignore", ".env\n")
    sample.append("pyproject.toml", '\n[tool.atomci]\nsecrets = ["HOOK"]\n')
    sample.replace(
        ".github/workflows/ci.yml", "        env:\n", "        env:\n          HOOK: ${{ secrets.HOOK }}\n"
    )
    return sample


def answer(project: Any, atom: str) -> tuple[str, str]:
    (row,) = json.loads(project.atomci("check", atom, "--json").out)["atoms"]
    return row["status"], "\n".join(row["evidence"])


ENV = "manage_env_and_secrets_safely"


def test_it_holds_and_records_what_it_saw(project) -> None:
    status, evidence = answer(project, ENV)
    done = project.atomci("run", ENV, "--json")

    assert status == "holds"
    assert "src/demo/settings.py:3: API_URL is in .env.example" in evidence
    assert ".gitignore:5: git ignores .env" in evidence
    assert "HOOK is declared" in evidence
    assert done.statuses == {ENV: "pass"}
    assert project.json("artifacts/security/env.json")["holds"] is True


def broken(project: Any, *places: str) -> str:
    """It isn't as it should be, and says where: in the check, and as a finding of the run."""
    status, evidence = answer(project, ENV)
    assert status == "broken"
    done = project.atomci("run", ENV, "--json")
    assert (done.code, done.statuses) == (1, {ENV: "fail"})
    found = done.atoms[ENV]["findings"]
    assert [f"{f['path']}:{f['line']}" for f in found] == list(places)
    return evidence


@pytest.mark.parametrize(
    ("path", "old", "new", "place"),
    [
        (".env.example", "API_URL", "OTHER_URL", "src/demo/settings.py:3"),
        (".env.example", "API_URL=", "OLD=1\nAPI_URL=", ".env.example:2"),
        (".env.example", "http://localhost", "https://me:q8Zt1vR5mK2x@acme.org", ".env.example:2"),
        ("src/demo/settings.py", '"API_URL"', '"API_URL" + os.environ["MORE"] +', "src/demo/settings.py:3"),
        (".gitignore", ".env\n", ".envrc\n", ".gitignore:1"),
        (".gitignore", ".env\n", ".env\n!.env\n", ".gitignore:6"),
        (".github/workflows/ci.yml", "secrets.HOOK", "secrets.OTHER", ".github/workflows/ci.yml:18"),
        ("pyproject.toml", '["HOOK"]', '["HOOK", "OLD"]', "pyproject.toml:30"),
    ],
)
def test_each_broken_thing_has_its_place(project, path: str, old: str, new: str, place: str) -> None:
    project.replace(path, old, new)
    status, evidence = answer(project, ENV)
    done = project.atomci("run", ENV, "--json")

    assert status == "broken"
    assert place in evidence
    assert (done.code, done.statuses) == (1, {ENV: "fail"})
    assert place in [f"{found['path']}:{found['line']}" for found in done.atoms[ENV]["findings"]]


def test_a_tracked_env_file_is_told(project) -> None:
    project.write(".env", "API_URL=x\n")
    project.git("add", "--force", ".env")
    assert "git keeps it, for all to read" in broken(project, ".env:1")


def test_a_rule_of_this_machine_alone_is_not_enough(project) -> None:
    project.replace(".gitignore", ".env\n", "")
    project.write(".git/info/exclude", ".env\n")
    assert "only this machine ignores .env, by exclude" in broken(project, ".gitignore:1")


def test_outside_git_nothing_is_proved(project) -> None:
    project.delete(".git")
    status, evidence = answer(project, ENV)
    assert (status, "git keeps nothing here" in evidence) == ("broken", True)


def test_a_read_that_cannot_be_known_is_said_in_the_runs_line(project) -> None:
    project.append("src/demo/settings.py", "\n\ndef ask(name: str) -> str:\n    return os.environ[name]\n")
    done = project.atomci("run", ENV)
    assert done.code == 0
    assert "src/demo/settings.py:7: reads what can't be known: the name is name" in done.out


@pytest.mark.parametrize(
    ("value", "why"), [('"HOOK"', "expected names"), ("[1]", "expected names"), ('["MY-HOOK"]', "'MY-HOOK' isn't a secret's name"),
                       ('["GITHUB_HOOK"]', "'GITHUB_HOOK' isn't a secret's name")])  # fmt: skip
def test_wrong_declarations_are_refused_with_their_line(project, value: str, why: str) -> None:
    project.replace("pyproject.toml", '["HOOK"]', value)
    done = project.atomci("run", ENV)
    assert done.code == 2
    assert f"pyproject.toml:30: tool.atomci.secrets: {why}" in done.err
