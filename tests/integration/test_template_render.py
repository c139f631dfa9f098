"""What copier makes of the template: the same twice, without trust, refusing what can't work."""

import pkgutil
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from answer_sets import HAND_MADE
from golden_trees import RENDERED_FROM
from once import Once
from reserved_names import names

ROOT = Path(__file__).parents[2]
Git = Callable[..., str]
Render = Callable[..., Path]
Tool = Callable[..., subprocess.CompletedProcess[str]]
NEEDS_TRUST = {"_tasks", "_migrations", "_jinja_extensions"}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def questions() -> dict[str, Any]:
    config = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    return {name: value for name, value in config.items() if not name.startswith("_")}


@pytest.fixture(scope="session")
def no_release(once: Once) -> Path:
    """The template outside git, of which a render costs no clone."""

    def make(folder: Path) -> None:
        folder.mkdir()
        for name in RENDERED_FROM:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, folder / name)

    return once("no-release", make)


def test_the_sets_by_hand_take_every_choice() -> None:
    asked = {name: question for name, question in questions().items() if question.get("when") is not False}
    assert asked

    for name, question in asked.items():
        if "choices" not in question and question["type"] != "bool":
            continue
        choices = question.get("choices", [True, False])
        values = set(choices.values() if isinstance(choices, dict) else choices)
        taken = set()
        for answers in HAND_MADE.values():
            given = answers.get(name, question["default"])
            taken |= set(given) if question.get("multiselect") else {given}
        assert taken == values, name


@pytest.mark.parametrize("answers_name", HAND_MADE)
def test_a_second_render_is_byte_identical(
    answers_name: str, project: Path, render: Render, tmp_path: Path
) -> None:
    first = contents(project)

    again = render(tmp_path / "my-project", HAND_MADE[answers_name])

    assert contents(again) == first
    assert len(first) > (15 if HAND_MADE[answers_name].get("profile") == "minimal" else 30)


def test_the_command_line_renders_what_the_api_does(
    template_repo: Path, rendered: Callable[[str], Path], tool: Tool, tmp_path: Path
) -> None:
    dest = tmp_path / "my-project"

    result = tool(tmp_path, "copier", "copy", "--defaults", str(template_repo), str(dest))

    assert result.returncode == 0, result.stderr
    assert contents(dest) == contents(rendered("defaults"))
    assert "uv run atomci run local_ci" in result.stderr


def test_uncommitted_template_changes_are_rendered(
    snapshot: Callable[[Path], Path], render: Render, tmp_path: Path
) -> None:
    source = snapshot(tmp_path / "atomci")
    (source / "template" / "NEW.md.jinja").write_text("{{ project_name }}\n")

    project = render(tmp_path / "my-project", source=source, ref="HEAD")

    assert (project / "NEW.md").read_text() == "my-project\n"


def test_an_update_keeps_the_seeds_and_the_edits(
    snapshot: Callable[[Path], Path], render: Render, git: Git, tmp_path: Path
) -> None:
    source = snapshot(tmp_path / "atomci")
    project = render(tmp_path / "my-project", source=source)
    package = project / "src" / "my_project"
    (package / "slug.py").write_text("mine = 1\n")
    (project / "README.md").write_text((project / "README.md").read_text() + "\nMine.\n")
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=mine")
    (source / "template" / "src" / "{{ package_name }}" / "slug.py").write_text("theirs = 1\n")
    next((source / "template").glob("*SECURITY*")).write_text("# Changed\n")
    git(source, "commit", "--quiet", "--all", "--message=next")
    git(source, "tag", "v1.3.0")

    copier.run_update(project, defaults=True, overwrite=True, quiet=True)

    assert (package / "slug.py").read_text() == "mine = 1\n"
    assert (project / "README.md").read_text().endswith("\nMine.\n")
    assert (project / "SECURITY.md").read_text() == "# Changed\n"
    assert 'tag = "v1.3.0"' in (project / "pyproject.toml").read_text()


LOCKS = 2
"""What `atomci new` adds to a render: the lock of the dependencies, and that of the template."""


@pytest.mark.parametrize("kind", ["library", "cli", "service"])
@pytest.mark.parametrize("manager", ["uv", "pip-tools"])
def test_the_smallest_profile_has_at_most_25_files(
    kind: str, manager: str, no_release: Path, render: Render, tmp_path: Path
) -> None:
    answers = {"kind": kind, "dependency_manager": manager, "profile": "minimal"}

    there = contents(render(tmp_path / "my-project", answers, source=no_release))

    assert len(there) + LOCKS <= 25, sorted(there)
    assert {
        "README.md",
        "pyproject.toml",
        ".pre-commit-config.yaml",
        "Taskfile.yml",
        "tests/conftest.py",
    } <= set(there)
    assert {".github/workflows/ci.yml", ".github/workflows/release.yml"} <= set(there)


def test_a_profile_counts_for_more_than_what_it_does_not_ask(
    no_release: Path, render: Render, tmp_path: Path
) -> None:
    """copier takes `-d` also for a question that isn't asked, and doesn't record it."""
    more = {"integrations": ["docker"], "systems": ["macos"], "checks": ["zizmor"], "strict_hooks": True}
    trees = [
        contents(render(tmp_path / name / "my-project", {"profile": "minimal", **given}, source=no_release))
        for name, given in (("with", {**more, "wrapper_scripts": True}), ("without", {}))
    ]

    assert trees[0] == trees[1]


def test_no_release_ever_needs_trust(git: Git) -> None:
    """copier refuses an update without --trust also when only the old release had tasks."""
    configs = [(ROOT / "copier.yml").read_text(encoding="utf-8")]
    configs += [git(ROOT, "show", f"{tag}:copier.yml") for tag in git(ROOT, "tag").splitlines()]

    for config in configs:
        assert not NEEDS_TRUST & set(yaml.safe_load(config))
        assert "_external_data" not in config
        assert "!include" not in config  # it could bring in what the line above looks for


@pytest.mark.parametrize("name", sorted(NEEDS_TRUST))
def test_copier_would_refuse_a_template_with_tasks(
    name: str, render: Render, git: Git, tmp_path: Path
) -> None:
    """The rule above guards something real."""
    source, project = tmp_path / "template", tmp_path / "my-project"
    config = source / "copier.yml"
    entry: Any = {
        "_tasks": ["true"],
        "_jinja_extensions": ["jinja2.ext.do"],
        "_migrations": [{"version": "1.3.0", "command": "true"}],
    }[name]
    source.mkdir()
    (source / "{{ _copier_conf.answers_file }}.jinja").write_text("{{ _copier_answers | to_nice_yaml }}")
    release(git, source, config, "v1.2.0", "question: answer\n")
    render(project, source=source)
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=mine")
    release(git, source, config, "v1.3.0", f"question: answer\n{name}: {entry}\n")

    with pytest.raises(copier.errors.UnsafeTemplateError):
        copier.run_update(project, defaults=True, overwrite=True, quiet=True)


def release(git: Git, source: Path, config: Path, tag: str, text: str) -> None:
    config.write_text(text, encoding="utf-8")
    git(source, "init", "--quiet")
    git(source, "add", "--all")
    git(source, "commit", "--quiet", f"--message={tag}")
    git(source, "tag", tag)


def test_a_misspelt_name_fails_the_render(
    snapshot: Callable[[Path], Path], render: Render, tmp_path: Path
) -> None:
    source = snapshot(tmp_path / "atomci")
    (source / "template" / "NEW.md.jinja").write_text("{{ projct_name }}\n")

    with pytest.raises(Exception, match="'projct_name' is undefined"):
        render(tmp_path / "my-project", source=source, ref="HEAD")


@pytest.mark.skipif(sys.platform == "win32", reason="no executable bit on disk")
def test_the_script_is_executable(rendered: Callable[[str], Path]) -> None:
    for name in ("strict", "short"):  # the one with uv, the other with pip-tools
        assert (rendered(name) / "scripts" / "local_ci.sh").stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"project_name": ""}, "A project needs a name"),
        ({"project_name": "-x"}, "letter or digit at each end"),
        ({"project_name": "x\n"}, "letter or digit at each end"),
        ({"project_name": "naïve"}, "Letters, digits"),
        ({"project_name": "x" * 61}, "at most 60"),
        ({"project_name": "Pre_Commit"}, "already uses a package"),
        ({"project_name": "pytest"}, "already uses a package"),
        ({"project_name": "Python"}, "has a program of that name"),
        ({"project_name": "CON"}, "Windows has no file"),
        ({"package_name": "My-Package"}, "lower case"),
        ({"package_name": "2fast"}, "lower case"),
        ({"package_name": "x\n"}, "lower case"),
        ({"package_name": "x" * 41}, "at most 40"),
        ({"package_name": "class"}, "Python keyword"),
        ({"package_name": "json"}, "standard library"),
        ({"package_name": "test"}, "standard library"),
        ({"package_name": "aux"}, "Windows has no folder"),
        ({"package_name": "tests"}, "a folder of that name"),
        ({"package_name": "xdist"}, "already uses a package"),
        ({"package_name": "click"}, "already uses a package"),
        ({"description": "two\nlines"}, "one line"),
        ({"description": "two\u2028lines"}, "one line"),
        ({"description": " "}, "what the project is"),
        ({"author_name": ""}, "needs a name"),
        ({"author_name": "A\u202eB"}, "one line"),
        ({"author_name": "A <a@example.com>"}, "without < or >"),
        ({"author_email": "nobody"}, "not an e-mail address"),
        ({"author_email": "a b@example.com"}, "not an e-mail address"),
        ({"default_branch": "a..b"}, "not a branch name"),
        ({"default_branch": "a b"}, "not a branch name"),
        ({"default_branch": "HEAD"}, "not a branch name"),
        ({"default_branch": "x.lock"}, "not a branch name"),
        ({"default_branch": ""}, "not a branch name"),
        ({"licence": "GPL"}, "Invalid choice"),
        ({"python_min": "3.10"}, "Invalid choice"),
        ({"dependency_manager": "poetry"}, "Invalid choice"),
        ({"runtime_source": "moon"}, "Invalid choice"),
        ({"kind": "game"}, "Invalid choice"),
        ({"integrations": ["vscode", "telex"]}, "Invalid choice"),
        ({"repository_owner": "-x"}, "A GitHub name has only"),
        ({"reviewers": "acme"}, "@user or @org/team"),
        ({"reviewers": "@ann bob"}, "@user or @org/team"),
        ({"reviewers": "@acme/core/more"}, "@user or @org/team"),
        ({"repository_owner": "a/b"}, "A GitHub name has only"),
        ({"repository_owner": "x" * 40}, "A GitHub name has only"),
    ],
)
def test_a_bad_answer_is_refused_and_leaves_nothing(
    answers: dict[str, str], message: str, no_release: Path, render: Render, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        render(tmp_path / "my-project", answers, source=no_release)

    assert not (tmp_path / "my-project").exists()


@pytest.mark.parametrize(("project", "package"), [("six", "six"), ("attrs", "attr"), ("Pluggy", "pluggy")])
def test_a_project_that_the_tools_use_themselves_keeps_its_name(
    project: str, package: str, no_release: Path, render: Render, tmp_path: Path
) -> None:
    answers = {"project_name": project, "package_name": package}

    render(tmp_path / "joins", answers, source=no_release)

    assert (tmp_path / "joins/src" / package).is_dir()


@pytest.mark.parametrize(
    ("folder", "project", "package"),
    [
        ("My Tool", "My Tool", "my_tool"),
        ("json", "json", "json_lib"),
        ("3d-shapes", "3d-shapes", "d_shapes"),
        ("atomci", "atomci-project", "atomci_project"),
        ("проект", "my-project", "my_project"),
        ("class", "class", "class_lib"),
        ("test", "test", "test_lib"),
        ("Python", "Python-project", "python_project"),
        ("nul", "nul-project", "nul_project"),
        ("packaging", "packaging-project", "packaging_project"),
        ("x" * 70, "x" * 60, "x" * 36),
    ],
)
def test_defaults_from_any_folder_name_are_valid(
    folder: str, project: str, package: str, no_release: Path, render: Render, tmp_path: Path
) -> None:
    dest = render(tmp_path / folder, source=no_release)

    answers = yaml.safe_load((dest / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert (answers["project_name"], answers["package_name"]) == (project, package)
    assert (dest / "src" / package / "__init__.py").is_file()


def test_the_list_of_standard_modules_is_whole() -> None:
    """A newer Python that adds a module shows here; its own list leaves out `test`."""
    paths = sysconfig.get_paths()
    folders = (paths["stdlib"], paths["platstdlib"], f"{paths['platstdlib']}/lib-dynload")
    found = {*sys.builtin_module_names, *(module.name for module in pkgutil.iter_modules(folders))}
    public = {name for name in (*sys.stdlib_module_names, *found) if not name.startswith("_")}
    if sys.version_info < (3, 16):
        assert public <= set(names().stdlib)


def test_computed_answers_are_not_recorded(project: Path) -> None:
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    hidden = {name for name, question in questions().items() if question.get("when") is False}

    assert hidden
    assert not hidden & set(answers)


def test_a_destination_in_git_is_left_alone_otherwise(
    no_release: Path, render: Render, git: Git, tmp_path: Path
) -> None:
    dest = tmp_path / "my-project"
    dest.mkdir()
    (dest / "notes.txt").write_text("mine")
    git(dest, "init", "--quiet")

    render(dest, source=no_release)

    assert (dest / "notes.txt").read_text() == "mine"
    assert "pyproject.toml" in git(dest, "status", "--short")
