"""Rendered files are what the formatters would make of them and pass the linters, for every answer set."""

import functools
import itertools
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from answer_sets import INTEGRATIONS
from golden_trees import ANSWERS
from pathspec import GitIgnoreSpec

from atomci.bootstrap.layout import FOLDERS, folders_of
from atomci.bootstrap.profile import works_with

ROOT = Path(__file__).parents[2]
Git = Callable[..., str]
Tool = Callable[..., subprocess.CompletedProcess[str]]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def pyproject(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


# What takes the files of all projects in one call. Other people's checkers are in checkers/.
COMMANDS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("ruff", "check", "--no-cache"): (".",),
    ("end-of-file-fixer",): ("**/*",),
    ("trailing-whitespace-fixer",): ("**/*",),
}


# What a small profile does without, or has only with an answer.
BY_ANSWER = (".github/dependabot.yml", ".github/ISSUE_TEMPLATE/*.yml", "scripts/*.sh")


def found(projects: list[Path], patterns: tuple[str, ...]) -> list[str]:
    """The files, or the projects themselves for `.`; each pattern has to find some in each, or in one."""
    paths: list[Path] = []
    for pattern in patterns:
        there = [
            [project] if pattern == "." else [path for path in project.glob(pattern) if path.is_file()]
            for project in projects
        ]
        assert any(there) if pattern in BY_ANSWER else all(there), pattern
        paths += itertools.chain.from_iterable(there)
    return sorted(map(str, paths))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_tools_find_nothing(every_project: list[Path], command: tuple[str, ...], tool: Tool) -> None:
    paths = found(every_project, COMMANDS[command])
    before = {path: Path(path).read_bytes() for path in paths if Path(path).is_file()}

    result = tool(every_project[0], *command, *paths)

    assert result.returncode == 0, result.stdout + result.stderr
    assert {path: Path(path).read_bytes() for path in before} == before


# A file that each of them must object to.
FAULTS: dict[str, tuple[str, str]] = {
    "ruff": ("src/my_project/slug.py", "import os\n"),
    "black": ("src/my_project/slug.py", "x = [1,2]\n"),
    "end-of-file-fixer": ("README.md", "# Title"),
    "trailing-whitespace-fixer": ("README.md", "# Title \n"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_tools_find_what_is_planted(
    name: str, rendered: Callable[[str], Path], tool: Tool, tmp_path: Path
) -> None:
    project = shutil.copytree(
        rendered("strict" if name == "shellcheck" else "defaults"), tmp_path / "my-project"
    )
    path, text = FAULTS[name]
    (project / path).write_text(text, encoding="utf-8")
    command = next((words for words in COMMANDS if name in words), ("black", "--check"))

    result = tool(project, *command, *found([project], COMMANDS.get(command, (".",))))

    assert result.returncode != 0, result.stdout + result.stderr


def test_black_changes_nothing(every_project: list[Path], tool: Tool) -> None:
    """It reads one configuration per call; all that differs between projects is the oldest Python."""
    alike: dict[str, list[Path]] = {}
    for project in every_project:
        alike.setdefault(json.dumps(pyproject(project)["tool"]["black"]), []).append(project)

    for projects in alike.values():
        settings = f"--config={projects[0] / 'pyproject.toml'}"
        result = tool(projects[0], "black", "--check", settings, *map(str, projects))
        assert result.returncode == 0, result.stderr


def test_the_taskfile_is_read(project: Path, tool: Tool) -> None:
    result = tool(project, "task", "--list-all")

    assert result.returncode == 0, result.stdout + result.stderr


def test_lines_end_and_indent_in_one_way(project: Path) -> None:
    for path in files(project):
        data = (project / path).read_bytes()
        assert b"\r" not in data, path
        assert b"\t" not in data, path


def test_no_blank_lines_pile_up(project: Path) -> None:
    """What a Jinja block leaves behind where it is not trimmed."""
    for path in files(project):
        text = (project / path).read_text(encoding="utf-8")
        assert not text.startswith("\n"), path
        if not path.endswith((".py", "LICENSE")):
            assert "\n\n\n" not in text, path


def test_every_data_file_parses(project: Path) -> None:
    parsed = 0
    for path in files(project):
        text = (project / path).read_text(encoding="utf-8")
        if path.endswith(".json"):
            json.loads(text)
        elif path.endswith(".toml"):
            tomllib.loads(text)
        elif path.endswith((".yml", ".yaml")):
            yaml.safe_load(text)
        else:
            continue
        parsed += 1
    assert parsed > 6


def test_nothing_is_left_unrendered(project: Path) -> None:
    for path in files(project):
        text = (project / path).read_text(encoding="utf-8")
        assert "{%" not in text, path
        assert not path.endswith(".jinja")
        if not path.startswith((".github/workflows/", ".github/actions/")) and path != "Taskfile.yml":
            assert "{{ braces }}" in text or "{{" not in text, path


def works_on_windows(paths: list[str]) -> None:
    reserved = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}
    assert len({path.lower() for path in paths}) == len(paths)
    for path in paths:
        assert not re.search(r'[<>:"|?*\\\x00-\x1f]', path), path
        assert len(path) < 120, path
        for part in path.split("/"):
            assert part.split(".")[0].lower() not in reserved, path
            assert not part.endswith((" ", ".")), path


def test_the_paths_of_the_template_work_on_windows() -> None:
    works_on_windows([path.relative_to(ROOT).as_posix() for path in (ROOT / "template").rglob("*")])


def test_rendered_paths_work_on_windows(project: Path) -> None:
    works_on_windows(files(project))


@pytest.mark.parametrize("path", ["a/nul.txt", "a/b:c", "a /b", "x" * 120])
def test_a_path_that_windows_refuses_is_found(path: str) -> None:
    with pytest.raises(AssertionError):
        works_on_windows([path])


# --- Ownership ----------------------------------------------------------------------------------


def rules() -> list[dict[str, Any]]:
    ownership = tomllib.loads((ROOT / "ownership.toml").read_text(encoding="utf-8"))
    assert ownership["version"] == 1
    found: list[dict[str, Any]] = ownership["rule"]
    return found


@functools.cache
def patterns() -> list[tuple[str, GitIgnoreSpec]]:
    return [(rule["tier"], GitIgnoreSpec.from_lines([path])) for rule in rules() for path in rule["paths"]]


def owners(path: str) -> list[str]:
    return [tier for tier, pattern in patterns() if pattern.match_file(path)]


def test_every_rendered_path_has_exactly_one_owner(project: Path) -> None:
    found = {path: owners(path) for path in files(project)}

    assert {path: tiers for path, tiers in found.items() if len(tiers) != 1} == {}


def test_an_unclassified_path_has_no_owner() -> None:
    assert owners("new.cfg") == []
    assert owners("nested/README.md") == []


def test_every_pattern_owns_something(rendered: Callable[[str], Path], answer_sets: dict[str, Any]) -> None:
    paths = {path for name in answer_sets for path in files(rendered(name))}
    for rule in rules():
        assert rule["why"]
        for pattern in rule["paths"]:
            owned = list(GitIgnoreSpec.from_lines([pattern]).match_files(paths))
            assert bool(owned) != (rule["tier"] == "generated"), pattern


def test_the_seeds_are_what_copier_skips() -> None:
    seeds = [pattern for rule in rules() if rule["tier"] == "seed" for pattern in rule["paths"]]

    assert sorted(seeds) == sorted(load(ROOT / "copier.yml")["_skip_if_exists"])
    assert {rule["tier"] for rule in rules()} == {"managed", "merged", "seed", "generated"}


# --- What the parts of a project agree on -------------------------------------------------------


def test_one_line_length_and_one_target_version(project: Path) -> None:
    settings = pyproject(project)
    tools = settings["tool"]
    oldest = settings["project"]["requires-python"].removeprefix(">=")
    short = "py" + oldest.replace(".", "")

    assert tools["ruff"]["line-length"] == tools["black"]["line-length"]
    assert "target-version" not in tools["ruff"], "it reads requires-python"
    assert tools["black"]["target-version"] == [short]
    assert tools["mypy"]["python_version"] == oldest
    unit = load(project / ".github/workflows/ci.yml")["jobs"]["unit"]
    final = unit["strategy"]["matrix"]["python"]
    assert final == [f"3.{minor}" for minor in range(int(oldest[2:]), 16)]
    classifiers = settings["project"]["classifiers"]
    assert all(f"Programming Language :: Python :: {version}" in classifiers for version in final)
    assert "continue-on-error" not in unit, "each of them is final"


def test_one_manager_everywhere(project: Path) -> None:
    manager = load(project / ".copier-answers.yml")["dependency_manager"]
    other = {"uv": "in_venv", "pip-tools": "uv run"}[manager]

    for path in files(project):
        assert other not in (project / path).read_text(encoding="utf-8"), path
    assert ("dependency-groups" in pyproject(project)) == (manager == "uv")
    assert (project / "requirements" / "dev.in").exists() == (manager == "pip-tools")


def test_the_workflows_start_for_these_events_alone(project: Path) -> None:
    """act runs a workflow for any branch or tag, so its tests can't tell."""
    branch = load(project / ".copier-answers.yml")["default_branch"]
    ci, release = (load(project / f".github/workflows/{name}.yml")[True] for name in ("ci", "release"))

    assert ci == {
        "pull_request": None,
        "push": {"branches": [branch]},
        "merge_group": None,
        "schedule": [{"cron": "23 3 * * *"}],
        "workflow_dispatch": None,
    }
    assert release == {"push": {"tags": ["v*"]}}


def test_actions_are_pinned_to_a_commit(project: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (project / ".github").rglob("*.yml")]
    uses = [action for text in texts for action in re.findall(r"^ +(?:- )?uses: (.*)", text, re.MULTILINE)]

    assert uses
    for action in uses:
        if action.startswith("./.github/actions/"):
            continue
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+( # zizmor: .*)?", action), action


def test_the_hooks_need_no_download(project: Path) -> None:
    config = load(project / ".pre-commit-config.yaml")
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]

    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks} == {"system"}
    answers = load(project / ".copier-answers.yml")
    strict = answers.get("strict_hooks", answers["profile"] == "everything")
    assert ({"mypy", "bandit", "codespell"} <= {hook["id"] for hook in hooks}) == strict


def test_what_a_run_leaves_is_ignored(project: Path, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_bytes((project / ".gitignore").read_bytes())
    left = [
        *(".venv/bin/python", "artifacts/reports/junit.xml", ".atomci_cache/x", ".mypy_cache/x"),
        *(".ruff_cache/x", ".pytest_cache/x", "src/x/__pycache__/x.pyc", "src/x.egg-info/PKG-INFO"),
        *("dist/x.whl", ".coverage", ".env", ".env.local"),
    ]

    assert git(tmp_path, "check-ignore", *left).splitlines() == left
    kept = [".env.example", "uv.lock", "src/x/artifacts/__init__.py", *files(project)]
    result = subprocess.run(["git", "check-ignore", *kept], cwd=tmp_path, capture_output=True, check=False)
    assert (result.returncode, result.stdout) == (1, b"")


def test_the_folders_of_the_appendix_exist(project: Path) -> None:
    answers = load(project / ".copier-answers.yml")
    there = {folder for folder in FOLDERS if (project / folder).is_dir()}
    wanted = {folder for folder in folders_of(answers) if not folder.startswith("artifacts/")}
    # What the template leaves empty, atomci makes.
    filled_by_the_sample = {"tests/contracts", "tests/e2e", "tests/auger"}

    assert there <= wanted
    assert wanted - there <= {"tests/fixtures", *(set() if answers["sample"] else filled_by_the_sample)}


# What each integration brings, and nobody else has.
BROUGHT = {
    "vscode": ".vscode/settings.json",
    "powershell": "tests/scripts/local_ci.Tests.ps1",
    "devcontainer": ".devcontainer/devcontainer.json",
    "docker": "Dockerfile",
}
MENTIONED = {
    "codecov": "codecov/codecov-action@",
    "slack": "slackapi/slack-github-action@",
    "powershell": "pester:",
}


def integrations(project: Path) -> list[str]:
    answers = load(project / ".copier-answers.yml")
    return [name for name in INTEGRATIONS if works_with(answers, name)]


def test_an_integration_brings_its_files_and_steps_and_only_then(project: Path) -> None:
    workflow = (project / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    chosen = integrations(project)

    assert {name for name, path in BROUGHT.items() if (project / path).exists()} == set(chosen) & set(BROUGHT)
    assert {name for name, text in MENTIONED.items() if text in workflow} == set(chosen) & set(MENTIONED)


def brought(project: Path, question: str) -> set[str]:
    """Which choices of a question the answers bring, by themselves or by the profile."""
    answers = load(project / ".copier-answers.yml")
    choices = load(ROOT / "copier.yml")[question]["choices"].values()
    by_profile = {"minimal": set(), "everything": set(choices)}
    return by_profile[answers["profile"]] if answers["profile"] in by_profile else set(answers[question])


def test_what_ci_looks_for_besides_is_there_where_it_is_asked_for(project: Path) -> None:
    answers = load(project / ".copier-answers.yml")
    strict = answers["profile"] == "everything" or answers.get("strict_hooks", False)
    checks = brought(project, "checks") | ({"bandit"} if strict else set())
    has_uv = answers["dependency_manager"] == "uv"
    jobs = load(project / ".github/workflows/ci.yml")["jobs"]
    first = " ".join(step.get("run", "") for step in jobs["lint_types"]["steps"])
    tools = (project / ("pyproject.toml" if has_uv else "requirements/dev.in")).read_text(encoding="utf-8")

    assert {name for name in ("bandit", "zizmor") if f" {name} " in first} == checks & {"bandit", "zizmor"}
    for name, on in {"bandit": "bandit" in checks, "zizmor": "zizmor" in checks}.items():
        assert (f"{name}>=" in tools) is on, name
    assert ("pip-audit>=" in tools) is ("audit" in checks and not has_uv)
    assert (project / ".github/workflows/audit.yml").is_file() is ("audit" in checks)
    assert ("lowest" in jobs) is ("lowest" in checks and has_uv)
    assert ("bandit" in pyproject(project)["tool"]) is ("bandit" in checks)


def test_dependabot_leaves_alone_the_workflows_that_the_template_moves_and_no_other(project: Path) -> None:
    if load(project / ".copier-answers.yml")["profile"] == "minimal":
        assert not (project / ".github/dependabot.yml").exists()
        return
    updates = load(project / ".github/dependabot.yml")["updates"]
    (actions,) = [row for row in updates if row["package-ecosystem"] == "github-actions"]
    there = [path for path in files(project) if path.startswith(".github/workflows/")]

    assert actions["exclude-paths"] == [path for path in there if owners(path) == ["managed"]]
    assert {row["cooldown"]["default-days"] for row in updates} == {7}


def test_badges_are_there_for_what_the_answers_name(project: Path) -> None:
    answers = load(project / ".copier-answers.yml")
    text = (project / "README.md").read_text(encoding="utf-8")
    badges = re.findall(r"^\[!\[(\w+)\]\((https://\S+)\)\]\((https://\S+)\)$", text, re.MULTILINE)
    wanted = {
        "CI": True,
        "Coverage": "codecov" in brought(project, "integrations"),
        "PyPI": answers["licence"] != "Proprietary",
    }

    assert text.count("[![") == len(badges)
    names = [name for name, on in wanted.items() if on and answers["repository_owner"]]
    assert [name for name, *_ in badges] == names
    if names:
        place = f"https://github.com/{answers['repository_owner']}/{pyproject(project)['project']['name']}"
        workflow = f"{place}/actions/workflows/ci.yml"
        assert badges[0][1:] == (f"{workflow}/badge.svg?branch={answers['default_branch']}", workflow)


def test_uv_waits_where_it_is_asked_to(project: Path) -> None:
    answers = load(project / ".copier-answers.yml")
    settings = {**pyproject(project)["tool"].get("uv", {})}
    settings.pop("sources", None)
    wanted = {"minimal": False, "everything": True}.get(answers["profile"], answers.get("cooldown"))
    asked = wanted and answers["dependency_manager"] == "uv"

    assert settings.get("exclude-newer") == ("7 days" if asked else None)
    # The runtime moves with the template, which may be of today.
    of_index = answers["runtime_source"] == "index"
    assert ("exclude-newer-package" in settings) is (asked and of_index)


def test_uv_takes_the_settings_by_which_it_waits(
    rendered: Callable[[str], Path], tmp_path: Path, tool: Tool
) -> None:
    text = (rendered("strict") / "pyproject.toml").read_text(encoding="utf-8")
    (waits,) = re.findall(r"^\[tool\.uv\]\n(?:.+\n)+", text, re.MULTILINE)
    start = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.11"\n\n'
    (tmp_path / "pyproject.toml").write_text(start + waits, encoding="utf-8")

    done = tool(tmp_path, "uv", "lock", "--offline")

    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    assert 'exclude-newer-span = "P7D"' in (tmp_path / "uv.lock").read_text(encoding="utf-8")


def test_each_system_that_is_asked_for_has_one_leg_of_the_unit_tests(project: Path) -> None:
    answers, asked = load(project / ".copier-answers.yml"), brought(project, "systems")
    job = load(project / ".github/workflows/ci.yml")["jobs"]["unit"]
    rows = job["strategy"]["matrix"].get("include", [])

    assert sorted(row["system"].partition("-")[0] for row in rows) == sorted(asked)
    assert {row["python"] for row in rows} <= {max("3.12", answers["python_min"])}
    assert job["runs-on"] == ("${{ matrix.system }}" if rows else "ubuntu-24.04")
    # PowerShell is what Windows has by default, and `sh` isn't to be found by it.
    (step,) = [step for step in job["steps"] if "atomci run unit" in step.get("run", "")]
    assert (step.get("shell") == "bash") is ("windows" in asked)


def test_a_kind_brings_its_files(project: Path) -> None:
    answers = load(project / ".copier-answers.yml")
    package = project / "src" / answers["package_name"]

    own = {"cli.py": "cli", "app.py": "service"}
    assert {kind for name, kind in own.items() if (package / name).exists()} == {answers["kind"]} - {
        "library"
    }
    scripts = pyproject(project)["project"].get("scripts", {})
    assert bool(scripts) is (answers["kind"] != "library")


def test_the_licence_is_the_one_asked_for(project: Path) -> None:
    answers = load(project / ".copier-answers.yml")
    text = (project / "LICENSE").read_text(encoding="utf-8")
    first = {
        "MIT": "MIT License",
        "Apache-2.0": "Apache License",
        "BSD-3-Clause": "BSD 3-Clause License",
        "Proprietary": "Copyright (c)",
    }

    assert text.lstrip().startswith(first[answers["licence"]])
    assert answers["author_name"] in text
    assert answers["licence"] in pyproject(project)["project"]["license"]


def test_what_happens_around_a_render_is_data() -> None:
    assert tomllib.loads((ROOT / "hooks/migrations.toml").read_text(encoding="utf-8"))["version"] == 1
    assert sorted(path.name for path in (ROOT / "hooks").iterdir()) == ["README.md", "migrations.toml"]


def test_what_is_released_names_each_file_from_the_root() -> None:
    """Without the slash a pattern takes a README.md of any folder."""
    for name in ("pyproject.toml", *(f"tests/golden/{tree}/pyproject.toml" for tree in ANSWERS)):
        settings = tomllib.loads((ROOT / name).read_text(encoding="utf-8"))
        include = settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
        assert [path for path in include if not path.startswith("/")] == [], name


@pytest.mark.parametrize("tree", sorted(ANSWERS.keys() - {"library-minimal"}))
def test_agents_are_told_not_to_edit_what_the_template_owns(tree: str) -> None:
    """All of it, and nothing else but what stands behind `except`."""
    root = ROOT / "tests/golden" / tree
    text = (root / "AGENTS.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"^- Don't edit what the template owns:(.*?)(?=^- )", text, re.MULTILINE | re.DOTALL)
    rest = re.findall(r"except `([^`]+)`", told)
    named = tuple(re.findall(r"`([^`]+)`", told))
    rules = tomllib.loads((ROOT / "ownership.toml").read_text(encoding="utf-8"))["rule"]
    managed = [path for rule in rules if rule["tier"] == "managed" for path in rule["paths"]]

    for path in files(root):
        owned = any(fnmatch(f"/{path}", pattern) for pattern in managed)
        assert owned == (path.startswith(named) and Path(path).name not in rest), path


def test_what_pip_tools_needs_to_update_is_what_renders() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (renders,) = [row for row in settings["optional-dependencies"]["template"] if row.startswith("copier")]
    text = (ROOT / "tests/golden/library-pip-tools/CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"in_venv.sh python -m pip install --quiet '{renders}'" in text
