"""An override lets a run through with what is red, until a date and for a reason, and never hides it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest

MYPY = "run_mypy_typecheck"
TESTS = "run_pytest_unit_with_coverage"
OVERRIDES = "support_manual_override_and_escalation"
WRONG_TYPE = '\n\nX: int = ""\n'
REASON = "the stubs of acme are wrong"


def day(days: int) -> str:
    return f"{datetime.now(UTC).date() + timedelta(days=days)}"


def override(project: Any, atom: str, days: int = 30) -> str:
    """Add one, and give what is said while it holds."""
    rows = {"atom": f'"{atom}"', "reason": f'"{REASON}"', "owner": '"ada@example.com"', "until": day(days)}
    lines = [f"{key} = {value}" for key, value in rows.items()]
    project.append("pyproject.toml", "\n[[tool.atomci.override]]\n" + "\n".join(lines) + "\n")
    return f"overridden until {day(days)}: {REASON}"


def last(done: Any) -> dict[str, Any]:
    return done.events[-1]  # type: ignore[no-any-return]


@pytest.mark.parametrize("days", [0, 30, 90])
def test_an_overridden_red_stays_red_and_lets_the_gate_through(green, days: int) -> None:
    green.append("src/demo/words.py", WRONG_TYPE)
    text = override(green, MYPY, days)

    done = green.atomci("run", "local_ci", "--json")

    assert done.code == 0, done.out
    red = {name for name, status in done.statuses.items() if status != "pass"}
    assert red == {MYPY, "stage1_lint_types", "compute_local_ci_exit_code"}
    assert {done.statuses[name] for name in red} == {"fail"}
    assert done.atoms[MYPY]["override"] == text
    assert done.atoms[MYPY]["findings"][0]["path"] == "src/demo/words.py"
    assert done.atoms["stage1_lint_types"]["override"] == text
    assert text in done.atoms["compute_local_ci_exit_code"]["override"]
    assert done.statuses[TESTS] == "pass", "what comes later isn't stopped"
    assert last(done)["overridden"].keys() == red
    assert green.json("artifacts/gate.json") == {
        "schema": "atomci/gate/1",
        "exit_code": 0,
        "verdict": "overridden",
        "reasons": [f"lint_types is fail, {text}"],
    }
    assert green.json(f"artifacts/atoms/{MYPY}.json")["override"] == text
    assert green.atomci("check", MYPY).code == 1, "it doesn't hold"


def test_people_are_told_in_its_line_and_at_the_end(green) -> None:
    green.append("src/demo/words.py", WRONG_TYPE)
    text = override(green, MYPY)
    lines = green.atomci("run", "local_ci").out.splitlines()
    (line,) = [line for line in lines if f"033 {MYPY}" in line]
    assert line.startswith("FAIL ")
    assert line.endswith(f"1 finding; {text}")
    assert any(line.startswith("local_ci: overridden in ") for line in lines)
    assert f"  {MYPY}: {text}" in lines
    assert not any("first red" in line or "green" in line for line in lines)


def test_github_is_told_on_the_summary_page(green) -> None:
    green.append("src/demo/words.py", WRONG_TYPE)
    text = override(green, MYPY)
    summary = green.root.parent / "summary.md"
    done = green.atomci("run", "local_ci", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert done.code == 0
    shown = summary.read_text(encoding="utf-8")
    assert shown.startswith("### overridden in ")
    (row,) = [line for line in shown.splitlines() if line.startswith("| ") and f"`{MYPY}`" in line]
    assert row.startswith("| ⚠️ | ")
    assert text in row


def test_without_the_override_it_is_red_again_and_nothing_was_kept(green) -> None:
    green.append("src/demo/words.py", WRONG_TYPE)
    before = green.read("pyproject.toml")
    override(green, MYPY)
    first, second = (green.atomci("run", "local_ci", "--json") for _ in range(2))
    overridden = set(last(first)["overridden"])
    assert (first.code, second.code) == (0, 0)
    assert not overridden & second.cached
    assert TESTS in second.cached

    green.write("pyproject.toml", before)
    third = green.atomci("run", "local_ci", "--json")
    assert (third.code, third.statuses[MYPY]) == (1, "fail")
    assert not overridden & third.cached
    assert last(third)["overridden"] == {}
    assert green.json("artifacts/gate.json")["verdict"] == "red"


def test_only_the_atom_it_names_is_overridden(green) -> None:
    green.append("src/demo/words.py", f"{WRONG_TYPE}import os\n")
    override(green, MYPY)
    done = green.atomci("run", "local_ci", "-k", "--json")
    assert done.code == 1
    assert last(done)["overridden"].keys() == {MYPY}
    assert done.atoms["stage1_lint_types"]["override"] == ""
    assert green.json("artifacts/gate.json")["verdict"] == "red"


def test_an_atom_that_is_green_needs_none(green) -> None:
    override(green, MYPY)
    done = green.atomci("run", "local_ci", "--json")
    assert (done.code, last(done)["overridden"]) == (0, {})
    assert green.json("artifacts/gate.json")["verdict"] == "green"


def test_an_error_is_not_overridden(green) -> None:
    green.append("pyproject.toml", f"\n[tool.atomci.atoms.{MYPY}]\nrun = 'no-such-program-here'\n")
    override(green, MYPY)
    done = green.atomci("run", "triage", "--json")
    assert (done.code, done.statuses[MYPY]) == (3, "error")
    assert done.atoms[MYPY]["override"] == ""


def test_what_examined_nothing_can_be_overridden(sample) -> None:
    for path in ("src", "tests"):
        sample.delete(path)
    sample.write("tests/unit/test_nothing.py", "import os as os\n")
    text = override(sample, MYPY)
    done = sample.atomci("run", MYPY, "--json")
    assert (done.code, done.statuses[MYPY], done.atoms[MYPY]["override"]) == (0, "vacuous", text)


def test_failing_tests_are_all_shown_and_let_through(green) -> None:
    green.append("tests/unit/test_words.py", "\n\ndef test_a() -> None:\n    assert 1 == 2\n")
    green.append("tests/unit/test_words.py", "\n\ndef test_b() -> None:\n    assert 1 == 3\n")
    text = override(green, TESTS)

    done = green.atomci("run", "local_ci", "--json")

    assert done.code == 0, done.out
    assert len(done.atoms[TESTS]["findings"]) == 2
    assert last(done)["overridden"].keys() == {TESTS, "stage2_unit_tests", "compute_local_ci_exit_code"}
    assert done.statuses["enforce_coverage_budget"] == "pass", "all tests ran, so that the total is known"
    assert green.json("artifacts/gate.json")["reasons"] == [f"unit_tests is fail, {text}"]
    assert "test_b" in green.read("artifacts/reports/junit.xml")


def test_a_budget_that_is_not_met_can_be_overridden_while_tests_count(green) -> None:
    green.replace("pyproject.toml", "fail_under = 80", "fail_under = 100")
    green.append("src/demo/words.py", "\n\ndef f(a: int) -> int:\n    return a\n")
    override(green, "enforce_coverage_budget")
    done = green.atomci("run", "local_ci", "--json")
    assert (done.code, done.statuses["enforce_coverage_budget"]) == (0, "fail")
    green.append("tests/unit/test_words.py", "\n\ndef test_a() -> None:\n    assert 1 == 2\n")
    assert green.atomci("run", "local_ci").code == 1


@pytest.mark.parametrize("wrong", ["", WRONG_TYPE])
def test_an_override_that_is_over_makes_the_run_red(green, wrong: str) -> None:
    """Also where the gate was green a moment ago, and no file of an atom has changed since."""
    if wrong:
        green.append("src/demo/words.py", wrong)
    override(green, MYPY, -1)
    said = f"its override expired on {day(-1)}: {REASON}"

    done = green.atomci("run", "local_ci", "--json")
    shown = green.atomci("run", "local_ci")

    assert (done.code, shown.code) == (1, 1)
    assert done.statuses[MYPY] == ("fail" if wrong else "pass")
    assert done.atoms[MYPY]["override"] == said
    assert last(done)["expired"] == {MYPY: said}
    assert "local_ci: red" in shown.out
    assert f"  {MYPY}: {said}" in shown.out.splitlines()
    gate = green.json("artifacts/gate.json")
    assert (gate["exit_code"], gate["verdict"]) == (1, "red")
    assert f"{MYPY}: {said}" in gate["reasons"]
    assert green.atomci("run", "run_ruff_lint").code == 0, "a run without the atom has nothing to do with it"


class InFourDays(datetime):
    """A clock that is ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return datetime.now(tz) + timedelta(days=4)


def test_a_kept_verdict_does_not_outlive_an_override(green, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate is green and kept; then days go by, and nothing else changes."""
    override(green, MYPY, 3)
    assert green.atomci("run", "local_ci").code == 0
    kept = green.atomci("run", "local_ci", "--json")
    assert "compute_local_ci_exit_code" in kept.cached
    monkeypatch.setattr("atomci.deadlines.datetime", InFourDays)

    done = green.atomci("run", "local_ci", "--json")

    assert done.code == 1, done.out + done.err
    assert MYPY in done.cached, "no file has changed"
    assert last(done)["expired"].keys() == {MYPY}
    assert green.json("artifacts/gate.json")["verdict"] == "red"


def test_the_verdict_itself_cannot_be_overridden(green) -> None:
    override(green, "compute_local_ci_exit_code")
    done = green.atomci("run", "local_ci")
    assert done.code == 2
    assert "compute_local_ci_exit_code judges the others" in done.err
    assert "override the atom that is red" in done.err


GOOD = {"atom": f'"{MYPY}"', "reason": '"r"', "owner": '"o"', "until": day(5)}

# What is wrong: the key, its value (None: left out), the line below the table's own, what is said.
BAD = {
    "no reason": ("reason", None, 0, "tool.atomci.override: Object missing required field `reason`"),
    "an empty reason": ("reason", '" "', 2, "tool.atomci.override.reason: is empty"),
    "no owner": ("owner", None, 0, "missing required field `owner`"),
    "an empty owner": ("owner", '""', 3, "tool.atomci.override.owner: is empty"),
    "no date": ("until", None, 0, "missing required field `until`"),
    "no such day": ("until", '"soon"', 4, "tool.atomci.override.until: "),
    "too far": ("until", day(92), 4, "is more than 90 days ahead"),
    "no such atom": ("atom", '"run_mypy_typechek"', 1, "no atom is called 'run_mypy_typechek'"),
    "no such key": ("since", "2026-01-01", 5, "tool.atomci.override.since: unknown key; known: atom, reason"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_table_is_refused_with_its_line(sample, name: str) -> None:
    key, value, line, said = BAD[name]
    rows = {**GOOD, key: value}
    tables = [GOOD | {"atom": '"run_black_check"'}, {k: v for k, v in rows.items() if v is not None}]
    for table in tables:
        text = "".join(f"{k} = {v}\n" for k, v in table.items())
        sample.append("pyproject.toml", f"\n[[tool.atomci.override]]\n{text}")
    lines = sample.read("pyproject.toml").splitlines()
    start = len(lines) - lines[::-1].index("[[tool.atomci.override]]")

    done = sample.atomci("run", "triage")

    assert done.code == 2
    assert done.err.startswith(f"error: pyproject.toml:{start + line}: ")
    assert said in done.err
    assert not (sample.root / "artifacts").exists(), "nothing has run"


def test_two_for_one_atom_are_refused(sample) -> None:
    override(sample, MYPY)
    override(sample, MYPY, 40)
    done = sample.atomci("run", "triage")
    assert (done.code, f"{MYPY} has an override already" in done.err) == (2, True)


# --- atom_108 -----------------------------------------------------------------------------------


@pytest.fixture
def project(sample) -> Any:
    """The sample with a playbook for each kind of failure."""
    for kind in ("static", "unit", "integration", "e2e", "infra"):
        sample.write(f"docs/playbooks/{kind}.md", f"# {kind}\n\nMend it. Owner: ada.\n")
    return sample


def answer(project: Any) -> tuple[str, str]:
    (row,) = json.loads(project.atomci("check", OVERRIDES, "--json").out)["atoms"]
    return row["status"], "\n".join(row["evidence"])


def test_it_records_who_why_and_until_when(project) -> None:
    override(project, MYPY, 10)
    done = project.atomci("run", OVERRIDES, "--json")
    assert done.statuses == {OVERRIDES: "pass"}
    assert project.json("artifacts/overrides.json")["overrides"] == [
        {"atom": MYPY, "owner": "ada@example.com", "reason": REASON, "until": day(10), "days_left": 10}
    ]
    status, evidence = answer(project)
    assert status == "holds"
    line = project.line_of("pyproject.toml", "until = ")
    assert f"pyproject.toml:{line}: {MYPY} is overridden until {day(10)}" in evidence
    assert "(ada@example.com, 10 days left)" in evidence
    assert "docs/playbooks/e2e.md:3: its owner: ada" in evidence


def test_without_any_it_says_so(project) -> None:
    assert project.atomci("run", OVERRIDES).code == 0
    assert project.json("artifacts/overrides.json")["overrides"] == []
    assert answer(project)[1].startswith("nothing is overridden")


def test_one_that_is_over_is_told_with_its_line(project) -> None:
    override(project, "run_pytest_e2e", -3)
    done = project.atomci("run", OVERRIDES, "--json")
    assert (done.code, done.statuses) == (1, {OVERRIDES: "fail"})
    (found,) = done.atoms[OVERRIDES]["findings"]
    line = project.line_of("pyproject.toml", "until = ")
    assert (found["path"], found["line"]) == ("pyproject.toml", line)
    assert project.json("artifacts/overrides.json")["overrides"][0]["days_left"] == -3
    status, evidence = answer(project)
    assert (status, f"its override expired on {day(-3)}" in evidence) == ("broken", True)


@pytest.mark.parametrize("kind", ["static", "unit", "integration", "e2e", "infra"])
def test_each_kind_of_failure_needs_a_page_with_an_owner(project, kind: str) -> None:
    path = f"docs/playbooks/{kind}.md"
    project.write(path, f"# {kind}\n\nMend it. Owner: \n\n")
    assert answer(project) == ("broken", f"{path}:1: names no owner: add a line `Owner: WHO`")
    project.delete(path)
    assert answer(project) == ("broken", f"{path}: missing")
    assert project.atomci("run", OVERRIDES).code == 1
