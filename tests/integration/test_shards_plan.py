"""atom_110: the plan, its proof against what is collected now, and the workflow of docs/shards.md."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CI = ".github/workflows/ci.yml"
SHARDS = "artifacts/performance/shards.json"
NAME = "shard_and_parallelize_tests_where_safe"
COUNT = 4


def page_blocks(language: str) -> list[str]:
    text = (ROOT / "docs/shards.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def divided_workflow() -> str:
    """The rendered workflow with the page's jobs, and with the edits that the page asks for."""
    text = (ROOT / "tests/golden/library" / CI).read_text(encoding="utf-8")
    (jobs,) = page_blocks("yaml")
    before, rest = text.split("  unit:\n", 1)
    after = rest[rest.index("  integration:\n") :]
    result = "${{ needs.unit.result }}"
    for old, new in (
        ("    needs: unit\n", "    needs: unit_coverage\n"),
        ("    needs: [lint_types, unit, ", "    needs: [lint_types, unit, unit_coverage, "),
        (result, f"{result} {result.replace('unit', 'unit_coverage')}"),
    ):
        assert old in after
        after = after.replace(old, new)
    return f"{before}{jobs}\n{after}"


def marked(project: Any) -> Any:
    """The sample with the marker, undivided."""
    old = 'addopts = ["--strict-markers"]'
    project.replace("pyproject.toml", old, f'{old}\nmarkers = ["slow: takes seconds"]')
    return project


def divided(single: Any) -> Any:
    """Divided over four jobs, as the page says."""
    table, *_ = [text for text in page_blocks("toml") if "shards" in text]
    assert tomllib.loads(table)["tool"]["atomci"]["shards"]["count"] == COUNT
    single.append("pyproject.toml", "\n" + table)
    single.write(
        "tests/durations.json",
        '{"seconds": 1.5, "tests": {"tests/unit/test_words.py::test_shout": 1.5}}',
    )
    single.write(CI, divided_workflow())
    shutil.copytree(ROOT / "tests/golden/library/.github/actions", single.root / ".github/actions")
    single.write("uv.lock", "version = 1\n")
    single.append("tests/unit/test_words.py", "\n\ndef test_again() -> None: ...\n")
    single.commit()
    return single


@pytest.fixture
def single(real_sample) -> Any:
    return marked(real_sample)


@pytest.fixture
def project(single) -> Any:
    return divided(single)


@pytest.fixture(scope="module")
def after_its_plan(_pristine, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Divided, and its plan made; don't write into it."""
    project = divided(marked(_pristine.copy(tmp_path_factory.mktemp("planned") / "demo")))
    assert project.atomci("run", NAME).code == 0
    return project


@pytest.fixture
def planned(after_its_plan, tmp_path: Path) -> Any:
    """A copy, to break."""
    return after_its_plan.copy(tmp_path / "planned")


def answer(project: Any, atom: str = NAME) -> tuple[str, str]:
    (row,) = json.loads(project.atomci("check", atom, "--json").out)["atoms"]
    return row["status"], "\n".join(row["evidence"])


def test_one_shard_holds_when_slow_tests_can_be_marked(single) -> None:
    assert answer(single) == (
        "not run here yet",
        f"artifacts/atoms/{NAME}.json is missing: it hasn't run here",
    )

    done = single.atomci("run", NAME, "--json")

    assert (done.code, done.statuses[NAME], done.atoms[NAME]["examined"]) == (0, "pass", 4)
    assert done.atoms[NAME]["reason"] == "one shard of 4 tests, 0 of them slow"
    status, evidence = answer(single)
    assert status == "holds"
    assert "the marker slow is registered" in evidence


def test_an_unregistered_slow_marker_is_told(real_sample) -> None:
    done = real_sample.atomci("run", NAME, "--json")

    assert (done.code, done.statuses[NAME]) == (1, "fail")
    assert "the marker slow isn't registered" in done.atoms[NAME]["reason"]
    assert answer(real_sample)[0] == "broken"


def test_a_marker_that_a_conftest_registers_counts(real_sample) -> None:
    real_sample.write(
        "tests/conftest.py",
        "def pytest_configure(config):\n    config.addinivalue_line('markers', 'slow: takes seconds')\n",
    )

    assert real_sample.atomci("run", NAME).code == 0


def test_the_plan_holds_every_test_once_by_its_duration(project) -> None:
    done = project.atomci("run", NAME, "--json")

    assert (done.code, done.statuses[NAME]) == (0, "pass"), done.out
    plan = project.json(SHARDS)
    held = [test for shard in plan["shards"] for test in shard["ids"]]
    assert len(held) == len(set(held)) == done.atoms[NAME]["examined"] == 5
    # test_shout and its neighbour are longer than a fair share together, so each is on its own.
    assert (plan["count"], plan["balanced_by"], plan["imbalance"]) == (COUNT, "seconds", 1.6)
    assert [shard["seconds"] for shard in plan["shards"]] == [3.0, 1.5, 1.5, 1.5]
    assert answer(project)[0] == "holds"


def test_without_durations_seconds_are_unknown_and_not_zero(project) -> None:
    project.replace("pyproject.toml", 'durations = "tests/durations.json"\n', "")
    project.write("tests/unit/test_more.py", "def test_more() -> None: ...\n")

    done = project.atomci("run", NAME, "--json")

    assert done.code == 0
    assert "no duration is known" in done.atoms[NAME]["reason"]
    plan = project.json(SHARDS)
    assert (plan["balanced_by"], {shard["seconds"] for shard in plan["shards"]}) == ("tests", {None})


def test_the_shards_that_run_are_those_of_the_plan(planned) -> None:
    plan = planned.json(SHARDS)

    assert planned.atomci("run", "run_pytest_unit_with_coverage", "--shard", "3/4").code == 0

    assert planned.json("artifacts/tests/unit.json")["portion"]["ids"] == plan["shards"][2]["ids"]


def test_collecting_leaves_the_coverage_of_a_run_alone(project) -> None:
    project.replace("pyproject.toml", '"--strict-markers"', '"--strict-markers", "--cov=src", "-n2"')
    assert project.atomci("run", "run_pytest_unit_with_coverage").code == 0
    before = (project.root / "artifacts/tests/coverage.data").read_bytes()

    assert project.atomci("run", NAME).code == 0

    assert (project.root / "artifacts/tests/coverage.data").read_bytes() == before
    assert list(project.root.glob(".coverage*")) == []


def test_the_page_s_workflow_keeps_every_rule_of_ci(planned) -> None:
    planned.replace(
        "pyproject.toml",
        "\n[tool.black]",
        'classifiers = ["Programming Language :: Python :: 3.11"]\n\n[tool.black]',
    )
    wanted = [f"atom_{number:03d}" for number in (21, 47, 73, 74, 75, 77, 78, 109, 110)]
    rows = json.loads(planned.atomci("check", *wanted, "--json").out)["atoms"]

    assert {row["atom"]: row["evidence"] for row in rows if row["status"] != "holds"} == {}


def new_test(project: Any) -> None:
    project.append("tests/unit/test_rounding.py", "\n\ndef test_later() -> None: ...\n")


OLDER = {
    "a test that was collected later": (new_test, "tests/unit/test_rounding.py::test_later: in no shard"),
    "a test that is gone": (
        lambda p: p.replace("tests/unit/test_words.py", "def test_again", "def no_test"),
        "tests/unit/test_words.py::test_again: in a shard, but not in the suite",
    ),
    "a plan of another count": (
        lambda p: p.replace("pyproject.toml", "count = 4", "count = 3"),
        f"3 shards, and {SHARDS} has 4",
    ),
}
BROKEN = {
    "a plan with a test twice": (
        lambda p: p.replace(SHARDS, "test_words.py::test_again", "test_words.py::test_shout"),
        "tests/unit/test_words.py::test_shout: in more than one shard",
    ),
    "tests that can't be collected": (
        lambda p: p.append("tests/unit/test_words.py", "\n\nimport no_such_module\n"),
        "the unit tests can't be collected",
    ),
    "durations that aren't there": (
        lambda p: p.delete("tests/durations.json"),
        "tests/durations.json isn't there",
    ),
    "no workflow": (lambda p: p.delete(CI), f"{CI}: missing"),
    "a shard that no job runs": (
        lambda p: p.replace(CI, "shard: [1, 2, 3, 4]", "shard: [1, 2, 4]"),
        "unit doesn't run shard 3/4",
    ),
    "a shard too many": (
        lambda p: p.replace(CI, "shard: [1, 2, 3, 4]", "shard: [1, 2, 3, 4, 5]"),
        "unit runs 5/4, and pyproject.toml has 4 shards",
    ),
    "a job that isn't told": (
        lambda p: p.replace(CI, "ATOMCI_SHARD: ${{ matrix.shard }}/4", "OTHER: x"),
        "no job runs a shard of the unit tests",
    ),
    "nobody judges": (
        lambda p: p.replace(CI, " --shards-from artifacts/tests/shards", ""),
        "no job judges the shards together",
    ),
    "a judge that doesn't wait": (
        lambda p: p.replace(CI, "    needs: unit\n", "    needs: lint_types\n"),
        "unit_coverage judges the shards without waiting for unit",
    ),
}


@pytest.mark.parametrize("name", OLDER)
def test_a_plan_of_an_older_suite_is_out_of_date(planned, name: str) -> None:
    change, said = OLDER[name]
    change(planned)

    status, evidence = answer(planned)

    assert status == "out of date"
    assert said in evidence


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_proof_is_told(planned, name: str) -> None:
    damage, said = BROKEN[name]
    damage(planned)

    status, evidence = answer(planned)

    assert status == "broken"
    assert said in evidence


def test_more_shards_than_the_suite_has_parts_are_told(project) -> None:
    project.delete("tests/unit/test_words.py")
    project.delete("tests/unit/test_rounding.py")

    done = project.atomci("run", NAME, "--json")

    assert (done.code, done.statuses[NAME]) == (1, "fail")
    assert "shard 2 of 4 has no test: lower the count" in done.atoms[NAME]["reason"]


def test_a_suite_without_a_test_is_vacuous(single) -> None:
    single.delete("tests/unit")
    single.write("tests/unit/test_nothing.py", "")

    done = single.atomci("run", NAME, "--json")

    assert (done.code, done.statuses[NAME]) == (1, "vacuous")
