"""Which rulesets hold for the default branch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from atomci.configuration.ci.rulesets import covering, required_checks
from atomci.configuration.documents import json_document


def holds(
    folder: Path, branch: str, include: list[str], exclude: list[str] | None = None, **more: Any
) -> bool:
    names = {"include": include, "exclude": exclude or []}
    ruleset = {"name": "a", "enforcement": "active", "conditions": {"ref_name": names}, "rules": [], **more}
    (folder / "a.json").write_text(json.dumps(ruleset), encoding="utf-8")
    return bool(covering([json_document(folder, "a.json")], branch))


@pytest.mark.parametrize(
    ("branch", "pattern", "wanted"),
    [
        ("main", "~DEFAULT_BRANCH", True),
        ("main", "~ALL", True),
        ("main", "refs/heads/main", True),
        ("main", "refs/heads/*", True),
        ("main", "refs/heads/m??n", True),
        ("main", "refs/heads/Main", False),
        ("main", "main", False),
        ("main", "refs/tags/*", False),
        ("main", "refs/heads/*/*", False),
        ("release/1.0", "refs/heads/release/*", True),
        ("release/1.0", "refs/heads/*", False),
        ("release/1.0", "refs/heads/**", True),
    ],
)
def test_a_pattern_takes_in_the_branch_or_not(
    tmp_path: Path, branch: str, pattern: str, wanted: bool
) -> None:
    assert holds(tmp_path, branch, [pattern]) is wanted
    assert holds(tmp_path, branch, ["refs/heads/other", pattern]) is wanted
    assert holds(tmp_path, branch, ["~ALL"], [pattern]) is not wanted


def test_only_an_active_ruleset_for_branches_holds(tmp_path: Path) -> None:
    assert holds(tmp_path, "main", ["~ALL"])
    assert holds(tmp_path, "main", ["~ALL"], target="branch")
    for target in ("tag", "push"):
        assert not holds(tmp_path, "main", ["~ALL"], target=target)
    for enforcement in ("evaluate", "disabled"):
        assert not holds(tmp_path, "main", ["~ALL"], enforcement=enforcement)
    assert not holds(tmp_path, "main", [])
    assert not holds(tmp_path, "main", ["~ALL"], conditions={})


def test_required_checks_come_with_their_lines(tmp_path: Path) -> None:
    rule = {"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "a"}]}}
    (tmp_path / "a.json").write_text(json.dumps({"rules": [{"type": "deletion"}, rule]}, indent=1))
    text = (tmp_path / "a.json").read_text(encoding="utf-8").splitlines()
    ((place, context),) = required_checks(json_document(tmp_path, "a.json"))
    assert context == "a"
    assert '"context": "a"' in text[place.line - 1]
