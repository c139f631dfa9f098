"""Changes that were written without having seen the rules: each is judged right, but for those known to cost."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from atomci.fix.judging import refusals
from atomci.fix.proposal import Edit, Patch, Side
from atomci.fix.rules.bounds import Allowance

ROWS = tomllib.loads((Path(__file__).parents[2] / "fixtures/fix/blind.toml").read_text(encoding="utf-8"))[
    "patch"
]
# A token that is a secret by its shape isn't committed, not even a made-up one.
TOKEN = "ghp_" + "x9Kd82mQ" * 4 + "Zp4T"
REFUSED = [row for row in ROWS if "refused" in row]
HONEST = [row for row in ROWS if not {"refused", "passes"} & row.keys()]
PASSING = [row for row in ROWS if "passes" in row]


def proposal(row: dict[str, Any]) -> Patch:
    sides = [row.get(side, {}) for side in ("before", "after")]
    changes = [
        Edit(path, *(_side(side, path) for side in sides)) for path in sorted({**sides[0], **sides[1]})
    ]
    return Patch(changes, {path: Side(text.encode()) for path, text in row.get("with", {}).items()})


def _side(files: dict[str, str], path: str) -> Side | None:
    return Side(files[path].replace("ghp_SECRET", TOKEN).encode()) if path in files else None


@pytest.mark.parametrize("row", REFUSED, ids=[row["name"] for row in REFUSED])
def test_a_gamed_change_is_refused_by_its_rule(row: dict[str, Any]) -> None:
    assert row["refused"] in {refusal.rule for refusal in refusals(proposal(row), Allowance())}


@pytest.mark.parametrize("row", HONEST, ids=[row["name"] for row in HONEST])
def test_an_honest_change_is_not_refused(row: dict[str, Any]) -> None:
    assert refusals(proposal(row), Allowance()) == ()


@pytest.mark.parametrize("row", PASSING, ids=[row["name"] for row in PASSING])
def test_a_trick_that_the_docs_say_passes_does(row: dict[str, Any]) -> None:
    assert refusals(proposal(row), Allowance()) == ()
