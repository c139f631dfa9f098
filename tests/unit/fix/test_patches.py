"""Changes that game the checks are refused by the rule that is for them; honest ones aren't."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from atomci.fix.judging import refusals
from atomci.fix.proposal import Edit, Patch, Side
from atomci.fix.rules.bounds import Allowance

CORPUS = tomllib.loads((Path(__file__).parents[2] / "fixtures/fix/patches.toml").read_text(encoding="utf-8"))
WITHIN = Allowance(scope=("src/**", "tests/**", "*.toml", "*.ini", "*.py", ".coveragerc"))
# A token that is a secret by its shape isn't committed, not even a made-up one.
TOKEN = "ghp_" + "x9Kd82mQ" * 4 + "Zp4T"
GAMED = [row for row in CORPUS["patch"] if "refused" in row]
HONEST = [row for row in CORPUS["patch"] if "refused" not in row]


def proposal(row: dict[str, Any]) -> Patch:
    after = dict(CORPUS["base"])
    for edit in row["edit"]:
        path, new = edit["path"], edit.get("new", "").replace("ghp_SECRET", TOKEN)
        if "old" in edit:
            assert after[path].count(edit["old"]) == 1, f"{edit['old']!r} isn't there once"
            after[path] = after[path].replace(edit["old"], new)
        elif "new" in edit:
            after[path] = new
        else:
            del after[path]
    changes = [
        Edit(
            path,
            *(Side(texts[path].encode()) if path in texts else None for texts in (CORPUS["base"], after)),
        )
        for path in sorted(after | CORPUS["base"])
        if CORPUS["base"].get(path) != after.get(path)
    ]
    assert changes, "it changes nothing"
    return Patch(changes)


@pytest.mark.parametrize("row", GAMED, ids=[row["name"] for row in GAMED])
def test_a_gamed_change_is_refused_by_its_rule(row: dict[str, Any]) -> None:
    assert row["refused"] in {refusal.rule for refusal in refusals(proposal(row), WITHIN)}


@pytest.mark.parametrize("row", HONEST, ids=[row["name"] for row in HONEST])
def test_an_honest_change_is_not_refused(row: dict[str, Any]) -> None:
    assert refusals(proposal(row), WITHIN) == ()
