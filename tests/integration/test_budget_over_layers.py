"""A coverage budget that counts over several layers of tests, with real pytest and coverage."""

import json

import pytest
from layered_project import layered

GATE = "enforce_coverage_budget"
TOGETHER = "generate_coverage_xml_html"
RUN = "run_pytest_unit_with_coverage"
LATER = """

def later(text: str) -> str:
    if not text:
        return "nothing"
    return text + "!"
"""
TEST = """

def test_later():
    from demo.words import later

    assert later("a") + later("") == "a!nothing"
"""
COUNTED = '\n[tool.atomci.coverage]\nlayers = ["unit", "integration"]\n'


@pytest.fixture
def together(real_sample):
    """A project of which the unit tests alone cover too little."""
    layered(real_sample)
    real_sample.append("src/demo/words.py", LATER)
    real_sample.append("tests/integration/test_world.py", TEST)
    real_sample.replace("pyproject.toml", "fail_under = 80", "fail_under = 100")
    real_sample.append("pyproject.toml", COUNTED)
    real_sample.commit()
    return real_sample


def test_the_budget_is_judged_where_all_its_layers_ran_and_nowhere_else(together) -> None:
    done = together.atomci("run", RUN, "stage2_unit_tests", "--json")
    why = "the budget counts over unit and integration: atomci run unit integration reports"
    assert done[GATE] == ("skipped", f"not judged here: {why}")
    assert (done.code, done["stage2_unit_tests"][0]) == (0, "pass")
    assert why in done["stage2_unit_tests"][1]
    alone = together.atomci("run", TOGETHER, "--only", "--json")
    assert alone[TOGETHER][0] == "skipped"
    assert alone[TOGETHER][1].startswith("the budget isn't judged: integration: ")
    assert alone[TOGETHER][1].endswith("atomci run integration reports; reports of unit")
    done = together.atomci("run", "run_pytest_integration", TOGETHER, "--json")
    assert done[TOGETHER] == (
        "pass",
        "unit and integration together: 100.00 % covered, budget 100 %",
    ), done.out
    assert together.json("artifacts/tests/coverage.all.json")["layers"] == ["unit", "integration"]
    assert together.atomci("check", TOGETHER).code == 0
    said = "unit and integration together: 100.00 % covered, budget 100 %"
    again = together.atomci("run", "run_pytest_integration", TOGETHER, "--json")
    assert TOGETHER in again.cached
    assert json.loads(together.atomci("report", "--json").out)["coverage"]["said"] == said
    answer = together.atomci("run", "unit_coverage_meets_threshold", "--json")
    assert "unit and integration together: 100.00 %" in answer.out
    together.append("src/demo/words.py", "\n\ndef unused() -> int:\n    return 1\n")
    done = together.atomci("run", TOGETHER, "--only", "--json")
    assert (done[TOGETHER][0], "the budget isn't judged: unit: " in done[TOGETHER][1]) == ("skipped", True)
    done = together.atomci("run", RUN, "run_pytest_integration", TOGETHER, "--json")
    assert (done.code, done[TOGETHER][0]) == (1, "fail")
    assert "src/demo/words.py" in done.out


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("layers = []", 'coverage.layers: name at least one: layers = ["unit"]'),
        ('layers = ["unit", "unit"]', "coverage.layers: name each layer once"),
        ('layers = ["units"]', "coverage.layers: "),
        ("changed_lines = 101", "coverage.changed_lines: give percent: from 0 to 100"),
        ("changed_lines = nan", "coverage.changed_lines: give percent: from 0 to 100"),
        ('changed_lines = "90 %"', "coverage.changed_lines: "),
        ("changed = 90", "coverage.changed: unknown key; known: layers, changed_lines"),
    ],
)
def test_a_setting_that_means_nothing_is_refused_with_its_line(sample, table: str, said: str) -> None:
    sample.append("pyproject.toml", f"\n[tool.atomci.coverage]\n{table}\n")
    done = sample.atomci("run", GATE, "--dry-run")
    assert done.code == 2
    assert f"tool.atomci.{said}" in done.err
    assert f"pyproject.toml:{len(sample.read('pyproject.toml').splitlines())}: " in done.err
