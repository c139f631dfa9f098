"""atom_066: e2e tests are required on the default branch and nightly, and don't hold up pull requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from atomci.configuration.documents import Document
from atomci.configuration.facts import Fact, expect, problem, seen
from atomci.configuration.graph import Workflow, listed
from atomci.configuration.workflow import roll_up_of

__all__ = ["RULESETS", "ruleset_facts", "workflow_facts"]

RULESETS = ".github/rulesets"
_STATUS_CHECKS = "required_status_checks"
_WANTED = {"push": True, "schedule": True, "pull_request": False}


def ruleset_facts(rulesets: Sequence[Document], workflow: Workflow) -> Iterator[Fact]:
    """On the default branch the one required check is the job that answers for all others."""
    document = workflow.document
    roll_up = roll_up_of(document)
    if roll_up is None:
        yield problem(document.at("jobs"), "no roll-up: no job with `if: always()` needs the others")
        return
    wanted = str(document.get("jobs", roll_up, "name") or roll_up)
    required = [check for ruleset in rulesets for check in _required(ruleset, workflow.branch)]
    if not required:
        yield problem(f"{rulesets[0].path}:1", f"no check is required on {workflow.branch}: require {wanted}")
    for place, context in required:
        yield expect(
            context == wanted,
            place,
            f"{context} is required, which answers for every job",
            f"{context} is required; require {wanted} alone, which answers for every job",
        )


def workflow_facts(workflow: Workflow) -> Iterator[Fact]:
    """A job runs the e2e tests on pushes to the default branch and on schedule, not on pull requests."""
    name = workflow.job_for("e2e")
    if name is None:
        yield problem(workflow.document.at("jobs"), "no job calls atomci run e2e")
        return
    for event, wanted in _WANTED.items():
        runs = event in workflow.triggers and workflow.runs_on(name, event)
        place = workflow.at(name, "if") if event in workflow.triggers else workflow.document.at("on")
        if runs is None:
            yield problem(place, f"whether {name} runs on {event} can't be worked out from its `if`")
        else:
            text = f"{name} {'runs' if runs else 'does not run'} on {event}"
            yield seen(place, text) if runs is wanted else problem(place, text)


def _required(ruleset: Document, branch: str) -> Iterator[tuple[str, str]]:
    """Places and names of the checks that a ruleset demands on the default branch."""
    named = listed(ruleset.get("conditions", "ref_name", "include"))
    for_it = {"~DEFAULT_BRANCH", "~ALL", f"refs/heads/{branch}"} & set(named)
    if ruleset.get("enforcement") != "active" or ruleset.get("target") == "tag" or not for_it:
        return
    for index, rule in ruleset.rows("rules"):
        if rule.get("type") == _STATUS_CHECKS:
            where = ("rules", index, "parameters", _STATUS_CHECKS)
            for row, check in ruleset.rows(*where):
                yield ruleset.at(*where, row, "context"), str(check.get("context"))
