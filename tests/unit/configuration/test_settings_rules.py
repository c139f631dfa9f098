"""pyproject.toml: pytest, coverage and the static tools (atoms 014 to 016)."""

import tomllib

import pytest

from atomci.analysis.table import ATOMS
from atomci.configuration import coverage_settings, pytest_settings, static_settings
from atomci.configuration.documents import Document

MARKERS = 'markers = ["unit: a", "integration(x): b", "e2e", "contracts: c", "generated"]\n'


def parsed(text: str) -> Document:
    return Document("pyproject.toml", text, tomllib.loads(text), {})


def pytest_problems(text: str, plugin: str | None = "2.4") -> list[str]:
    return [str(fact) for fact in pytest_settings.facts(parsed(text), (), plugin) if not fact.ok]


def static_problems(text: str) -> list[str]:
    return [
        str(fact) for fact in static_settings.facts(parsed(text), tuple(ATOMS.values()), ()) if not fact.ok
    ]


@pytest.mark.parametrize(
    "settings",
    [
        "[tool.pytest.ini_options]\naddopts = '-ra --strict-markers'\ntimeout = '30'\n" + MARKERS,
        "[tool.pytest.ini_options]\naddopts = ['--strict-markers', '--timeout=30']\ntimeout = 0\n" + MARKERS,
        "[tool.pytest]\nstrict = true\ntimeout = 30\n" + MARKERS,
        "[tool.pytest]\nstrict_markers = true\ntimeout = 1.5\n" + MARKERS,
        "[tool.pytest.ini_options]\naddopts = '--strict-markers'\ntimeout = 30\n"
        "markers = '''\nunit: a\nintegration: b\ne2e: c\ncontracts: d\ngenerated: e\n'''\n",
    ],
)
def test_pytest_s_spellings_of_the_same_settings_hold(settings: str) -> None:
    assert pytest_problems(settings) == []


@pytest.mark.parametrize("timeout", ["true", "-1", "'soon'", "0", "''"])
def test_a_timeout_that_limits_nothing_is_a_problem(timeout: str) -> None:
    text = f"[tool.pytest.ini_options]\naddopts = '--strict-markers'\ntimeout = {timeout}\n" + MARKERS

    assert [line for line in pytest_problems(text) if "is no limit" in line]


def test_a_timeout_without_its_plugin_is_a_problem() -> None:
    text = "[tool.pytest.ini_options]\naddopts = '--strict-markers'\ntimeout = 30\n" + MARKERS

    assert ["pytest-timeout" in line for line in pytest_problems(text, plugin=None)] == [True]


@pytest.mark.parametrize("budget", ["101", "true", "-5", "'90'"])
def test_a_coverage_budget_is_a_percentage(budget: str) -> None:
    text = f"[tool.coverage.report]\nfail_under = {budget}\n"

    facts = coverage_settings.facts(parsed(text), ())

    assert [fact for fact in facts if "there is no budget" in str(fact) and not fact.ok]


def project(requires: str = ">=3.11", **tools: str) -> str:
    tables = {"ruff": "", "black": "", "mypy": "strict = true\npython_version = '3.11'"} | tools
    text = f"[project]\nname = 'my-app'\nrequires-python = '{requires}'\n"
    return text + "".join(f"[tool.{name}]\n{body}\n" for name, body in tables.items())


def test_tools_that_follow_requires_python_by_themselves_hold() -> None:
    assert static_problems(project()) == []


def test_defaults_count_as_what_the_tools_take_them_for() -> None:
    assert static_problems(project(ruff="line-length = 88")) == []
    assert [
        "black's line length is 88, ruff's is 90" in line
        for line in static_problems(project(ruff="line-length = 90"))
    ]


def test_black_s_oldest_target_decides() -> None:
    assert static_problems(project(black="target-version = ['py313', 'py311']")) == []
    (line,) = static_problems(project(black="target-version = ['py39', 'py311']"))
    assert "black targets 3.9, not 3.11" in line


def test_ruff_s_style_rule_must_not_differ_from_its_formatter() -> None:
    (line,) = static_problems(project(ruff="lint.pycodestyle.max-line-length = 120"))
    assert "over 120" in line


def test_overrides_may_be_lax_for_others_but_not_for_the_project_s_own_code() -> None:
    override = "\n[[tool.mypy.overrides]]\nmodule = {}\ndisallow_untyped_defs = false"
    others = static_problems(project() + override.format("['numpy.*', 'tests.*']"))
    own = static_problems(project() + override.format("['numpy.*', 'my_app.core']"))
    everything = static_problems(project() + override.format("'*'"))

    assert others == []
    assert ["for my_app.core" in line for line in own] == [True]
    assert ["for *" in line for line in everything] == [True]


def test_strict_taken_back_by_another_setting_is_a_problem() -> None:
    text = project(
        mypy="strict = true\npython_version = '3.11'\nimplicit_reexport = true\nstrict_equality = false"
    )

    assert len(static_problems(text)) == 2


def test_a_project_without_a_lower_bound_has_no_target() -> None:
    (line,) = static_problems(project(requires="<4"))
    assert "names no oldest Python: '<4'" in line


@pytest.mark.parametrize("specifier", [">=3", ">=2.7", "<4", ""])
def test_a_range_without_an_end_below_names_no_oldest_python(specifier: str) -> None:
    text = f"[project]\nrequires-python = '{specifier}'\n[tool.mypy]\nstrict = true\npython_version = '3.0'\n"
    assert any("requires-python names no oldest Python" in line for line in static_problems(text))
