"""Rows of third-party atoms that don't fit: each is told, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from atomci.atoms.loading.plugin_rows import problems_of_all, problems_of_one
from atomci.atoms.loading.plugins import PluginAtom
from atomci.catalog import Atom
from atomci.engine.context import Context, Outcome

ROW = Atom(1001, "check_words", 4, "Words are checked")


def run(ctx: Context) -> Outcome:
    """What it would do."""
    return Outcome("pass", "", 1)


PLUGIN = PluginAtom(ROW, run, pipelines=("local_ci",))
OTHER = PluginAtom(Atom(1002, "check_links", 4, ""), run)


def test_a_good_row_has_no_problem() -> None:
    row = ROW._replace(needs=("run_ruff_lint",), after=("not_installed",), writes=("artifacts/words/",))
    plugin = replace(PLUGIN, atom=row)
    assert [*problems_of_one(plugin, {}), *problems_of_all({"check_words": plugin})] == []


@pytest.mark.parametrize(
    ("change", "what", "hint"),
    [
        ({"number": 31}, "number 31 is taken", "numbers start at 1000"),
        ({"number": 1002}, "number 1002 is taken", "numbers start at 1000"),
        ({"number": 999}, "number 999 is taken", "numbers start at 1000"),
        ({"name": "run_ruff_lint"}, "name run_ruff_lint or number 1001 is taken", ""),
        ({"name": "Run_Ruff_Lint"}, "name Run_Ruff_Lint or number 1001 is taken", ""),
        ({"name": "check_links"}, "name check_links or number 1001 is taken", ""),
        ({"name": "../check"}, "'../check' can't be an atom's name", "such as check_words"),
        ({"name": "atom_031"}, "'atom_031' can't be an atom's name", ""),
        ({"name": "phase_04"}, "'phase_04' can't be an atom's name", ""),
        ({"name": ""}, "'' can't be an atom's name", ""),
        ({"name": "triage"}, "triage is a pipeline's name", "give it another one"),
        ({"phase": 21}, "there is no phase 21", "they go from 0 to 20"),
        ({"phase": -1}, "there is no phase -1", ""),
        ({"number": "1001"}, "number: Expected `int`, got `str`", ""),
        ({"needs": "run_ruff_lint"}, "needs: Expected `array`, got `str`", ""),
        ({"reads": (1,)}, "reads: Expected `str`, got `int`", ""),
        ({"effect": "slow"}, "effect: Invalid enum value 'slow'", ""),
        ({"last": True}, "last is for the atom that judges the gate", "leave it out"),
        ({"always": "no"}, "always: Expected `bool`, got `str`", ""),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_row_is_named(change: dict[str, Any], what: str, hint: str) -> None:
    first = next(problems_of_one(replace(PLUGIN, atom=ROW._replace(**change)), {"check_links": OTHER}))
    assert what in first.what
    assert hint in first.hint


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"atom": ("check_words", 4)}, "its atom isn't an atomci.catalog.Atom"),
        ({"run": None}, "its run can't be called: None"),
        ({"check": "word_check:check"}, "its check can't be called"),
        ({"commands": ()}, "its commands can't be called: ()"),
        ({"pipelines": "local_ci"}, "pipelines: Expected `array`, got `str`"),
        ({"pipelines": ("local-ci",)}, "no pipeline is called local-ci"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_plugin_is_named(change: dict[str, Any], what: str) -> None:
    assert what in next(problems_of_one(replace(PLUGIN, **change), {})).what


@pytest.mark.parametrize(
    ("change", "what", "hint"),
    [
        ({"needs": ("nope",)}, "needs nope, and no atom has this name", "atomci list"),
        ({"needs": ("run_rufflint",)}, "needs run_rufflint", "did you mean run_ruff_lint?"),
        ({"needs": ("check_words",)}, "goes round in a circle: check_words -> check_words", ""),
        ({"needs": ("check_links",)}, "goes round in a circle: ", ""),
        ({"after": ("check_links",)}, "goes round in a circle: ", ""),
        (
            {"needs": ("compute_local_ci_exit_code",)},
            "comes after its verdict, compute_local_ci",
            "leave local_ci",
        ),
        ({"after": ("compute_local_ci_exit_code",)}, "joins local_ci, and comes after its verdict", ""),
        (
            {"writes": ("artifacts/gate.json",)},
            "compute_local_ci_exit_code writes artifacts/gate.json",
            "a path of",
        ),
        ({"writes": ("artifacts/findings/",)}, "writes artifacts/findings/, and run_ruff_lint writes", ""),
        ({"writes": ("artifacts/reports/htmlcov/a",)}, "artifacts writes artifacts/reports/htmlcov/", ""),
        ({"writes": ("artifacts/links.json",)}, "check_links writes artifacts/links.json", ""),
        ({"writes": ("artifacts/",)}, "writes 'artifacts/'", "below artifacts/"),
        ({"writes": ("artifacts/../src/",)}, "writes 'artifacts/../src/'", "below artifacts/"),
        ({"writes": ("artifacts/runs/x.json",)}, "every run writes artifacts/runs/", ""),
        ({"writes": ("artifacts/atoms/run_ruff_lint.json",)}, "every run writes artifacts/atoms/", ""),
    ],
    ids=str,
)
def test_what_does_not_fit_the_other_atoms_is_named(change: dict[str, Any], what: str, hint: str) -> None:
    links = OTHER.atom._replace(needs=("check_words",), writes=("artifacts/links.json",))
    plugins = {
        "check_words": replace(PLUGIN, atom=ROW._replace(**change)),
        "check_links": replace(OTHER, atom=links),
    }
    first = next(problems_of_all(plugins))
    assert what in first.what
    assert hint in first.hint
