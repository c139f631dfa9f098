"""Phase 1 and the parity of atom 047: each holds on a good repository and on no broken one."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from atomci.artifacts.handed.schemas import Evidence
from atomci.artifacts.store import read
from atomci.atoms.loading.builtin import catalog_of
from atomci.atoms.loading.load import Loader
from atomci.bootstrap.layout import make_folders, missing_folders
from atomci.catalog import ATOMS
from atomci.engine.config import Config
from atomci.engine.context import Context, Outcome, Verdict, Workspace
from atomci.engine.inputs.files import Inputs
from atomci.errors import InfrastructureError
from atomci.project import Project

FIXTURES = Path(__file__).parents[1] / "fixtures" / "configuration"
GOOD: dict[str, str] = tomllib.loads((FIXTURES / "good.toml").read_text(encoding="utf-8"))
BROKEN = tomllib.loads((FIXTURES / "broken.toml").read_text(encoding="utf-8"))
BREAKS = [(int(number), *row) for number, rows in BROKEN.items() for row in rows]
NUMBERS = (*range(13, 22), 47)
PYPROJECT, CONFTEST = "pyproject.toml", "tests/conftest.py"


@pytest.fixture(autouse=True)
def own_pre_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The developer's pre-commit isn't touched."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """The good repository, under git, with its hooks installed."""
    root = tmp_path / "repo"
    for path, text in GOOD.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    return root


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)


def context(root: Path, number: int) -> Context:
    return Context(Workspace(Project(root), catalog_of({}), Config()), ATOMS[number])


def check(root: Path, number: int) -> Verdict:
    ctx = context(root, number)
    return Loader(ctx.project).check(ctx.atom)(ctx)


def run(root: Path, number: int) -> Outcome:
    ctx = context(root, number)
    return Loader(ctx.project).implementation(ctx.atom).run(ctx)


def contents(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield path.relative_to(root).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("number", NUMBERS)
def test_it_holds_on_a_good_repository_and_the_check_changes_nothing(repo: Path, number: int) -> None:
    if number == 19:
        assert run(repo, number).status == "pass"
    before = dict(contents(repo))

    verdict = check(repo, number)

    assert verdict.holds, verdict.evidence
    assert verdict.evidence
    assert dict(contents(repo)) == before


def edited(repo: Path, path: str, old: str, new: str) -> str:
    text = (repo / path).read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new, 1)
    (repo / path).write_text(text, encoding="utf-8", newline="\n")
    return text


@pytest.mark.parametrize("broken", BREAKS, ids=lambda row: f"{row[0]:03d} {row[1]} {row[-1][:30]}")
def test_it_fails_on_a_repository_broken_in_one_way(repo: Path, broken: tuple[Any, ...]) -> None:
    number, path, *edit = broken
    place = ""
    if number == 19:
        assert run(repo, 19).status == "pass"
    if len(edit) == 1:
        (says,) = edit
        (repo / path).unlink()
        if not any((repo / path).parent.iterdir()):
            (repo / path).parent.rmdir()
    else:
        old, new, says, *at = edit
        text = edited(repo, path, old, new)
        if at:
            place = f"{path}:{text.count(chr(10), 0, text.index(at[0])) + 1}: "

    verdict = check(repo, number)

    assert verdict.holds is False
    assert [line for line in verdict.evidence if line.startswith(place) and says in line], (
        place,
        says,
        verdict.evidence,
    )


def test_every_atom_is_broken_in_several_ways() -> None:
    ways = Counter(number for number, *_ in BREAKS)

    assert set(ways) == set(NUMBERS)
    assert min(ways.values()) >= 6


UP = "atomci update -d profile=standard"


@pytest.mark.parametrize(
    ("answers", "without"),
    [
        ("defaults", {}),
        ("strict", {}),
        (
            "pip-tools",
            {
                18: (f"the profile minimal leaves out the fixtures that layers share: {UP}",),
                20: ("the answers leave VS Code out",),
            },
        ),
    ],
)
def test_all_hold_on_what_the_template_renders(
    rendered: Callable[[str], Path], tmp_path: Path, answers: str, without: dict[int, tuple[str, ...]]
) -> None:
    project = tmp_path / "rendered"
    shutil.copytree(rendered(answers), project)
    make_folders(project, [path for path in missing_folders(project) if path.startswith("tests/")])  # 006
    git(project, "init", "--quiet", "--initial-branch=main")
    assert run(project, 19).status == "pass"

    verdicts = {number: check(project, number) for number in NUMBERS}

    assert {n: v.evidence for n, v in verdicts.items() if not v.holds} == without
    assert not any(v.holds is False for v in verdicts.values())


@pytest.mark.parametrize("number", [13, 14, 15, 16, 17, 18, 20, 21])
def test_a_run_leaves_its_evidence(repo: Path, number: int) -> None:
    outcome = run(repo, number)

    assert (outcome.status, outcome.reason) == ("pass", "")
    evidence = read(repo / ATOMS[number].writes[0], Evidence)
    assert evidence.holds
    assert evidence.atom == ATOMS[number].name
    assert len(evidence.evidence) == outcome.examined > 0


@pytest.mark.parametrize("number", [13, 14, 15, 16, 17, 18, 20, 21])
def test_an_atom_runs_alone_on_what_it_declares_to_read(repo: Path, tmp_path: Path, number: int) -> None:
    alone = tmp_path / "alone"
    for path in Inputs(repo).matching(ATOMS[number].reads):
        (alone / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(repo / path, alone / path)

    outcome = run(alone, number)

    assert outcome.status == "pass", outcome.reason


def test_a_run_ends_in_fail_with_findings_at_the_line(repo: Path) -> None:
    text = GOOD[PYPROJECT].replace("fail_under = 90", "fail_under = 0")
    (repo / PYPROJECT).write_text(text, encoding="utf-8")

    outcome = run(repo, 15)

    line = text.splitlines().index("fail_under = 0") + 1
    assert outcome.status == "fail"
    (finding,) = outcome.findings
    assert str(finding).startswith(f"{PYPROJECT}:{line}:1: error: there is no budget")
    assert outcome.reason == f"{PYPROJECT}:{line}: {finding.message}"
    assert not read(repo / "artifacts/configuration/coverage.json", Evidence).holds


@pytest.mark.parametrize(
    ("number", "path", "reader"),
    [
        (14, "pytest.ini", "pytest"),
        (14, ".pytest.ini", "pytest"),
        (15, ".coveragerc", "coverage"),
        (16, "ruff.toml", "ruff"),
        (16, ".mypy.ini", "mypy"),
    ],
)
def test_a_file_that_the_tool_reads_instead_is_a_problem(
    repo: Path, number: int, path: str, reader: str
) -> None:
    (repo / path).write_text("", encoding="utf-8")

    verdict = check(repo, number)

    assert verdict.evidence == (f"{path}: {reader} reads this file and not pyproject.toml",)


QUICKLY = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")


def pytest_in(repo: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pytest", "-q", *QUICKLY, "tests/unit"]
    return subprocess.run(words, cwd=repo, capture_output=True, text=True, check=False)


def test_an_unregistered_marker_fails_the_suite_and_only_strictness_does_that(repo: Path) -> None:
    test = repo / "tests/unit/test_one.py"
    test.write_text("import pytest\n\n\n@pytest.mark.uint\ndef test_unit():\n    pass\n", encoding="utf-8")

    strict = pytest_in(repo)
    assert strict.returncode != 0
    assert "'uint' not found in `markers`" in strict.stdout

    test.write_text(test.read_text(encoding="utf-8").replace("uint", "unit"), encoding="utf-8")
    assert pytest_in(repo).returncode == 0


def test_a_setuptools_build_leaves_nothing_in_the_tree(repo: Path) -> None:
    text = GOOD[PYPROJECT].replace('"hatchling>=1.27"', '"setuptools>=77"')
    text = text.replace("hatchling.build", "setuptools.build_meta")
    (repo / PYPROJECT).write_text(text, encoding="utf-8")
    before = dict(contents(repo))

    verdict = check(repo, 13)

    assert verdict.holds, verdict.evidence
    assert dict(contents(repo)) == before


def test_an_index_out_of_reach_is_broken_surroundings_and_not_a_bad_project(
    repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("UV_OFFLINE", "1")

    with pytest.raises(InfrastructureError, match="can't be fetched"):
        check(repo, 13)


@pytest.fixture
def no_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without uv: not in UV, not on PATH, not beside the interpreter, not as a package."""
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("executable", "_base_executable"):
        monkeypatch.setattr(sys, name, str(tmp_path / "python"))


def test_without_uv_the_project_s_own_build_makes_both(repo: Path, request: pytest.FixtureRequest) -> None:
    venv.create(repo / ".venv", with_pip=False)
    uv = shutil.which("uv") or shutil.which("uv", path=Path(sys.executable).parent)
    words = ["pip", "install", "--quiet", "--python", Project(repo).python, "build", "pip"]
    subprocess.run([str(uv), *words], check=True, capture_output=True)
    request.getfixturevalue("no_uv")

    verdict = check(repo, 13)

    assert verdict.holds, verdict.evidence
    assert any("builds the wheel" in line for line in verdict.evidence)
    assert any("builds the sdist" in line for line in verdict.evidence)


def test_without_uv_and_build_the_surroundings_are_broken(repo: Path, request: pytest.FixtureRequest) -> None:
    venv.create(repo / ".venv", with_pip=False)
    request.getfixturevalue("no_uv")

    with pytest.raises(InfrastructureError, match="neither uv nor build"):
        check(repo, 13)


def test_a_project_that_needs_fastapi_shares_a_client(repo: Path) -> None:
    text = GOOD[PYPROJECT].replace("dependencies = []", 'dependencies = ["fastapi"]')
    (repo / PYPROJECT).write_text(text, encoding="utf-8")
    with (repo / CONFTEST).open("a", encoding="utf-8") as conftest:
        conftest.write("\n\n@pytest.fixture\ndef client():\n    return None\n")
    with (repo / "tests/unit/test_one.py").open("a", encoding="utf-8") as test:
        test.write("\n\ndef test_client(client):\n    pass\n")

    assert check(repo, 18).holds


def test_shared_fixtures_wait_for_the_first_test_beyond_the_unit_tests(repo: Path) -> None:
    for layer in ("integration", "e2e", "contracts"):
        shutil.rmtree(repo / "tests" / layer)
    assert check(repo, 18).holds is None

    test = repo / "tests/contracts/test_format.py"
    test.parent.mkdir()
    test.write_text("def test_format():\n    pass\n", encoding="utf-8")
    assert "no test uses git_repo" in str(check(repo, 18).evidence)


def test_workflows_below_the_top_of_a_repository_prove_nothing(repo: Path, tmp_path: Path) -> None:
    shutil.rmtree(repo / ".git")
    git(tmp_path, "init", "--quiet")
    verdict = check(repo, 21)
    assert verdict.holds is None
    assert "GitHub reads workflows only at the top" in str(verdict.evidence)
    assert "let a job there run (cd repo && " in str(verdict.evidence)

    (repo / ".github/workflows/ci.yml").write_text("on: push\njobs: {}\n", encoding="utf-8")
    assert check(repo, 21).holds is False


def test_hooks_are_installed_by_the_run_and_run_by_git(repo: Path) -> None:
    assert check(repo, 19).holds is False

    outcome = run(repo, 19)

    assert outcome.status == "pass", outcome.reason
    ctx = context(repo, 19)
    commands = Loader(ctx.project).implementation(ctx.atom).commands(ctx)
    assert [command.argv[1:] for command in commands] == [("install",)]
    for stage in ("pre-commit", "pre-push"):
        assert f"--hook-type={stage}" in (repo / ".git/hooks" / stage).read_text(encoding="utf-8")


def test_hooks_of_a_worktree_are_found_where_git_keeps_them(repo: Path, tmp_path: Path) -> None:
    assert run(repo, 19).status == "pass"
    git(repo, "add", "--all")
    git(repo, "-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "-qn", "-m", "first")
    git(repo, "worktree", "add", "-q", str(tmp_path / "tree"))

    assert check(tmp_path / "tree", 19).holds


def test_without_a_repository_hooks_cannot_be_installed(repo: Path) -> None:
    shutil.rmtree(repo / ".git")

    assert any("no git repository" in line for line in check(repo, 19).evidence)
    assert run(repo, 19).status == "fail"


def test_a_linter_that_is_not_there_is_said_not_to_have_run(
    repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (repo / ".venv").mkdir()
    (repo / ".venv/pyvenv.cfg").touch()
    monkeypatch.setenv("PATH", str(tmp_path))

    verdict = check(repo, 21)

    assert verdict.holds
    assert "actionlint: not installed, so it was not run" in verdict.evidence
    assert "zizmor: not installed, so it was not run" in verdict.evidence


@pytest.mark.parametrize("name", ["release.yml", "release.yaml"])
def test_a_release_and_an_image_of_what_is_not_pinned_are_red(repo: Path, name: str) -> None:
    (repo / "Dockerfile").write_text("FROM python:3.13-slim\n", encoding="utf-8")
    (repo / ".github/workflows" / name).write_text(
        "on: {push: {tags: ['v*']}}\npermissions: {}\njobs:\n  build:\n    timeout-minutes: 5\n"
        "    steps: [{run: pip install build}, {run: python -m build}, {run: twine upload dist/*}]\n",
        encoding="utf-8",
    )

    verdict = check(repo, 21)

    assert verdict.holds is False
    said = "\n".join(verdict.evidence)
    assert "Dockerfile:1: python:3.13-slim isn't pinned by digest" in said
    assert f"{name}:4: build builds, and attests or publishes" in said


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
def test_a_check_runs_what_a_clone_brought_in_its_environment(repo: Path, tmp_path: Path) -> None:
    """As SECURITY.md warns."""
    bin_folder = repo / ".venv/bin"
    bin_folder.mkdir(parents=True)
    (repo / ".venv/pyvenv.cfg").touch()
    (bin_folder / "zizmor").write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\necho '[]'\n", encoding="utf-8")
    (bin_folder / "zizmor").chmod(0o755)
    git(repo, "add", "--force", ".venv")

    check(repo, 21)

    assert (tmp_path / "ran").exists()


def test_where_a_setting_names_the_folder_of_hooks_it_is_left_alone_and_said(sample, tmp_path: Path) -> None:
    """pre-commit refuses then; git wouldn't look into .git/hooks either."""
    mine = tmp_path / "my hooks"
    mine.mkdir()
    subprocess.run(["git", "config", "core.hooksPath", str(mine)], cwd=sample.root, check=True)

    done = sample.atomci("run", "create_precommit_config", "--json")

    status, reason = done["create_precommit_config"]
    assert (done.code, status) == (0, "skipped"), reason
    assert f"core.hooksPath says that git's hooks are in {mine}" in reason
    assert reason.endswith("let its pre-push hook run atomci run local_ci")
    assert not any(mine.iterdir())
    (row,) = json.loads(sample.atomci("check", "create_precommit_config", "--json").out)["atoms"]
    assert row["status"] in ("not applicable", "broken"), row


def test_hooks_of_a_larger_repository_are_left_alone(sample, tmp_path: Path) -> None:
    """pre-commit would take its configuration from the top, and block every commit there."""
    larger = tmp_path / "larger"
    project = sample.copy(larger / "packages/one")
    shutil.rmtree(project.root / ".git", ignore_errors=True)
    subprocess.run(["git", "init", "--quiet", str(larger)], check=True)
    before = sorted((larger / ".git/hooks").iterdir())

    done = project.atomci("run", "create_precommit_config", "--json")

    status, reason = done["create_precommit_config"]
    assert (done.code, status) == (0, "skipped"), reason
    assert "(cd packages/one && " in reason
    assert sorted((larger / ".git/hooks").iterdir()) == before
    (row,) = json.loads(project.atomci("check", "create_precommit_config", "--json").out)["atoms"]
    assert row["status"] in ("not applicable", "broken"), row
    assert not any(str(larger / ".git/hooks") in line for line in row["evidence"])


def test_a_layer_that_a_commit_took_away_is_not_missed(repo: Path) -> None:
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--no-verify", "-m", "all")
    shutil.rmtree(repo / "tests/e2e")
    assert "tests/e2e/: missing" in str(check(repo, 17).evidence)

    git(repo, "commit", "--quiet", "--no-verify", "-am", "no end-to-end tests")
    verdict = check(repo, 17)
    assert verdict.holds
    assert re.search(r"tests/e2e/: not there, since [0-9a-f]{7,} took it away", str(verdict.evidence))
