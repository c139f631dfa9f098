"""`atomci adopt`: repositories with a life of their own join, and nothing of theirs changes."""

import json
import os
import select
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sync_world import CONFIG, FIRST, Content, Folder, Outcome, lines, new_repository

from atomci.cli.main import main

Adopt = Callable[..., Outcome]
PYPROJECT = """\
[project]
name = "Fine-Words"
version = "3.1"
description = "Words, and how fine they are."
requires-python = ">=3.12.1"
license = "Apache-2.0"
authors = [{ email = "nobody@example.com" }, { name = "Ann Onym", email = "ann@example.com" }]
dependencies = ["click>=8"]
[project.scripts]
fine = "fine_words:main"
"""
# A repository that has something at a path of every tier, and lines of every ending.
LIVED_IN: dict[str, Content] = {
    "pyproject.toml": PYPROJECT,
    "src/fine_words/__init__.py": "def main() -> None: ...\n",
    "src/fine_words/slug.py": "mine = True\n",
    "tests/test_words.py": "def test_words() -> None: ...\n",
    "README.rst": "Fine words\n",
    "LICENSE.txt": "Apache License\n",
    "Taskfile.yml": "version: '3'\ntasks: {mine: echo mine}\n",
    ".github/workflows/ci.yml": "on: push\njobs: {}\n",
    "uv.lock": "version = 1\n",
    "CHANGELOG.md": "# Mine\r\n\r\nIt has CRLF.\r\n",
    "dos.bat": "echo hello\r\n",
    ".gitignore": "/.vscode/\n/build/\n",
    ".devcontainer.json": "{}\n",
}


@pytest.fixture
def adopt(capfd: pytest.CaptureFixture[str]) -> Adopt:
    """`atomci adopt --json ...` in a repository."""

    def run(repository: Folder, template: Folder | Path, *words: str, as_json: bool = True) -> Outcome:
        capfd.readouterr()
        root = template.root if isinstance(template, Folder) else template
        every = ["--project", str(repository.root), "--template", str(root), *(["--json"] if as_json else [])]
        code = main(["adopt", *every, *words])
        caught = capfd.readouterr()
        return Outcome(code, caught.out, caught.err)

    return run


@pytest.fixture
def lived_in(tmp_path: Path) -> Folder:
    """A repository of our template's kind, with uncommitted work of every sort."""
    folder = new_repository(tmp_path / "home" / "words")
    folder.commit(LIVED_IN)
    folder.git("remote", "add", "origin", "git@github.com:acme/fine-words.git")
    folder.write(
        {"README.rst": "Fine words, edited\n", "dos.bat": "echo staged\r\n", "new.txt": "untracked\n"}
    )
    folder.git("add", "dos.bat")
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[dict[str, Content]], Folder]:
    """A repository of these files."""

    def make(files: dict[str, Content]) -> Folder:
        folder = new_repository(tmp_path / "home" / "demo")
        folder.commit(files)
        return folder

    return make


def answers_of(outcome: Outcome) -> dict[str, Any]:
    """The answers alone."""
    return {row["name"]: row["value"] for row in outcome.json["answers"]}


def sources_of(outcome: Outcome) -> dict[str, str]:
    """Where each came from."""
    return {row["name"]: row["source"] for row in outcome.json["answers"]}


def row_of(outcome: Outcome, path: str) -> dict[str, Any]:
    """What is said of a file."""
    return next(row for row in outcome.json["files"] if row["path"] == path)


def refs_aside(folder: Folder) -> tuple[object, ...]:
    """All that there is but the branches."""
    contents, index, head, _, under_way = folder.whole
    return contents, index, head, under_way, folder.status, folder.git("symbolic-ref", "HEAD")


def test_only_a_branch_is_made_and_every_file_stays_byte_for_byte(
    lived_in, template_repo, adopt, render, tmp_path
) -> None:
    before, head = refs_aside(lived_in), lived_in.git("ls-tree", "-r", "HEAD").splitlines()
    done = adopt(lived_in, template_repo)
    assert (done.code, done.json["state"]) == (0, "adopted")
    assert refs_aside(lived_in) == before
    assert lived_in.git("rev-parse", "atomci/adopt^") == lived_in.git("rev-parse", "HEAD")
    assert lived_in.git("rev-parse", "atomci/adopt") == done.json["commit"]
    after = lived_in.git("ls-tree", "-r", "atomci/adopt").splitlines()
    assert set(head) <= set(after)

    # What is new is what plain copier renders for the answers that are recorded.
    recorded = yaml.safe_load(lived_in.git("show", "atomci/adopt:.copier-answers.yml"))
    data = {name: value for name, value in recorded.items() if not name.startswith("_")}
    wanted = Folder(render(tmp_path / "copier" / "words", data, source=template_repo)).contents
    added = [path for path, change in done.files.items() if change == "added"]
    assert len(added) > 15
    for path in added:
        content, executable = wanted[path]
        assert lived_in.git("show", f"atomci/adopt:{path}") == content.decode().rstrip("\n"), path
        mode = lived_in.git("ls-tree", "atomci/adopt", path).split()[0]
        assert (mode == "100755") == bool(executable), path
    new = {line.split("\t")[1] for line in set(after) - set(head)}
    assert new == {*added, ".copier-answers.yml", ".atomci/lock.json"}


def test_status_works_on_the_branch_and_git_finds_nothing_changed(
    lived_in, template_repo, adopt, capfd
) -> None:
    done = adopt(lived_in, template_repo)
    lived_in.git("stash", "--quiet")
    lived_in.git("switch", "--quiet", "atomci/adopt")
    lived_in.git("update-index", "--refresh")
    assert lived_in.status == ["?? new.txt"]
    assert row_of(done, ".gitattributes")["change"] == "blocked"
    assert "dos.bat" in row_of(done, ".gitattributes")["detail"]
    assert lived_in.contents["CHANGELOG.md"][0] == b"# Mine\r\n\r\nIt has CRLF.\r\n"
    capfd.readouterr()
    assert main(["status", "--project", str(lived_in.root), "--offline", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["lock"], found["version"]) == ("current", "v1.2.0")
    # ci.yml was never rendered, and so it is no drift.
    assert [row["path"] for row in found["drift"] if row["tier"] == "managed"] == []


def test_the_answers_are_found_and_say_where(lived_in, template_repo, adopt) -> None:
    done = adopt(lived_in, template_repo, "--plan")
    assert answers_of(done) == {
        "project_name": "Fine-Words",
        "package_name": "fine_words",
        "kind": "cli",
        "profile": "standard",
        "wrapper_scripts": False,
        "systems": [],
        "checks": ["bandit", "audit"],
        "cooldown": False,
        "description": "Words, and how fine they are.",
        "licence": "Apache-2.0",
        "author_name": "Ann Onym",
        "author_email": "nobody@example.com",
        "python_min": "3.12",
        "dependency_manager": "uv",
        "strict_hooks": False,
        "integrations": ["devcontainer"],
        "runtime_source": "template",
        "repository_owner": "acme",
        "reviewers": "",
        "sample": True,
        "default_branch": "main",
    }
    sources = sources_of(done)
    assert sources["project_name"] == "pyproject.toml: project.name"
    assert sources["package_name"] == "src/fine_words"
    assert sources["repository_owner"] == "the remote origin"
    assert sources["dependency_manager"] == "uv.lock"
    assert sources["strict_hooks"] == "the template's default"


def test_each_file_is_told_with_what_the_template_would_add(lived_in, template_repo, adopt) -> None:
    done = adopt(lived_in, template_repo, "--plan")
    assert (row_of(done, "pyproject.toml")["change"], row_of(done, "pyproject.toml")["tier"]) == (
        "kept",
        "merged",
    )
    assert "[tool.ruff]" in row_of(done, "pyproject.toml")["lines"]
    assert "[project]" not in row_of(done, "pyproject.toml")["lines"]
    assert "it stays yours" in row_of(done, ".github/workflows/ci.yml")["detail"]
    assert row_of(done, "README.md")["detail"] == "yours is README.rst"
    assert row_of(done, "LICENSE")["detail"] == "yours is LICENSE.txt"
    assert row_of(done, "src/fine_words/slug.py")["change"] == "kept"
    assert "lines" not in row_of(done, "src/fine_words/slug.py")
    assert row_of(done, "tests/unit/test_slug.py")["change"] == "left-out"
    assert done.files[".gitignore"] == "kept"
    assert "the branch starts at HEAD" in done.json["notes"][0]


def test_files_with_crlf_stay_clean_under_the_templates_attributes(repository, template_repo, adopt) -> None:
    folder = repository({"a.txt": "one\r\ntwo\r\n", "b.md": "mixed\r\n\n", "src/x/__init__.py": "x = 1\r\n"})
    assert row_of(adopt(folder, template_repo), ".gitattributes")["change"] == "added"
    folder.git("switch", "--quiet", "atomci/adopt")
    for path in ("a.txt", "b.md", "src/x/__init__.py"):
        (folder.root / path).touch()
    folder.git("update-index", "--refresh")
    assert folder.status == []
    assert folder.read("a.txt") == "one\r\ntwo\r\n"


def test_a_plan_touches_nothing_and_says_what_is_done_then(lived_in, template_repo, adopt) -> None:
    before = lived_in.whole
    planned = adopt(lived_in, template_repo, "--plan")
    assert lived_in.whole == before
    done = adopt(lived_in, template_repo)
    assert planned.json["state"] == "planned"
    assert {**done.json, "state": "planned", "commit": ""} == planned.json


def test_a_repository_without_code_gets_the_examples_too(repository, template_repo, adopt) -> None:
    done = adopt(repository({"notes.txt": "first thoughts\n"}), template_repo)
    assert set(done.files.values()) == {"added"}
    assert "src/demo/slug.py" in done.files
    assert "LICENSE is new and says MIT" in done.json["notes"][0]


@pytest.mark.parametrize(
    ("files", "answer", "value", "source"),
    [
        ({"pyproject.toml": "[broken\n"}, "project_name", "demo", "the template's default"),
        (
            {"pyproject.toml": "[tool.poetry.dependencies]\npython = '^3.13'\n"},
            "python_min", "3.13", "pyproject.toml: tool.poetry.dependencies.python",
        ),
        ({"requirements.txt": "fastapi==1\n"}, "kind", "service", "fastapi in requirements.txt"),
        ({"docs/conf.py": "x = 1\n", "tests/auger/a/test_a.py": "x = 1\n", "conf.py": "x = 1\n"},
         "integrations", ["docs", "recording"], "docs/conf.py, tests/auger/a/test_a.py"),
        ({"src/aa/m.py": "", "src/bb/m.py": "", "src/bb/n.py": ""}, "package_name", "bb", "src/bb"),
    ],
)  # fmt: skip
def test_what_a_repository_says_of_itself(
    files, answer, value, source, repository, template_repo, adopt
) -> None:
    done = adopt(repository(files), template_repo, "--plan")
    assert (answers_of(done)[answer], sources_of(done)[answer]) == (value, source)


def test_the_owner_is_read_from_the_remote(repository, template_repo, adopt) -> None:
    folder = repository({"x.txt": "x\n"})
    folder.git("remote", "add", "origin", "ssh://git@github.com/acme/words")
    done = adopt(folder, template_repo, "--plan")
    assert answers_of(done)["repository_owner"] == "acme"
    assert answers_of(done)["project_name"] == "words"


def test_the_default_branch_is_what_the_remote_says(repository, template_repo, adopt) -> None:
    folder = repository({"x.txt": "x\n"})
    folder.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    folder.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert answers_of(adopt(folder, template_repo, "--plan"))["default_branch"] == "trunk"


def test_what_the_template_cannot_take_is_told_beside_its_default(repository, template_repo, adopt) -> None:
    old = "[project]\nname = 'a'\nrequires-python = '>=3.8'\nlicense = 'GPL-3.0-only'\n"
    done = adopt(repository({"pyproject.toml": old}), template_repo, "--plan")
    rows = {row["name"]: row for row in done.json["answers"]}
    assert (rows["python_min"]["value"], rows["python_min"]["instead_of"]) == ("3.11", "3.8")
    assert (rows["licence"]["value"], rows["licence"]["instead_of"]) == ("MIT", "GPL-3.0-only")
    assert "doesn't accept what is in pyproject.toml: project.license" in rows["licence"]["source"]


def test_given_answers_count_over_found_ones(lived_in, template_repo, adopt, tmp_path) -> None:
    (tmp_path / "answers.yml").write_text("licence: MIT\nintegrations: [docker]\nkind: service\n")
    words = ("--data-file", str(tmp_path / "answers.yml"), "-d", "kind=library")
    done = adopt(lived_in, template_repo, "--plan", *words)
    found = answers_of(done)
    assert (found["licence"], found["integrations"], found["kind"]) == ("MIT", ["docker"], "library")
    assert sources_of(done)["kind"] == "given"


def test_another_template_is_answered_by_the_names_of_its_questions(template, repository, adopt) -> None:
    config = CONFIG + "author: {type: str, default: x}\nkind: {type: str, default: y}\n"
    template.commit({"copier.yml": config}, "v1.1.0")
    done = adopt(repository({"pyproject.toml": PYPROJECT}), template, "--plan")
    assert answers_of(done) == {"name": "demo", "licence": "Apache-2.0", "author": "Ann Onym", "kind": "y"}


def test_a_later_update_merges_from_there(template, repository, adopt, atomci) -> None:
    mine = {
        "guide.txt": lines("guide", n5="mine"),
        "keep.txt": lines("keep"),
        "ci.yml": "mine\n",
        "src/own.py": "own = 1\n",
    }
    folder = repository(mine)
    done = adopt(folder, template)
    assert done.files == {
        "README.md": "added", "LICENSE": "left-out", "settings.toml": "added", "logo.png": "added",
        "guide.txt": "kept", "keep.txt": "identical", "ci.yml": "kept", "src/start.py": "left-out",
    }  # fmt: skip
    assert row_of(done, "guide.txt")["lines"] == ["guide line number 5"]
    folder.git("switch", "--quiet", "atomci/adopt")
    template.commit(
        {"template/guide.txt": lines("guide", n30="newer"), "template/more.txt": "more\n"}, "v1.1.0"
    )
    updated = atomci("update", "--commit", root=folder.root)
    assert updated.code == 0
    assert updated.files == {"guide.txt": "merged", "more.txt": "added"}
    assert folder.read("guide.txt") == lines("guide", n5="mine", n30="newer")
    assert not folder.has("src/start.py")
    assert atomci("status", root=folder.root).json["clean"] is True
    # What was there before the template is never replaced, however often that changes its own.
    for release in ("v1.2.0", "v1.3.0"):
        template.commit({"template/ci.yml": f"theirs at {release}\n"}, release)
        assert atomci("update", "--commit", root=folder.root).files == {"ci.yml": "corrected-upstream"}
        assert folder.read("ci.yml") == "mine\n"
    assert atomci("status", root=folder.root).json["clean"] is True


@pytest.mark.parametrize(
    ("files", "path", "change", "detail"),
    [
        ({"readme.MD": "x\n"}, "README.md", "kept", "yours is readme.MD"),
        ({"licence.txt": "x\n"}, "LICENSE", "kept", "yours is licence.txt"),
        ({"COPYING": "x\n"}, "LICENSE", "kept", "yours is COPYING"),
        ({"guide.md": "x\n"}, "guide.txt", "kept", "yours is guide.md"),
        ({"guide.py": "x\n"}, "guide.txt", "added", ""),
        ({".gitignore": "*.png\n"}, "logo.png", "ignored", "git ignores it here"),
        ({"logo.png/x": "x\n"}, "logo.png", "blocked", "the folder logo.png is in its place"),
        ({"src": "a file\n"}, "src/start.py", "blocked", "src is in its place"),
        ({"settings.toml": "[tool]\nwidth = 100\n"}, "settings.toml", "identical", ""),
    ],
)
def test_a_file_that_finds_its_place_taken(files, path, change, detail, template, repository, adopt) -> None:
    folder = repository(files)
    done = adopt(folder, template)
    row = row_of(done, path)
    assert (row["change"], row.get("detail", "")) == (change, detail)
    new = folder.git("diff", "--name-only", "HEAD", "atomci/adopt").splitlines()
    assert (path in new) == (change == "added")
    assert folder.git("diff", "--diff-filter=a", "--name-only", "HEAD", "atomci/adopt") == ""


def test_only_a_mode_may_differ(template, repository, adopt) -> None:
    folder = repository({"ci.yml": FIRST["template/ci.yml"]})
    folder.git("update-index", "--chmod=+x", "ci.yml")
    folder.git("commit", "--quiet", "--message=mode")
    done = adopt(folder, template)
    assert row_of(done, "ci.yml")["detail"].startswith("only the mode differs")
    assert folder.git("ls-tree", "atomci/adopt", "ci.yml").startswith("100755")


def test_uncommitted_files_in_the_way_are_named_and_stay(template, repository, adopt) -> None:
    folder = repository({"x.txt": "x\n"})
    folder.write({"guide.txt": "untracked\n", "LICENSE": "staged\n"})
    folder.git("add", "LICENSE")
    before = refs_aside(folder)
    done = adopt(folder, template)
    for path in ("guide.txt", "LICENSE"):
        assert row_of(done, path)["change"] == "added"
        assert f"{path} of yours isn't committed" in row_of(done, path)["detail"]
    assert refs_aside(folder) == before


SETUP = "from setuptools import setup\nsetup(name='words', version='3', packages=['words'])\n"


def test_setup_py_goes_on_to_describe_the_package(repository, template_repo, adopt) -> None:
    folder = repository({"setup.py": SETUP, "words/__init__.py": "", "tests/test_words.py": ""})
    done = adopt(folder, template_repo)
    assert "which stays in setup.py" in row_of(done, "pyproject.toml")["detail"]
    table = tomllib.loads(folder.git("show", "atomci/adopt:pyproject.toml"))
    assert table == {"tool": {"atomci": {}}}
    assert done.files["LICENSE"] == "left-out"
    assert "pyproject.toml" not in done.json["notes"][0]  # it names no src/words
    assert done.json["next"][1:] == ["uv pip install --editable .", "uv run atomci run local_ci -k"]


FLAT: tuple[dict[str, Content], ...] = (
    {"words/__init__.py": "", "tests/__init__.py": "", "pyproject.toml": "[project]\nname = 'words'\n"},
    {"words.py": "", "pyproject.toml": "[project]\nname = 'words'\n"},
    {"words/__init__.py": "", "setup.cfg": "[metadata]\nname = words\n"},
)


@pytest.mark.parametrize("files", FLAT)
def test_a_flat_layout_stays_as_it_is(files, repository, template_repo, adopt) -> None:
    folder = repository(files)
    before = folder.git("ls-tree", "-r", "HEAD").splitlines()
    done = adopt(folder, template_repo)
    assert done.code == 0
    assert answers_of(done)["package_name"] == "words"
    assert set(before) <= set(folder.git("ls-tree", "-r", "atomci/adopt").splitlines())
    assert "src" not in folder.git("ls-tree", "--name-only", "atomci/adopt").split()


@pytest.mark.parametrize("ways", ["git mv words src/words", "uv init --bare"])
def test_a_package_that_nothing_describes_is_told_what_has_to_move(
    ways, repository, template_repo, adopt
) -> None:
    folder = repository({"words/__init__.py": "", "tests/__init__.py": ""})
    before = folder.whole
    done = adopt(folder, template_repo)
    assert done.code == 4
    assert ways in done.err
    assert folder.whole == before
    # Having done so, it joins.
    for command in ("mkdir -p src", ways) if ways.startswith("git") else (ways,):
        subprocess.run(command.split(), cwd=folder.root, check=True)
    folder.commit()
    assert answers_of(adopt(folder, template_repo))["package_name"] == "words"


def test_a_name_that_the_template_refuses_is_never_replaced_by_another(
    repository, template_repo, adopt
) -> None:
    folder = repository({"src/PIL/__init__.py": "", "pyproject.toml": "[project]\nname = 'pillow'\n"})
    before = folder.whole
    done = adopt(folder, template_repo)
    assert (done.code, "doesn't accept 'PIL' for package_name, which src/PIL has" in done.err) == (4, True)
    assert folder.whole == before
    typed = done.err.rpartition("atomci adopt ")[2].split()
    assert typed == ["-d", "package_name=pillow"]
    done = adopt(folder, template_repo, *typed)
    assert (done.code, answers_of(done)["package_name"]) == (0, "pillow")


# What a maintainer would turn down: each is there already, or does the same.
WELL_KEPT: dict[str, Content] = {
    "pyproject.toml": "[project]\nname = 'words'\n[tool.ruff]\nline-length = 88\n",
    "words/__init__.py": "",
    "test/test_words.py": "",
    "CHANGES.rst": "",
    "LICENSE.txt": "",
    ".github/CONTRIBUTING.md": "",
    "docs/SECURITY.rst": "",
    "docs/conf.py": "",
    ".github/ISSUE_TEMPLATE/bug-report.md": "",
    ".github/workflows/deploy.yml": "uses: pypa/gh-action-pypi-publish@v1\n",
    ".github/renovate.json": "{}",
    ".pre-commit-config.yaml": "repos: []\n",
    "Makefile": "test:\n\tpytest\n",
    "CLAUDE.md": "",
    "scripts/test.sh": "exec pytest\n",
}


def test_nothing_comes_that_is_there_under_another_name_or_place(repository, template_repo, adopt) -> None:
    folder = repository(WELL_KEPT)
    folder.git("remote", "add", "origin", "git@github.com:an-organisation/words.git")
    done = adopt(folder, template_repo, "-d", "wrapper_scripts=true")
    added = {row["path"] for row in done.json["files"] if row["change"] == "added"}
    unwanted = {
        "CHANGELOG.md", "LICENSE", "CONTRIBUTING.md", "SECURITY.md", "Taskfile.yml", "AGENTS.md", ".editorconfig",
        "tests/conftest.py", ".github/CODEOWNERS", ".github/dependabot.yml",
        ".github/ISSUE_TEMPLATE/bug.yml", ".github/workflows/release.yml", "docs/playbooks/unit.md",
        ".pre-commit-config.yaml", "scripts/test.sh",
    }  # fmt: skip
    assert unwanted <= done.files.keys()
    assert not unwanted & added
    assert {".github/workflows/ci.yml", "scripts/local_ci.sh"} <= added
    # All that appears is told, with why; so is all that doesn't.
    new = folder.git("diff", "--name-only", "HEAD", "atomci/adopt").splitlines()
    assert set(new) == added
    silent = [row["path"] for row in done.json["files"] if not row.get("detail") and row["change"] != "kept"]
    assert silent == []


def test_a_flat_layout_is_fine_where_the_template_has_no_src(template, repository, adopt) -> None:
    template.commit({"template/src/start.py": None}, "v1.1.0")
    assert adopt(repository({"words/__init__.py": ""}), template).code == 0


@pytest.mark.parametrize(
    ("prepare", "words", "code", "said"),
    [
        ("git branch atomci/adopt", (), 4, "git branch -D atomci/adopt, or another: --branch NAME"),
        ("git switch -q -c atomci/adopt", (), 4, "take another name: --branch NAME"),
        ("", ("--branch", "main"), 4, "take another name: --branch NAME"),
        ("git config core.bare true", (), 2, "git clone"),
        ("git branch atomci", (), 4, "can't be made"),
        ("git branch atomci", ("--branch", "join"), 0, ""),
        ("", ("--branch", "a..b"), 2, "not a branch name"),
        ("", ("--branch", "-x"), 2, "not a branch name"),
        ("", ("--branch", "HEAD"), 2, "not a branch name"),
        ("", ("--branch", "@{-1}"), 2, "not a branch name"),
        ("touch .copier-answers.yml", (), 4, "rendered from a template already"),
        ("", ("-d", "teapot=1"), 2, "has no question called teapot"),
        ("", ("-d", "licence=GPL"), 2, "licence"),
        ("", ("-d", "licence"), 2, "not KEY=VALUE"),
        ("", ("--ref", "v9"), 2, "has no version 'v9'"),
        ("", ("--template", "/nowhere"), 2, "there is no folder /nowhere"),
    ],
)
def test_a_refusal_changes_nothing_and_says_what_to_do(
    prepare, words, code, said, template, repository, adopt
) -> None:
    folder = repository({"x.txt": "x\n"})
    if prepare:
        subprocess.run(prepare.split(), cwd=folder.root, check=True)
    before = folder.whole
    done = adopt(folder, template, *words)
    assert (done.code, said in done.err) == (code, True)
    assert (folder.whole == before) == (code != 0)


def test_an_answers_file_of_a_commit_counts_too(template, repository, adopt) -> None:
    folder = repository({".copier-answers.yml": "_commit: v1\n"})
    (folder.root / ".copier-answers.yml").unlink()
    assert adopt(folder, template).code == 4


def test_a_folder_without_git_or_a_commit_is_refused(template, tmp_path, adopt) -> None:
    (tmp_path / "plain").mkdir()
    done = adopt(Folder(tmp_path / "plain"), template)
    assert (done.code, "git init" in done.err) == (2, True)
    assert list((tmp_path / "plain").iterdir()) == []
    done = adopt(new_repository(tmp_path / "unborn"), template)
    assert (done.code, "no commit yet" in done.err) == (2, True)


def test_a_folder_of_a_repository_is_refused(template, repository, adopt) -> None:
    folder = repository({"sub/x.txt": "x\n"})
    before = folder.whole
    done = adopt(Folder(folder.root / "sub"), template)
    assert (done.code, f"cd {folder.root}" in done.err) == (4, True)
    assert "git subtree split --prefix=sub" in done.err
    assert folder.whole == before


def test_a_template_that_needs_trust_is_refused(template, repository, adopt) -> None:
    template.commit({"copier.yml": CONFIG + "_tasks: [touch x]\n"}, "v1.1.0")
    folder = repository({"x.txt": "x\n"})
    before = folder.whole
    assert adopt(folder, template).code == 4
    assert folder.whole == before


def test_people_read_answers_files_and_what_comes_next(template, repository, adopt) -> None:
    folder = repository({"pyproject.toml": PYPROJECT, "guide.txt": "mine\n"})
    done = adopt(folder, template, as_json=False)
    assert "licence  'Apache-2.0'  from pyproject.toml: project.license" in done.out
    assert "kept       guide.txt  lacks 40 lines of the template's" in done.out
    assert "git switch atomci/adopt" in done.out


def test_a_terminal_is_asked_for_what_is_not_found(template, repository) -> None:
    folder = repository({"pyproject.toml": PYPROJECT})
    command = [sys.executable, "-m", "atomci", "adopt", "--template", str(template.root)]
    screen = typed_into_a_terminal(command, folder.root, "typed\r")
    recorded = yaml.safe_load(folder.git("show", "atomci/adopt:.copier-answers.yml"))
    assert (recorded["name"], recorded["licence"]) == ("typed", "Apache-2.0"), screen
    assert "'typed'  from asked" in screen


def typed_into_a_terminal(command: list[str], folder: Path, keys: str) -> str:
    """Runs a program on a terminal, types once it waits, and returns what it showed."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    )
    os.close(theirs)
    screen, typed, deadline = b"", False, time.monotonic() + 60
    while time.monotonic() < deadline:
        if not typed and b"name" in screen:
            os.write(ours, keys.encode())
            typed = True
        if select.select([ours], [], [], 0.2)[0]:
            try:
                screen += os.read(ours, 65536)
            except OSError:
                break
        elif process.poll() is not None:
            break
    assert process.wait(timeout=30) == 0, screen.decode()
    os.close(ours)
    return screen.decode()


@pytest.mark.parametrize("words", [("--object-format=sha256",), ()])
def test_other_hashes_and_linked_worktrees_join_too(words, template, tmp_path, adopt, capfd) -> None:
    folder = Folder(tmp_path / "home")
    folder.root.mkdir()
    folder.git("init", "--quiet", "--initial-branch=main", *words)
    folder.commit({"guide.txt": "mine\n"})
    if not words:
        folder.git("worktree", "add", "--quiet", str(tmp_path / "beside"), "-b", "beside")
        folder = Folder(tmp_path / "beside")
    assert adopt(folder, template).code == 0
    folder.git("switch", "--quiet", "atomci/adopt")
    assert folder.read("guide.txt") == "mine\n"
    assert folder.has("ci.yml")
    assert main(["status", "--project", str(folder.root), "--offline"]) == 0
