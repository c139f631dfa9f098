"""What a release promises: built without rights, by locked tools, of the default branch, attested apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from atomci.configuration.ci.actions import Step
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.facts import Fact, expect, problem, seen, unknown_to_us
from atomci.configuration.installs import BUILDS, unpinned

__all__ = ["facts"]

_GIVES = re.compile(r"actions/attest(-build-provenance|-sbom)?|pypa/gh-action-pypi-publish")
_PUBLISHES = re.compile(r"\b(?:(?:uv|hatch|flit|poetry) publish|twine upload|gh release (?:create|upload))\b")
_OF_A_BRANCH = re.compile(r"\bgit merge-base --is-ancestor\b(?P<what>[^\n;&|]*)")
_COMPARES = re.compile(r"\bsha(?:256|384|512)sum\b")


def facts(workflow: Workflow) -> Iterator[Fact]:
    """Rules for a workflow that attests or publishes what it built; nothing for any other."""
    giving = {
        name: step for name in workflow.jobs for step in reversed(workflow.steps(name)) if _gives_away(step)
    }
    building = [name for name in workflow.jobs if any(map(_builds, workflow.steps(name)))]
    for name, step in giving.items():
        if building:
            yield _takes_over(workflow, name, step, building)
        else:
            yield unknown_to_us(step.at(), f"{name} attests or publishes, and no job is seen to build")
    if not giving:
        return
    for name in building:
        yield from _without_rights(workflow, name, name in giving)
        if _starts_for_tags(workflow):
            yield _of_the_branch(workflow, name)
        yield from _tools(workflow, name)


def _takes_over(workflow: Workflow, name: str, step: Step, building: list[str]) -> Fact:
    """Whether a job that gives files away has compared them with what another job built."""
    if name in building:
        what = "let a job without these rights build, and compare its digest here"
        return problem(workflow.at(name), f"{name} builds, and attests or publishes: {what}")
    before = workflow.before(name)
    for other in building:
        if other in before and _compared(workflow, name, step, other):
            return seen(step.at(), f"{name} publishes what {other} built, by its digests")
    mend = f"compare sha256sum with needs.{building[0]}.outputs before this step"
    return problem(step.at(), f"{name} uses files without comparing their digests: {mend}")


def _compared(workflow: Workflow, name: str, step: Step, other: str) -> bool:
    outputs = re.compile(rf"needs\.{re.escape(other)}\.outputs\.")
    if outputs.search(step.text):
        return True
    steps = workflow.steps(name)
    found = steps[: next(index for index, at in enumerate(steps) if at.at() == step.at())]
    taken = max((index for index, at in enumerate(found) if "download" in at.text + at.action), default=-1)
    return any(_COMPARES.search(at.script) and outputs.search(at.text) for at in found[taken + 1 :])


def _without_rights(workflow: Workflow, name: str, gives: bool) -> Iterator[Fact]:
    place = workflow.at(name, "permissions")
    given = workflow.jobs[name].get("permissions", workflow.document.get("permissions"))
    scopes = given if isinstance(given, Mapping) else {"everything": given or "write"}
    wide = [str(scope) for scope, access in scopes.items() if access not in ("read", "none", "read-all")]
    if not gives:  # else that is said already
        yield expect(
            not wide,
            place,
            f"{name} builds with the right to read only",
            f"{name} builds while it may write {', '.join(wide)}: give that to another job",
        )
    if "secrets." in f"{workflow.jobs[name]}":
        yield problem(workflow.at(name), f"{name} builds where a secret is: move that step to another job")


def _starts_for_tags(workflow: Workflow) -> bool:
    push = workflow.triggers.get("push")
    return "release" in workflow.triggers or (isinstance(push, Mapping) and "tags" in push)


def _of_the_branch(workflow: Workflow, name: str) -> Fact:
    """Whether a build refuses what isn't on the default branch, before anything else of it runs."""
    steps = workflow.steps(name)
    test = next((index for index, step in enumerate(steps) if _OF_A_BRANCH.search(step.script)), None)
    mend = "git merge-base --is-ancestor HEAD refs/remotes/origin/BRANCH"
    if test is None:
        return problem(workflow.at(name, "steps"), f"{name} builds a tag of any branch: {mend}")
    place = steps[test].at()
    if early := [step for step in steps[:test] if step.action != "actions/checkout"]:
        return problem(early[0].at(), f"{name} does this before it has checked that the tag is on the branch")
    if (named := _OF_A_BRANCH.search(steps[test].script)) and re.search(r"(?<![\w/])origin/", named["what"]):
        return problem(place, f"{name} takes a tag with the branch's name for the branch: {mend}")
    if not any(step.input("fetch-depth") == "0" for step in steps[:test]):
        return problem(place, f"{name} has only the tag's commit: set fetch-depth: 0 of the checkout")
    return seen(place, f"{name} refuses a tag that isn't on the default branch")


def _tools(workflow: Workflow, name: str) -> Iterator[Fact]:
    found = [(step, gap) for step in workflow.steps(name) for gap in unpinned(step.script)]
    for step, gap in found:
        yield problem(step.at("run"), f"{name}: {gap}")
    if not found:
        yield seen(workflow.at(name), f"{name} builds by tools of the lock")


def _gives_away(step: Step) -> bool:
    return bool(_GIVES.fullmatch(step.action) or _PUBLISHES.search(step.script))


def _builds(step: Step) -> bool:
    return bool(BUILDS.search(step.script))
