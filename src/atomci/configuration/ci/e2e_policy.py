"""atom_066: e2e tests are required on the default branch and nightly, and don't hold up pull requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from atomci.configuration.ci.graph import Workflow
from atomci.configuration.ci.rulesets import covering, required_checks
from atomci.configuration.ci.workflow import roll_up_of
from atomci.configuration.documents import Document
from atomci.configuration.facts import Fact, Place, expect, problem, seen

__all__ = ["always", "ruleset_facts", "workflow_facts"]

_WANTED = {"push": True, "schedule": True, "pull_request": False}


def ruleset_facts(rulesets: Sequence[Document], workflow: Workflow) -> Iterator[Fact]:
    """On the default branch the one required check is the job that answers for all others."""
    document = workflow.document
    roll_up = roll_up_of(document)
    if roll_up is None:
        yield problem(document.at("jobs"), "no roll-up: no job with `if: always()` needs the others")
        return
    wanted = workflow.check_name(roll_up)
    required = [check for found in covering(rulesets, workflow.branch) for check in required_checks(found)]
    if not required:
        yield problem(
            Place(rulesets[0].path, 1), f"no check is required on {workflow.branch}: require {wanted}"
        )
    for place, context in required:
        yield expect(
            context == wanted,
            place,
            f"{context} is required, which answers for every job",
            f"{context} is required; require {wanted} alone, which answers for every job",
        )


def always(workflow: Workflow, name: str) -> Iterator[Fact]:
    """A job that runs every layer of tests does so on each pull request and each push."""
    for event in ("pull_request", "push"):
        runs = event in workflow.triggers and workflow.runs_on(name, event)
        yield expect(
            runs is True,
            workflow.at(name),
            f"{name} runs every layer of tests on {event}",
            f"{name} runs every layer of tests, but not on every {event}",
        )


def workflow_facts(workflow: Workflow, *, small: bool = False) -> Iterator[Fact]:
    """A job runs the e2e tests on pushes to the default branch and on schedule, not on pull requests.

    In a small project one call may run every layer, on each event.
    """
    if small and (every := workflow.job_with("unit", "integration", "e2e")):
        yield from always(workflow, every)
        return
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
