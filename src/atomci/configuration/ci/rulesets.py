"""atom_072: ruleset files that GitHub can take, and what they demand on the default branch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from atomci.configuration.ci.graph import Workflow, listed
from atomci.configuration.ci.workflow import roll_up_fact, roll_up_of
from atomci.configuration.documents import Document
from atomci.configuration.facts import Fact, Place, expect, problem, seen

__all__ = ["RULESETS", "covering", "protection_facts", "required_checks", "shape_facts"]

RULESETS = ".github/rulesets"
_ENFORCEMENTS = ("active", "disabled", "evaluate")
_TARGETS = ("branch", "tag", "push")
_STATUS_CHECKS = "required_status_checks"

RuleAt = tuple[Document, tuple[Any, ...]]


def shape_facts(rulesets: Sequence[Document], known: Collection[str]) -> Iterator[Fact]:
    """Whether GitHub could take each file; `known` are the keys that mean something."""
    names = Counter(str(ruleset.get("name")) for ruleset in rulesets)
    for ruleset in rulesets:
        wrong = [problem(ruleset.at(*keys), text) for keys, text in _misshapen(ruleset, known)]
        name = str(ruleset.get("name"))
        if names[name] > 1:
            wrong.append(problem(ruleset.at("name"), f"{name} names {names[name]} files' rulesets"))
        rules = [str(rule.get("type")) for _, rule in ruleset.rows("rules")]
        yield from wrong or [seen(ruleset.at("name"), f"{name}: {', '.join(rules) or 'no rules'}")]


def covering(rulesets: Sequence[Document], branch: str) -> list[Document]:
    """The active ones that hold for a branch, which is the default one."""
    return [ruleset for ruleset in rulesets if _covers(ruleset, branch)]


def required_checks(ruleset: Document) -> Iterator[tuple[Place, str]]:
    """Places and names of the status checks that a ruleset demands."""
    for _, keys in _rules([ruleset], _STATUS_CHECKS):
        where = (*keys, "parameters", _STATUS_CHECKS)
        for row, check in ruleset.rows(*where):
            yield ruleset.at(*where, row, "context"), str(check.get("context"))


def protection_facts(
    rulesets: Sequence[Document], workflow: Workflow, *, alone: bool = False
) -> Iterator[Fact]:
    """The default branch takes reviewed pull requests alone, in a line, once the roll-up is green.

    Who works `alone` has nobody to approve them, but pull requests they are all the same.
    """
    found = covering(rulesets, workflow.branch)
    if not found:
        yield problem(Place(rulesets[0].path, 1), f"no active ruleset is for {workflow.branch}")
        return
    for ruleset in found:
        yield seen(ruleset.at("conditions"), f"{ruleset.get('name')} holds for {workflow.branch}")
    yield _reviewed(found, alone=alone)
    linear = _rules(found, "required_linear_history")
    place = linear[0][0].at(*linear[0][1]) if linear else found[0].at("rules")
    yield expect(bool(linear), place, "history stays linear", "no rule required_linear_history")
    yield from _rolled_up(found, workflow)


def _misshapen(ruleset: Document, known: Collection[str]) -> Iterator[tuple[tuple[Any, ...], str]]:
    if not isinstance(ruleset.data, dict):
        yield (), "not a ruleset: expected a table"
        return
    for key in ruleset.data:
        if key not in known:
            yield (key,), f"{key} isn't a key of a ruleset"
    name = ruleset.get("name")
    if not isinstance(name, str) or not name.strip():
        yield ("name",), "a ruleset needs a name"
    if (enforcement := ruleset.get("enforcement")) not in _ENFORCEMENTS:
        yield ("enforcement",), f"enforcement is {enforcement}, not one of {', '.join(_ENFORCEMENTS)}"
    if (target := ruleset.get("target")) not in (None, *_TARGETS):
        yield ("target",), f"target is {target}, not one of {', '.join(_TARGETS)}"
    yield from _misshapen_rules(ruleset.get("rules"))


def _misshapen_rules(rules: Any) -> Iterator[tuple[tuple[Any, ...], str]]:
    if not isinstance(rules, list):
        yield ("rules",), "rules isn't a list"
        return
    types = [rule.get("type") if isinstance(rule, dict) else None for rule in rules]
    for index, kind in enumerate(types):
        if not isinstance(kind, str):
            yield ("rules", index), "a rule needs a type"
        elif kind in types[:index]:
            yield ("rules", index), f"{kind} is there twice"


def _covers(ruleset: Document, branch: str) -> bool:
    if ruleset.get("enforcement") != "active" or ruleset.get("target") not in (None, "branch"):
        return False
    named = [listed(ruleset.get("conditions", "ref_name", key)) for key in ("include", "exclude")]
    included, excluded = (any(_means(name, branch) for name in names) for names in named)
    return included and not excluded


def _means(pattern: str, branch: str) -> bool:
    """Whether a pattern takes in the default branch. `*` crosses no slash, `**` does."""
    if pattern in ("~DEFAULT_BRANCH", "~ALL"):
        return True
    ref = f"refs/heads/{branch}"
    return fnmatchcase(ref, pattern) and ("**" in pattern or pattern.count("/") == ref.count("/"))


def _rules(rulesets: Sequence[Document], kind: str) -> list[RuleAt]:
    """Where the rules of a type are."""
    return [
        (ruleset, ("rules", index))
        for ruleset in rulesets
        for index, rule in ruleset.rows("rules")
        if rule.get("type") == kind
    ]


def _reviewed(found: Sequence[Document], *, alone: bool) -> Fact:
    count = "required_approving_review_count"
    places = [(ruleset, (*keys, "parameters", count)) for ruleset, keys in _rules(found, "pull_request")]
    if not places:
        return problem(found[0].at("rules"), "no rule pull_request, so nothing has to be reviewed")
    asked = [(ruleset.get(*keys), ruleset.at(*keys)) for ruleset, keys in places]
    most, place = max(((n if type(n) is int else 0, place) for n, place in asked), key=lambda row: row[0])
    if alone and most == 0:
        return seen(place, "changes come by pull request; the answer reviewers names nobody to approve them")
    return expect(
        most >= 1,
        place,
        f"a pull request needs {most} approval{'s' * (most > 1)}",
        "a pull request needs no approval",
    )


def _rolled_up(found: Sequence[Document], workflow: Workflow) -> Iterator[Fact]:
    document = workflow.document
    roll_up = roll_up_of(document)
    yield roll_up_fact(workflow, roll_up)
    if roll_up is None:
        return
    wanted = workflow.check_name(roll_up)
    required = [check for ruleset in found for check in required_checks(ruleset)]
    place = next((place for place, context in required if context == wanted), None)
    others = ", ".join(context for _, context in required) or "no check"
    yield expect(
        place is not None,
        place or (required[0][0] if required else found[0].at("rules")),
        f"{wanted} is required, which answers for every job",
        f"{others} is required, not {wanted}, which answers for every job",
    )
    # It runs always, so all that counts is whether the workflow starts.
    yield expect(
        "pull_request" in workflow.triggers,
        document.at("on"),
        f"{wanted} is reported on pull requests",
        f"{wanted} isn't reported on pull requests, so none could be merged",
    )
