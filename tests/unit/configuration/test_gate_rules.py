"""What calls the gate: hooks (019), the editor's tasks (020) and the parity of all (047)."""

import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from atomci.configuration import editor, hooks
from atomci.configuration.ci import parity
from atomci.configuration.documents import Document, json_document, yaml_document
from atomci.configuration.facts import Fact


def parsed(folder: Path, text: str) -> Document:
    (folder / "file.yml").write_text(text)
    return yaml_document(folder, "file.yml")


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("    cmd: uv run atomci run local_ci", 4),
        ("    cmds:\n      - echo\n      - uv run atomci run local_ci", 6),
        ("    cmds:\n      - cmd: uv run atomci run local_ci", 5),
        ("    cmds:\n      - task: gate\n  gate:\n    - uv run atomci run local_ci", 7),
    ],
)
def test_a_task_may_spell_its_commands_in_any_of_go_task_s_ways(tmp_path: Path, body: str, line: int) -> None:
    fact = parity.task(parsed(tmp_path, f"version: '3'\ntasks:\n  ci:\n{body}\n"))

    assert fact == Fact(True, "calls atomci run local_ci", "file.yml", line)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("    cmd: echo", "doesn't call atomci run local_ci"),
        ("    cmds:\n      - task: ci", "doesn't call atomci run local_ci"),
        ("    cmds:\n      - {cmd: uv run atomci run local_ci, ignore_error: true}", "hides its exit code"),
        ("    cmd: uv run atomci run local_ci e2e", "run local_ci e2e, not local_ci"),
        ("    cmds: [uv run atomci run local_ci, uv run atomci run e2e]", "run e2e, not local_ci"),
    ],
)
def test_a_task_that_does_less_or_more_is_a_problem(tmp_path: Path, body: str, says: str) -> None:
    fact = parity.task(parsed(tmp_path, f"version: '3'\ntasks:\n  ci:\n{body}\n"))

    assert not fact.ok
    assert says in str(fact)


ATOMS = {
    "local_ci": {"lint", "test", "compute_local_ci_exit_code"},
    "lint": {"lint"},
    "all": {"lint", "test", "more"},
}


def closure(targets: Sequence[str]) -> Collection[str]:
    return set().union(*(ATOMS[target] for target in targets))


@pytest.mark.parametrize(
    ("command", "covered"),
    [
        ("atomci run all", True),
        ("atomci run local_ci", True),
        ("atomci run lint", False),
        ("atomci run all || true", False),
        ("atomci run all --dry-run", False),
        ("# atomci run all", False),
    ],
)
def test_jobs_cover_the_gate_and_may_do_more(tmp_path: Path, command: str, covered: bool) -> None:
    jobs = (
        f"jobs:\n  a:\n    steps:\n      - run: |\n          {command}\n"
        "  z:\n    if: always()\n    needs: [a]\n    steps:\n      - run: echo ${{ needs.a.result }}\n"
    )
    facts = list(parity.jobs(parsed(tmp_path, jobs), closure))

    assert all(fact.ok for fact in facts) is covered


def test_stages_of_a_hook_come_from_it_or_from_the_default_and_by_old_names_too(tmp_path: Path) -> None:
    text = (
        "default_stages: [commit]\nrepos:\n  - repo: local\n    hooks:\n"
        "      - {id: a, entry: x, args: [--y]}\n      - {id: b, stages: [push, manual]}\n"
    )
    first, second = hooks.hooks_of(parsed(tmp_path, text))

    assert (first.stages, first.command) == (("pre-commit",), "x --y")
    assert second.stages == ("pre-push", "manual")


@pytest.mark.parametrize(
    ("repo", "says"),
    [
        ("{repo: local, rev: v1}", "local v1 has versions of its own"),
        ("{repo: meta}", "meta has versions of its own"),
        ("{repo: local}", None),
    ],
)
def test_a_repository_of_hooks_is_local_and_without_versions(
    tmp_path: Path, repo: str, says: str | None
) -> None:
    facts = hooks.configured(parsed(tmp_path, f"repos: [{repo}]\n"), ())

    assert [says in str(fact) for fact in facts if says and "versions" in str(fact)] == (
        [True] if says else []
    )


def test_a_hook_that_another_program_installed_or_whose_python_is_gone_is_a_problem(tmp_path: Path) -> None:
    ours = "#!/bin/sh\nINSTALL_PYTHON='{}'\nARGS=(hook-impl --hook-type=pre-commit)\n"
    (tmp_path / "pre-commit").write_text(ours.format(tmp_path / "no such python"))
    (tmp_path / "pre-push").write_text("#!/bin/sh\nmake check\n")

    texts = [str(fact) for fact in hooks.installed(tmp_path, "hooks") if not fact.ok]

    assert "hooks/pre-commit: its Python is no longer there" in texts[0]
    assert texts[1] == "hooks/pre-push: not pre-commit's hook"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no executable bit")
def test_a_hook_that_git_would_pass_over_is_a_problem(tmp_path: Path) -> None:
    hook = tmp_path / "pre-commit"
    hook.write_text(f"#!/bin/sh\nINSTALL_PYTHON={tmp_path}\n--hook-type=pre-commit\n")
    hook.chmod(0o644)

    facts = list(hooks.installed(tmp_path, "hooks"))

    assert str(facts[0]).endswith("not executable, so git ignores it")


def tasks_problems(folder: Path, task: dict[str, object]) -> list[str]:
    gate = {"label": "gate", "command": "uv run atomci run local_ci", "problemMatcher": MATCHER}
    (folder / "tasks.json").write_text(json.dumps({"tasks": [gate, task]}, indent=2))
    documents = {"tasks.json": json_document(folder, "tasks.json")}
    facts = editor.facts(documents, {"local_ci", "unit"}.__contains__)
    return [str(fact) for fact in facts if not fact.ok and str(fact).startswith("tasks.json")]


PATTERN = {
    "regexp": r"^(.+?):(\d+):(\d+): (\w+): (.*?)(?: \[([^\]]+)\])?$",
    "file": 1,
    "line": 2,
    "column": 3,
    "severity": 4,
    "message": 5,
}
MATCHER = {"owner": "atomci", "pattern": PATTERN}


@pytest.mark.parametrize(
    "task",
    [
        {"command": "uv run atomci run unit", "problemMatcher": MATCHER},
        {"command": "uv", "args": ["run", "atomci", "run", "unit"], "problemMatcher": ["$python", MATCHER]},
        {"command": "uv run atomci run unit", "problemMatcher": {"pattern": [PATTERN]}},
        {"command": "uv run mkdocs serve"},
        {"command": "npm test", "problemMatcher": "$tsc"},
        {"command": "npm test", "problemMatcher": {"pattern": {"regexp": "^x$"}}},
    ],
)
def test_tasks_of_the_gate_and_of_others_hold(tmp_path: Path, task: dict[str, object]) -> None:
    assert tasks_problems(tmp_path, {"label": "it"} | task) == []


@pytest.mark.parametrize(
    ("task", "says"),
    [
        ({"command": "uv run pytest"}, "calls pytest itself"),
        ({"command": ".venv/bin/ruff", "args": ["check"]}, "calls ruff itself"),
        ({"command": "uv run python -m mypy src"}, "calls mypy itself"),
        ({"command": "uv run atomci run unit"}, "no problem matcher"),
        ({"command": "uv run atomci run unit", "problemMatcher": "$python"}, "no problem matcher"),
        ({"command": "npm test", "problemMatcher": {"pattern": {"regexp": "("}}}, "doesn't compile"),
    ],
)
def test_a_task_beside_the_gate_is_a_problem(tmp_path: Path, task: dict[str, object], says: str) -> None:
    (line,) = tasks_problems(tmp_path, {"label": "it"} | task)

    assert says in line


@pytest.mark.parametrize("powershell", [False, True])
def test_an_extension_for_powershell_is_wanted_where_the_project_works_with_it(
    tmp_path: Path, powershell: bool
) -> None:
    (tmp_path / "extensions.json").write_text(json.dumps({"recommendations": [*editor.EXTENSIONS]}))
    documents = {"extensions.json": json_document(tmp_path, "extensions.json")}

    facts = [str(fact) for fact in editor.facts(documents, bool, powershell=powershell) if not fact.ok]

    assert ["ms-vscode.powershell" in fact for fact in facts if "recommend" in fact] == [True] * powershell


def test_further_files_of_the_editor_need_no_more_than_to_parse(tmp_path: Path) -> None:
    (tmp_path / "mcp.json").write_text("{}")

    facts = list(editor.facts({"mcp.json": json_document(tmp_path, "mcp.json")}, bool))

    assert [str(fact) for fact in facts if fact.ok] == ["mcp.json: parses"]
    assert len(facts) == 1 + len(editor.FILES)


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({"coverage-gutters.coverageFileNames": ["artifacts/reports/coverage.xml"]}, True),
        (
            {
                "coverage-gutters.coverageBaseDir": "artifacts/reports/",
                "coverage-gutters.coverageFileNames": ["lcov.info", "coverage.xml"],
            },
            True,
        ),
        (
            {
                "coverage-gutters.manualCoverageFilePaths": [
                    "${workspaceFolder}/artifacts/reports/coverage.xml"
                ]
            },
            True,
        ),
        ({"coverage-gutters.coverageFileNames": ["coverage.xml"]}, False),
        ({}, False),
    ],
)
def test_coverage_gutters_look_where_the_gate_writes(
    tmp_path: Path, settings: dict[str, object], shown: bool
) -> None:
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    documents = {"settings.json": json_document(tmp_path, "settings.json")}

    facts = [fact for fact in editor.facts(documents, bool) if "coverage gutters" in str(fact)]

    assert [fact.ok for fact in facts] == [shown]
