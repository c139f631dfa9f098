"""A ruleset of a file beside GitHub's: what is compared, and that a merge does what a comparison names."""

from __future__ import annotations

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from atomci.forge.rulesets import compare, declared, merged

ROOT = Path(__file__).parents[3]
FILE: dict[str, Any] = json.loads(
    (ROOT / "tests/golden/service-full/.github/rulesets/default-branch.json").read_text(encoding="utf-8")
)
RULES = FILE["rules"]


def params(ruleset: dict[str, Any], kind: str) -> dict[str, Any]:
    (rule,) = [rule for rule in ruleset["rules"] if rule["type"] == kind]
    found: dict[str, Any] = rule["parameters"]
    return found


def loosen(live: dict[str, Any]) -> None:
    live["bypass_actors"] = [{"actor_id": 1, "actor_type": "Team", "bypass_mode": "always"}]


def exclude(live: dict[str, Any]) -> None:
    live["conditions"]["ref_name"] = {"include": ["refs/heads/x"], "exclude": ["refs/heads/y"]}


def sign(live: dict[str, Any]) -> None:
    live["rules"].insert(0, {"type": "required_signatures"})


def fewer_rules(live: dict[str, Any]) -> None:
    live["rules"] = live["rules"][2:]


def no_approval(live: dict[str, Any]) -> None:
    params(live, "pull_request")["required_approving_review_count"] = 0


def other_check(live: dict[str, Any]) -> None:
    params(live, "required_status_checks")["required_status_checks"] = [{"context": "x"}]


def app_of_check(live: dict[str, Any]) -> None:
    for check in params(live, "required_status_checks")["required_status_checks"]:
        check["integration_id"] = 1


def disable(live: dict[str, Any]) -> None:
    live["enforcement"] = "disabled"


def no_conditions(live: dict[str, Any]) -> None:
    live.pop("conditions", None)


CHANGES = (loosen, exclude, sign, fewer_rules, no_approval, other_check, app_of_check, disable, no_conditions)


def lives() -> list[dict[str, Any]]:
    """GitHub's ruleset, changed in every two ways."""
    found = []
    for changes in itertools.permutations(CHANGES, 2):
        if changes == (no_conditions, exclude):
            continue
        live = {"id": 3, "source_type": "Repository", "_links": {}, **copy.deepcopy(FILE)}
        for change in changes:
            change(live)
        found.append(live)
    return found


@pytest.mark.parametrize("live", lives())
def test_a_merge_leaves_only_what_github_had_beyond_the_file(live: dict[str, Any]) -> None:
    before = copy.deepcopy(live)
    extra = [str(d) for d in compare(FILE, live) if d.kind == "extra"]
    body = merged(FILE, live, prune=False)
    assert [str(d) for d in compare(FILE, body)] == extra
    assert merged(FILE, body, prune=False) == body
    assert {rule["type"] for rule in body["rules"]} >= {rule["type"] for rule in live["rules"]}
    assert "id" not in body
    assert live == before


@pytest.mark.parametrize("live", lives())
def test_a_merge_that_prunes_leaves_no_difference(live: dict[str, Any]) -> None:
    body = merged(FILE, live, prune=True)
    assert compare(FILE, body) == []
    assert [rule["type"] for rule in body["rules"]] == [rule["type"] for rule in RULES]


def test_equal_ones_do_not_differ_whatever_github_adds_and_in_any_order() -> None:
    live = {"id": 1, "updated_at": "x", **copy.deepcopy(FILE)}
    live["rules"].reverse()
    params(live, "pull_request")["automatic_copilot_code_review_enabled"] = False
    assert compare(FILE, live) == []
    assert merged(FILE, live, prune=False)["rules"][0]["type"] == RULES[0]["type"]


def test_each_difference_leads_to_its_place_in_the_file() -> None:
    live = copy.deepcopy(FILE)
    no_approval(live)
    (difference,) = compare(FILE, live)
    found: Any = FILE
    for key in difference.keys:
        found = found[key]
    assert found == difference.wanted == 1
    assert str(difference) == "pull_request.required_approving_review_count is 0 on GitHub, 1 here"


def test_only_a_list_that_lets_more_through_loosens() -> None:
    live = copy.deepcopy(FILE)
    for change in (loosen, sign):
        change(live)
    live["conditions"]["ref_name"] = {
        "include": ["~DEFAULT_BRANCH", "refs/heads/x"],
        "exclude": ["refs/heads/y"],
    }
    assert {d.label: d.loosens for d in compare(FILE, live)} == {
        "bypass_actors[Team 1]": True,
        "conditions.ref_name.include[refs/heads/x]": False,
        "conditions.ref_name.exclude[refs/heads/y]": True,
        "required_signatures": False,
    }


def test_who_may_bypass_is_unknown_where_github_does_not_say() -> None:
    live = copy.deepcopy(FILE)
    del live["bypass_actors"]
    assert [(d.label, d.kind) for d in compare(FILE, live)] == [("bypass_actors", "unknown")]
    quiet = {key: value for key, value in FILE.items() if key != "bypass_actors"}
    assert compare(quiet, live) == []


def test_an_actor_whose_way_of_bypassing_differs_is_not_there_twice() -> None:
    def actor(mode: str) -> dict[str, Any]:
        return {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": mode}

    file, live = ({**FILE, "bypass_actors": [actor(mode)]} for mode in ("pull_request", "always"))
    (difference,) = compare(file, live)
    assert difference.label == "bypass_actors[RepositoryRole 5].bypass_mode"
    assert merged(file, live, prune=False)["bypass_actors"] == [actor("pull_request")]


def test_the_check_of_the_same_app_is_the_one_that_is_compared() -> None:
    file, live = copy.deepcopy(FILE), copy.deepcopy(FILE)
    params(file, "required_status_checks")["required_status_checks"] = [{"context": "a", "integration_id": 2}]
    both = [{"context": "a", "integration_id": 1}, {"context": "a", "integration_id": 2}]
    params(live, "required_status_checks")["required_status_checks"] = both
    assert [d.kind for d in compare(file, live)] == ["extra"]


def test_what_is_allowed_is_one_value_and_its_order_means_nothing() -> None:
    file, live = copy.deepcopy(FILE), copy.deepcopy(FILE)
    params(file, "pull_request")["allowed_merge_methods"] = ["squash", "rebase"]
    params(live, "pull_request")["allowed_merge_methods"] = ["rebase", "squash"]
    assert compare(file, live) == []
    params(live, "pull_request")["allowed_merge_methods"].append("merge")
    assert [d.kind for d in compare(file, live)] == ["differs"]
    body = merged(file, live, prune=False)
    assert params(body, "pull_request")["allowed_merge_methods"] == ["squash", "rebase"]


def test_a_parameter_that_github_leaves_out_is_off() -> None:
    live = copy.deepcopy(FILE)
    for name in ("require_last_push_approval", "require_code_owner_review"):
        del params(live, "pull_request")[name]
    assert [str(d) for d in compare(FILE, live)] == [
        "pull_request.require_code_owner_review is missing on GitHub"
    ]


def test_a_file_is_sent_without_what_an_export_adds() -> None:
    assert declared({"id": 1, "source": "o/r", "node_id": "x", **FILE}) == FILE
