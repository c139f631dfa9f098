"""A repository that has never heard of atomci: it is judged by what it has, and what is left out is said."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from command_line import Done

from atomci.engine.guest import make_room
from atomci.errors import UsageError
from atomci.project import Project
from atomci.tools.git.client import Git

ADD = '"""Adds."""\n\n\ndef add(a: int, b: int) -> int:\n    """The sum."""\n    return a + b\n'
TEST = "from demo import add\n\n\ndef test_add() -> None:\n    assert add(1, 2) == 3\n"
OURS = ("atomci", "_atomci")
STATIC = ("ruff", "black", "mypy")
LAYOUTS: dict[str, dict[str, str]] = {
    "flat": {"demo/__init__.py": ADD, "test/test_demo.py": TEST, "setup.py": ""},
    "src": {
        "src/demo/__init__.py": ADD,
        "tests/test_demo.py": TEST,
        "setup.cfg": "[tool:pytest]\npythonpath = src\n",
    },
    "namespace": {
        "src/space/demo/__init__.py": ADD,
        "tests/deep/test_demo.py": TEST.replace("demo", "space.demo", 1),
        "pyproject.toml": '[project]\nname = "x"\nversion = "1"\n[tool.pytest.ini_options]\npythonpath = ["src"]\n',
    },
    "several packages, tests inside": {
        "demo/__init__.py": ADD,
        "other/__init__.py": "",
        "demo/tests/__init__.py": "",
        "demo/tests/test_demo.py": TEST,
        "tox.ini": "[tox]\nenvlist = py311\n[pytest]\ntestpaths = demo\n",
    },
    "one module": {
        "demo.py": ADD,
        "test_demo.py": TEST,
        "noxfile.py": "",
        "requirements.txt": "",
        # Tests are looked for in every folder, also one whose name begins with a dot.
        "pytest.ini": "[pytest]\nnorecursedirs = dist\naddopts = --doctest-modules\n",
    },
}
Repository = Callable[..., Any]


@pytest.fixture
def repository(tmp_path: Path, real_sample: Any, clone_environment: Callable[..., Path]) -> Repository:
    """Makes one of those, with an environment that lacks some distributions."""

    def make(layout: str, lacking: Sequence[str] = (), own: bool = True) -> Any:
        root = tmp_path / "guest"
        home = clone_environment("guest-env", lacking=(*OURS, *lacking))
        for entry in home.glob("lib/python*/site-packages/*.pth"):
            entry.unlink()
        made = real_sample.copy(root)
        for path in root.iterdir():
            if path.name != ".git":
                made.delete(path.name)
        for path, text in LAYOUTS[layout].items():
            made.write(path, text)
        made.commit("theirs")
        if own:
            made.env["UV_PROJECT_ENVIRONMENT"] = str(home)
        return made

    return make


def left_out(done: Done) -> dict[str, str]:
    """Atoms that were left out, and why."""
    rows = {name: row["reason"] for name, row in done.atoms.items() if row["status"] == "skipped"}
    return {
        name: reason.removeprefix("left out: ") for name, reason in rows.items() if "left out: " in reason
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_its_own_tests_run_and_the_rest_is_said(repository: Repository, layout: str) -> None:
    guest = repository(layout, lacking=(*STATIC, "pytest_cov"))
    done = guest.atomci("run", "local_ci", "--json")
    assert done.code == 0, done.out
    assert done["run_pytest_unit_with_coverage"][0] == "pass"
    assert done.atoms["run_pytest_unit_with_coverage"]["examined"] == 1
    assert left_out(done) == {
        "run_ruff_lint": "ruff, since it isn't installed in guest-env",
        "run_black_check": "black, since it isn't installed in guest-env",
        "run_mypy_typecheck": "mypy, since it isn't installed in guest-env",
        "aggregate_static_findings": done["stage1_lint_types"][1].removeprefix("left out: "),
        "stage1_lint_types": done["aggregate_static_findings"][1].removeprefix("left out: "),
        "enforce_coverage_budget": "no coverage was measured: this project asks for none",
        "export_junit_and_coverage_artifacts": "all reports but junit.xml, since no coverage was measured: "
        "this project asks for none",
    }
    gate = json.loads(guest.read("artifacts/gate.json"))
    assert (gate["verdict"], gate["exit_code"]) == ("green", 0)
    assert "ruff, since it isn't installed" in gate["reasons"][0]
    assert guest.git("status", "--porcelain", "--ignored=no") == ""
    again = guest.atomci("run", "local_ci", "--json")
    assert "run_pytest_unit_with_coverage" in again.cached


def test_a_failing_test_and_a_finding_are_red(repository: Repository) -> None:
    guest = repository("flat", lacking=("black", "mypy"))
    guest.write("test/test_demo.py", TEST.replace("== 3", "== 4"))
    guest.append("demo/__init__.py", "import os\n")
    done = guest.atomci("run", "local_ci", "--json", "-k")
    assert done.code == 1
    assert done["run_pytest_unit_with_coverage"] == ("fail", "1 failed")
    found = done.atoms["run_ruff_lint"]["findings"]
    assert [(row["path"], row["rule"]) for row in found] == [("demo/__init__.py", "F401")]
    assert json.loads(guest.read("artifacts/gate.json"))["verdict"] == "red"


def test_a_budget_of_its_own_is_kept(repository: Repository) -> None:
    guest = repository("src", lacking=STATIC)
    guest.write(".coveragerc", "[run]\nsource = src\n[report]\nfail_under = 100\n")
    guest.append("src/demo/__init__.py", "\n\ndef more() -> int:\n    return 1\n")
    done = guest.atomci("run", "local_ci", "--json")
    assert done["enforce_coverage_budget"][0] == "fail"
    assert done.code == 1


MEASURES_ITSELF = """\
import subprocess
import sys


def test_measures_a_program_of_its_own(tmp_path):
    (tmp_path / "one.py").write_text("x = 1\\n")
    subprocess.run([sys.executable, "-m", "coverage", "run", "one.py"], cwd=tmp_path, check=True)
    assert (tmp_path / ".coverage").is_file()
"""


def test_the_total_is_that_of_the_project_and_of_its_tests_alone(repository: Repository) -> None:
    """atomci's own modules are no part of it, nor is what a test measures by itself."""
    guest = repository("flat", lacking=STATIC)
    guest.write(".coveragerc", "[run]\nomit = */site-packages/*\n[report]\nfail_under = 1\n")
    guest.append("demo/__init__.py", "\n\ndef more() -> int:\n    return 1\n")
    guest.write("test/test_measures.py", MEASURES_ITSELF)
    done = guest.atomci("run", "local_ci", "--json")
    assert done["enforce_coverage_budget"][0] == "pass", done.out
    measured = json.loads(guest.read("artifacts/tests/coverage.json"))
    assert [file["path"] for file in measured["files"]] == ["demo/__init__.py"]

    python = str(Path(guest.env["UV_PROJECT_ENVIRONMENT"], "bin", "python"))
    for words in (["pytest", "-q", "--cov", "--cov-report="], ["coverage", "json", "-q", "-o", "own.json"]):
        subprocess.run([python, "-m", *words], cwd=guest.root, env=guest.env, check=True)
    total = json.loads(guest.read("own.json"))["totals"]
    assert (measured["statements"], measured["percent"]) == (
        total["num_statements"],
        total["percent_covered"],
    )


@pytest.mark.parametrize(
    ("own", "lacking", "said"),
    [
        (False, (), "this project has no environment: no .venv, and none is active"),
        (True, (*STATIC, "pytest", "pytest_cov"), "isn't installed in guest-env"),
    ],
)
def test_a_repository_of_which_nothing_can_be_looked_at_is_not_green(
    repository: Repository,
    own: bool,
    lacking: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Where atomci is started by itself, its own environment has no tools.
    monkeypatch.setattr("atomci.project.sys", SimpleNamespace(prefix=str(tmp_path / "of-atomci")))
    guest = repository("flat", lacking, own)
    done = guest.atomci("run", "local_ci", "--json")
    assert done.code == 1
    reasons = json.loads(guest.read("artifacts/gate.json"))["reasons"]
    assert reasons[0].startswith("nothing in this repository was checked: install ")
    assert done["compute_local_ci_exit_code"] == ("fail", f"red: {reasons[0]}")
    assert said in left_out(done)["run_pytest_unit_with_coverage"]
    assert said in left_out(done)["run_ruff_lint"]


def test_settings_that_pytest_refuses_are_said_with_its_own_words(repository: Repository) -> None:
    guest = repository("one module", lacking=STATIC)
    guest.write("pytest.ini", "[pytest]\naddopts = --tb=nope\n")
    done = guest.atomci("run", "run_pytest_unit_with_coverage", "--json")
    status, said = done["run_pytest_unit_with_coverage"]
    assert said.startswith("pytest left no results (exit 4): argument --tb: invalid choice: 'nope'")
    assert (status, said.rpartition("; ")[2]) == ("error", "see the atom's log")


def test_artifacts_of_its_own_are_never_written_to(repository: Repository) -> None:
    guest = repository("flat")
    guest.write("artifacts/gate.json", "theirs")
    guest.commit("theirs")
    done = guest.atomci("run", "local_ci")
    assert done.code == 2
    assert "artifacts/ has files of this repository, and atomci would write there" in done.err
    assert "git mv artifacts NAME" in done.err
    assert guest.read("artifacts/gate.json") == "theirs"
    assert guest.git("status", "--porcelain") == ""


def test_nothing_but_the_plugins_is_lent_to_its_tests(repository: Repository) -> None:
    guest = repository("one module", lacking=(*STATIC, "msgspec"))
    guest.write(
        "test_demo.py",
        "import importlib.util\n\n\ndef test_lent() -> None:\n"
        "    assert importlib.util.find_spec('msgspec') is None\n",
    )
    assert guest.atomci("run", "unit", "--json").code == 0


def test_a_folder_without_python_is_no_project(tmp_path: Path, real_sample: Any) -> None:
    elsewhere = real_sample.copy(tmp_path / "elsewhere")
    for path in elsewhere.root.iterdir():
        if path.name != ".git":
            elsewhere.delete(path.name)
    done = elsewhere.atomci("run", "local_ci")
    assert done.code == 2
    assert "no pyproject.toml, and no repository with Python" in done.err


@pytest.mark.parametrize(
    ("ignored", "kept"), [("", ["artifacts/.gitignore"]), ("/artifacts/\n", []), ("artifacts\n", [])]
)
def test_a_repository_that_joined_sees_no_untracked_artifacts(
    ignored: str, kept: list[str], tmp_path: Path
) -> None:
    git = Git(tmp_path)
    git("init", "--quiet")
    (tmp_path / "pyproject.toml").write_text("[tool.atomci]\n")
    (tmp_path / ".gitignore").write_text(ignored)
    make_room(Project(tmp_path))
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.glob("artifacts/*")] == kept
    (tmp_path / "artifacts").mkdir(exist_ok=True)
    (tmp_path / "artifacts/gate.json").write_text("{}")
    assert not [path for path in git.states("--untracked-files=all") if path.startswith("artifacts/")]


def test_a_repository_that_joined_keeps_artifacts_of_its_own(tmp_path: Path) -> None:
    git = Git(tmp_path)
    git("init", "--quiet")
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts/model.bin").write_text("theirs")
    (tmp_path / "pyproject.toml").write_text("[tool.atomci]\n")
    git("add", "--all")
    with pytest.raises(UsageError, match="artifacts/ has files of this repository"):
        make_room(Project(tmp_path))


@pytest.mark.parametrize("joined", ["", "[tool.atomci]\n"])
@pytest.mark.parametrize(
    "name", [".atomci_cache/results/run_mypy_typecheck/key/result.json", ".atomci_cache"]
)
def test_results_that_a_repository_brings_along_are_not_believed(
    tmp_path: Path, name: str, joined: str
) -> None:
    git = Git(tmp_path)
    git("init", "--quiet")
    (tmp_path / "pyproject.toml").write_text(joined)
    (tmp_path / ".gitignore").write_text(".atomci_cache\nartifacts\n")
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("{}")
    make_room(Project(tmp_path))  # they are this machine's own
    git("add", "--force", name)
    with pytest.raises(UsageError, match="cache/ holds files of this repository") as refused:
        make_room(Project(tmp_path))
    git(*refused.value.hint.partition("git ")[2].split())
    make_room(Project(tmp_path))
    assert not (tmp_path / name).exists()
