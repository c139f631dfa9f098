"""What is proved unchanged isn't run again, and nothing else is taken over."""

import json
import subprocess
import sys

import pytest

PURE = {
    "run_ruff_lint",
    "run_black_check",
    "run_mypy_typecheck",
    "aggregate_static_findings",
    "classify_static_failures",
    "select_impacted_unit_tests",
    "run_pytest_unit_with_coverage",
    "parallelize_unit_suite_optional",
    "enforce_coverage_budget",
    "export_junit_and_coverage_artifacts",
    "stage1_lint_types",
    "stage2_unit_tests",
    "stage3_static_artifacts_emit",
    "compute_local_ci_exit_code",
}


def _artifacts(project) -> dict[str, bytes]:
    folder = project.root / "artifacts"
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.relative_to(folder).parts[0] in ("findings", "reports", "tests", "stages")
        # They hold measured times: hints to the next run, no results.
        if file.name not in ("durations.json", "parallel.json")
    }


def test_nothing_changed_takes_over_every_pure_atom(green) -> None:
    before = _artifacts(green)
    done = green.atomci("run", "local_ci", "--json")
    assert done.code == 0
    assert done.cached == PURE
    assert _artifacts(green) == before


def test_nothing_changed_imports_no_code_of_atoms_and_nothing_that_is_slow_to_import(green) -> None:
    words = [sys.executable, "-X", "importtime", "-m", "atomci", "run", "local_ci"]
    done = subprocess.run(words, cwd=green.root, env=green.env, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "atomci.engine.runner" in imported
    slow = {"importlib.metadata", "packaging.version", "email.message", "xml.etree.ElementTree"}
    assert not imported & slow
    assert not [name for name in imported if name.startswith("atomci.atoms.phase_")]


def test_a_cached_atom_says_in_its_log_which_run_it_comes_from(green) -> None:
    first = green.runs[-1].name
    green.atomci("run", "run_ruff_lint")
    assert green.log("run_ruff_lint") == f"unchanged since run {first}; its result was reused\n"


def test_neither_a_touched_file_nor_a_commit_changes_anything(green) -> None:
    (green.root / "src/demo/words.py").touch()
    green.commit()
    assert green.atomci("run", "local_ci", "--json").cached == PURE


@pytest.mark.parametrize(
    ("path", "text", "again"),
    [
        (
            "src/demo/words.py",
            "\n\nX = 1\n",
            {"run_ruff_lint", "run_mypy_typecheck", "enforce_coverage_budget"},
        ),
        ("tests/unit/test_words.py", "\n\nX = 1\n", {"run_ruff_lint", "run_pytest_unit_with_coverage"}),
        ("pyproject.toml", "\n[tool.other]\nx = 1\n", {"run_ruff_lint", "run_mypy_typecheck"}),
    ],
)
def test_a_changed_input_runs_again_what_reads_it(green, path: str, text: str, again: set[str]) -> None:
    green.append(path, text)
    done = green.atomci("run", "local_ci", "--json")
    assert done.code == 0, done.out
    assert not again & done.cached
    assert PURE - done.cached >= again


def test_what_a_change_does_not_reach_is_still_taken_over(green) -> None:
    green.append("README.md", "more\n")
    again = PURE - green.atomci("run", "local_ci", "--json").cached
    assert again == {"select_impacted_unit_tests", "parallelize_unit_suite_optional"}


MAY_READ = [
    ("run_ruff_lint", "tests/unit/ruff.toml"),
    ("run_ruff_lint", "config/base.toml"),
    ("run_ruff_lint", "src/demo/_version.py"),
    ("run_ruff_lint", "../ruff.toml"),
    ("run_ruff_lint", "../base.toml"),
    ("run_black_check", "src/demo/_version.py"),
    ("run_mypy_typecheck", "src/demo/_version.py"),
    ("run_mypy_typecheck", "stubs/six.pyi"),
    ("run_mypy_typecheck", "mypy.ini"),
    ("run_mypy_typecheck", "setup.cfg"),
    ("run_mypy_typecheck", "src/demo/py.typed"),
]


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(("atom", "path"), MAY_READ)
def test_what_a_tool_may_read_is_an_input_wherever_it_is(sample, atom: str, path: str, there: bool) -> None:
    """Also what git ignores, what lies above the project or is extended by what does, and what isn't there yet."""
    sample.append(".gitignore", "_version.py\n")
    sample.write("config/ruff.toml", 'extend = "../../base.toml"\n')
    file = sample.root / path
    if there:
        sample.write(path, "")
    assert sample.atomci("run", atom).code == 0
    assert sample.atomci("run", atom, "--json").cached == {atom}
    if there:
        file.unlink()
    else:
        sample.write(path, "# new\n")
    done = sample.atomci("run", atom, "--json")
    assert done.cached == set()
    assert done.atoms[atom]["because"].endswith(f"{file.name} {'is gone' if there else 'is new'}")


def test_a_new_untracked_file_is_an_input(green) -> None:
    green.write("src/demo/new.py", '"""New."""\n')
    assert "run_ruff_lint" not in green.atomci("run", "run_ruff_lint", "--json").cached


def test_a_deleted_file_was_an_input(green) -> None:
    green.delete("tests/unit/test_words.py")
    assert "run_ruff_lint" not in green.atomci("run", "run_ruff_lint", "--json").cached


def test_an_ignored_file_is_no_input(green) -> None:
    green.write("__pycache__/x.py", "import os\n")
    assert "run_ruff_lint" in green.atomci("run", "run_ruff_lint", "--json").cached


def test_an_atoms_own_table_is_part_of_its_inputs(green) -> None:
    green.append("pyproject.toml", "\n[tool.atomci.atoms.classify_static_failures]\ntimeout = 60\n")
    green.atomci("run", "triage")
    green.replace("pyproject.toml", "timeout = 60", "timeout = 61")
    # It reads no pyproject.toml itself.
    assert "classify_static_failures" not in green.atomci("run", "triage", "--json").cached


@pytest.mark.parametrize(
    "variable",
    ["PYTEST_ADDOPTS=-q", "MYPYPATH=x", "RUFF_CACHE_DIR=/tmp/ruff-elsewhere", "PYTHONWARNINGS=default"],
)
def test_a_variable_that_changes_what_tools_do_is_an_input(green, variable: str) -> None:
    name, _, value = variable.partition("=")
    assert green.atomci("run", "run_ruff_lint", "--json", **{name: value}).cached == set()
    assert green.atomci("run", "run_ruff_lint", "--json", **{name: value}).cached == {"run_ruff_lint"}


def test_another_version_of_a_tool_is_an_input(sample, clone_environment) -> None:
    first = clone_environment("first")
    second = clone_environment("second", versions={"ruff": "99.0"})
    assert sample.atomci("run", "triage", UV_PROJECT_ENVIRONMENT=str(first)).code == 0
    again = sample.atomci("run", "triage", "--json", UV_PROJECT_ENVIRONMENT=str(first))
    assert len(again.cached) == 5
    other = sample.atomci("run", "triage", "--json", UV_PROJECT_ENVIRONMENT=str(second))
    assert other.cached == set()
    assert sample.json("artifacts/findings/ruff.json")["version"] == "99.0"


def test_no_cache_takes_nothing_over(green) -> None:
    assert green.atomci("run", "triage", "--no-cache", "--json").cached == set()


@pytest.mark.parametrize("damage", ["deleted", "altered"])
def test_a_cached_atom_puts_its_artifacts_back(green, damage: str) -> None:
    paths = (
        "artifacts/findings/ruff.json",
        "artifacts/reports/static.sarif",
        "artifacts/reports/junit.xml",
        "artifacts/reports/htmlcov/index.html",
        "artifacts/tests/coverage.data",
        "artifacts/gate.json",
    )
    before = {path: (green.root / path).read_bytes() for path in paths}
    for path in paths:
        if damage == "deleted":
            green.delete(path)
        else:
            green.write(path, "{}")
    done = green.atomci("run", "local_ci", "--json")
    assert done.code == 0
    assert done.cached == PURE
    assert {path: (green.root / path).read_bytes() for path in paths} == before


def test_all_artifacts_come_back_after_they_are_removed(green) -> None:
    before = _artifacts(green)
    green.delete("artifacts")
    assert green.atomci("run", "local_ci", "--json").cached == PURE
    assert _artifacts(green) == before


def test_a_damaged_cache_is_no_result(green) -> None:
    for file in (green.root / ".atomci_cache").rglob("result.json"):
        file.write_text("{")
    done = green.atomci("run", "local_ci", "--json")
    assert done.code == 0
    assert done.cached == set()


def test_a_cache_that_lost_its_files_is_no_result(green) -> None:
    for file in (green.root / ".atomci_cache").rglob("ruff.json"):
        file.unlink()
    green.delete("artifacts/findings/ruff.json")
    done = green.atomci("run", "triage", "--json")
    assert done.code == 0
    assert "run_ruff_lint" not in done.cached
    assert green.json("artifacts/findings/ruff.json")["findings"] == []


def test_a_failure_is_never_taken_over(green) -> None:
    green.append("src/demo/words.py", "import os\n")
    for _ in range(2):
        done = green.atomci("run", "run_ruff_lint", "--json")
        assert (done.code, done.cached) == (1, set())


def test_a_failure_that_was_mended_gives_the_old_result_back(green) -> None:
    text = green.read("src/demo/words.py")
    green.append("src/demo/words.py", "import os\n")
    assert green.atomci("run", "triage").code == 1
    green.write("src/demo/words.py", text)
    done = green.atomci("run", "triage", "--json")
    assert done.code == 0
    assert {"run_ruff_lint", "run_black_check", "run_mypy_typecheck"} <= done.cached
    assert green.json("artifacts/findings/ruff.json")["findings"] == []


def test_all_is_not_answered_with_the_selection_of_since(green) -> None:
    green.append("src/demo/words.py", "\n\nX = 1\n")
    green.atomci("run", "local_ci", "--since", "HEAD")
    assert green.json("artifacts/tests/selection.json")["mode"] == "impacted"
    done = green.atomci("run", "local_ci", "--since", "HEAD", "--all", "--json")
    assert done.code == 0
    assert green.json("artifacts/tests/selection.json")["mode"] == "full"
    assert done.atoms["run_pytest_unit_with_coverage"]["examined"] == 3


def test_the_cache_folder_is_ignored_by_itself(green) -> None:
    green.write(".gitignore", "/artifacts/\n__pycache__/\n.mypy_cache/\n.pytest_cache/\n.ruff_cache/\n")
    assert green.git("status", "--short") == "M .gitignore"


def test_a_swapped_commands_script_is_an_input(green) -> None:
    green.write("tools/lint.sh", "#!/bin/sh\nexit 0\n")
    (green.root / "tools/lint.sh").chmod(0o755)
    green.append(
        "pyproject.toml",
        '\n[tool.atomci.atoms.run_mypy_typecheck]\nrun = "sh tools/lint.sh"\nreads = "lines"\n',
    )
    assert green.atomci("run", "run_mypy_typecheck").code == 0
    assert green.atomci("run", "run_mypy_typecheck", "--json").cached == {"run_mypy_typecheck"}
    green.write("tools/lint.sh", "#!/bin/sh\necho 'src/demo/words.py:1: bad'\nexit 1\n")
    done = green.atomci("run", "run_mypy_typecheck", "--json")
    assert (done.code, done.cached) == (1, set())


def test_only_a_few_results_of_an_atom_are_kept(green) -> None:
    for number in range(6):
        green.append("README.md", f"{number}\n")
        green.append("src/demo/words.py", f"\n\nX{number} = {number}\n")
        assert green.atomci("run", "run_ruff_lint").code == 0
    kept = list((green.root / ".atomci_cache/results/run_ruff_lint").iterdir())
    assert len(kept) == 4
    assert json.loads(green.read("artifacts/atoms/run_ruff_lint.json"))["key"] in {path.name for path in kept}
