"""The checks of phases 4, 5 and 7: each says what is broken on a project broken in exactly that way."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from atomci.catalog import ATOMS

GATE = [row.name for row in ATOMS if row.phase in (4, 5, 7) and row.name != "run_local_ci_script"]
LINT, TEST = "import os\n", "\n\ndef test_bad() -> None:\n    assert 0\n"
SARIF, LANES = "artifacts/reports/static.sarif", "artifacts/reports/lanes.json"
Break = Callable[[Any], object]


def answer(project: Any, atom: str, **env: str) -> tuple[int, str, str]:
    """Exit code, status and all evidence of a check."""
    done = project.atomci("check", atom, "--json", **env)
    (row,) = json.loads(done.out)["atoms"]
    return done.code, row["status"], "\n".join([*row["evidence"], row["remedy"]])


def run_after(path: str, text: str, *targets: str) -> Break:
    """Add to a file, which may be new, then run."""

    def act(project: Any) -> None:
        project.write(path, (project.read(path) if (project.root / path).is_file() else "") + text)
        project.atomci("run", *(targets or ("local_ci",)), "--keep-going")

    return act


def forged(atom: str, path: str, old: str, new: str) -> Break:
    """Change an artifact and what its atom's result says of it, as an atom with a bug would leave both."""

    def act(project: Any) -> None:
        project.replace(path, old, new)
        record = f"artifacts/atoms/{atom}.json"
        result = project.json(record)
        for output in result["outputs"]:
            if output["path"] == path:
                output["sha256"] = hashlib.sha256((project.root / path).read_bytes()).hexdigest()
        project.write(record, json.dumps(result))

    return act


def change(path: str, text: str) -> Break:
    """Add to a file and run nothing."""
    return lambda project: project.append(path, text)


def remove(path: str) -> Break:
    """Delete a file or folder."""
    return lambda project: project.delete(path)


def swap(path: str, old: str, new: str) -> Break:
    """Replace a text and run nothing."""
    return lambda project: project.replace(path, old, new)


def then(*steps: Break) -> Break:
    """One after the other."""

    def act(project: Any) -> None:
        for step in steps:
            step(project)

    return act


def write(path: str, text: str) -> Break:
    """Make or replace a file and run nothing."""
    return lambda project: project.write(path, text)


WORDS, TESTS = "src/demo/words.py", "tests/unit/test_words.py"
EMPTIED: Break = then(write(TESTS, ""), run_after(TESTS, ""))
LINTED, TESTED = run_after(WORDS, LINT), run_after(TESTS, TEST)
UNIT, BUDGET = "artifacts/tests/unit.json", "artifacts/tests/coverage.json"
JUNIT, HTML = "artifacts/reports/junit.xml", "artifacts/reports/htmlcov/index.html"
BROKEN: list[tuple[str, Break, str]] = [
    ("run_ruff_lint", LINTED, "`os` imported but unused [F401]"),
    ("run_black_check", run_after(WORDS, "X = {  }\n"), "src/demo/words.py:7:1: error: black would"),
    ("run_mypy_typecheck", run_after(WORDS, "\n\ndef f(a):\n    return a\n"), "[no-untyped-def]"),
    ("aggregate_static_findings", remove(SARIF), f"{SARIF} is missing"),
    ("aggregate_static_findings", change(SARIF, " "), f"{SARIF} was changed"),
    (
        "aggregate_static_findings",
        forged("aggregate_static_findings", SARIF, '"version": "2.1.0"', '"version": "2.0.0"'),
        "not one 2.1.0 run per tool",
    ),
    (
        "aggregate_static_findings",
        then(LINTED, forged("aggregate_static_findings", SARIF, '"src/demo/words.py"', '"/src/words.py"')),
        "/src/words.py isn't relative",
    ),
    ("classify_static_failures", remove(LANES), f"{LANES} is missing"),
    (
        "classify_static_failures",
        then(LINTED, forged("classify_static_failures", LANES, '"ruff check --fix ."', '""')),
        "lane lint has no command",
    ),
    (
        "classify_static_failures",
        then(LINTED, forged("classify_static_failures", LANES, '"findings": 1', '"findings": 7')),
        "1 findings, but the lanes hold another number",
    ),
    ("select_impacted_unit_tests", remove("artifacts/tests/selection.json"), "selection.json is missing"),
    ("run_pytest_unit_with_coverage", TESTED, "tests/unit/test_words.py:9:1: error: assert 0"),
    (
        "run_pytest_unit_with_coverage",
        forged("run_pytest_unit_with_coverage", UNIT, '"passed": 3', '"passed": 5'),
        "the results have another number",
    ),
    (
        "run_pytest_unit_with_coverage",
        then(*(write(f"tests/unit/test_{name}.py", "") for name in ("prices", "rounding")), EMPTIED),
        "vacuous",
    ),
    ("parallelize_unit_suite_optional", remove("artifacts/tests/parallel.json"), "parallel.json is missing"),
    (
        "enforce_coverage_budget",
        run_after("src/demo/unused.py", "def unused() -> None:\n" + "    print()\n" * 20),
        "under the budget",
    ),
    ("enforce_coverage_budget", remove(BUDGET), f"{BUDGET} is missing"),
    ("export_junit_and_coverage_artifacts", remove(JUNIT), f"{JUNIT} is missing"),
    ("export_junit_and_coverage_artifacts", remove(HTML), f"{HTML} is missing"),
    (
        "export_junit_and_coverage_artifacts",
        forged("export_junit_and_coverage_artifacts", JUNIT, "testcase", "case"),
        "holds 0 cases for 3 attempts",
    ),
    ("run_local_ci_script", remove("scripts/local_ci.sh"), "scripts/local_ci.sh"),
    ("run_local_ci_script", swap("Taskfile.yml", "atomci run local_ci", "atomci run triage"), "Taskfile.yml"),
    (
        "run_local_ci_script",
        swap(".github/workflows/ci.yml", "atomci run unit", "atomci run triage"),
        "run_pytest_unit_with_coverage",
    ),
    ("stage1_lint_types", LINTED, "1 in lane lint"),
    ("stage2_unit_tests", TESTED, "1 unit test failed"),
    ("compute_local_ci_exit_code", TESTED, ": red"),
    ("compute_local_ci_exit_code", change("artifacts/gate.json", " "), "artifacts/gate.json was changed"),
    ("stage3_static_artifacts_emit", remove("artifacts/reports/index.json"), "index.json is missing"),
]
OUT_OF_DATE: list[tuple[str, Break, str]] = [
    (
        "select_impacted_unit_tests",
        write("tests/unit/test_new.py", ""),
        "tests/unit/test_new.py is new",
    ),
    (
        "enforce_coverage_budget",
        swap("pyproject.toml", "fail_under = 80", "fail_under = 90"),
        "pyproject.toml changed since",
    ),
    ("run_ruff_lint", change(WORDS, "\n"), f"{WORDS} changed"),
    ("classify_static_failures", change(WORDS, "\n"), f"run_ruff_lint is out of date: {WORDS} changed"),
    ("run_pytest_unit_with_coverage", change(WORDS, "\n"), f"{WORDS} changed"),
    ("stage1_lint_types", change(WORDS, "\n"), f"run_ruff_lint is out of date: {WORDS} changed"),
    (
        "stage2_unit_tests",
        change(TESTS, "\n"),
        f"run_pytest_unit_with_coverage is out of date: {TESTS} changed",
    ),
    ("stage3_static_artifacts_emit", remove(SARIF), f"{SARIF} is gone"),
    ("compute_local_ci_exit_code", change(WORDS, "\n"), f"run_ruff_lint is out of date: {WORDS} changed"),
]


@pytest.mark.parametrize(
    ("atom", "act", "said"), BROKEN, ids=[f"{n}-{atom}" for n, (atom, _, _) in enumerate(BROKEN)]
)
def test_a_check_says_what_is_broken(green, atom: str, act: Break, said: str) -> None:
    assert answer(green, atom)[:2] == (0, "holds")
    act(green)
    code, status, evidence = answer(green, atom)
    assert (code, status) == (1, "broken"), evidence
    assert said in evidence


@pytest.mark.parametrize(
    ("atom", "act", "said"), OUT_OF_DATE, ids=[f"{n}-{atom}" for n, (atom, _, _) in enumerate(OUT_OF_DATE)]
)
def test_what_ran_on_an_older_state_is_out_of_date(green, atom: str, act: Break, said: str) -> None:
    act(green)
    code, status, evidence = answer(green, atom)
    assert (code, status) == (0, "out of date"), evidence
    assert said in evidence


def test_after_an_edit_one_line_says_what_finds_out(green) -> None:
    change(WORDS, "\n")(green)
    done = green.atomci("check", "phase_04", "phase_07")
    assert done.code == 0
    assert "broken" not in done.out
    assert done.out.splitlines()[-1] == "to find out what isn't known: atomci run local_ci"
    report = json.loads(green.atomci("check", "phase_04", "phase_09", "--json").out)
    assert (report["holds"], report["known"]) == (True, False)
    assert report["remedy"] == "atomci run triage integration"
    report = json.loads(green.atomci("check", "phase_04", "phase_20", "--json").out)
    assert report["remedy"] == "atomci run triage"  # what is asked of a commit goes by what that finds
    assert json.loads(green.atomci("check", "phase_20", "--json").out)["remedy"] == "atomci done"


def test_a_red_result_on_an_older_state_says_nothing_of_this_one(green) -> None:
    LINTED(green)
    assert answer(green, "run_ruff_lint")[:2] == (1, "broken")
    green.write(WORDS, "")
    code, status, evidence = answer(green, "run_ruff_lint")
    assert (code, status) == (0, "out of date")
    assert f"{WORDS} changed since run" in evidence
    assert "fail in run" in evidence
    row = green.atomci("check", "run_ruff_lint", "run_black_check").out.splitlines()[0]
    assert re.match(
        rf"out of date +031 run_ruff_lint  fail in run \S+: 1 finding; {WORDS} changed since run", row
    )


@pytest.mark.parametrize("atom", GATE)
def test_what_never_ran_is_not_broken(sample, atom: str) -> None:
    code, status, evidence = answer(sample, atom)
    assert (code, status) == (0, "not run here yet")
    assert "it hasn't run here" in evidence
    assert f"atomci run {atom}" in evidence


def test_every_atom_of_these_phases_is_broken_by_some_row() -> None:
    assert {atom for atom, _, _ in BROKEN} == {*GATE, "run_local_ci_script"}
