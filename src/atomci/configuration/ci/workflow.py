"""atom_021: workflows that are pinned, least privileged, cached by lock and call the runtime."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from atomci.configuration.ci.actions import NO_ACTIONS, Actions, Step, steps_at, unknown_actions
from atomci.configuration.ci.caching import cache_of
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.documents import Document
from atomci.configuration.facts import Fact, expect, problem, seen

__all__ = [
    "CI",
    "action_facts",
    "ci_facts",
    "own_actions_facts",
    "roll_up_fact",
    "roll_up_of",
    "rolls_up",
    "workflow_facts",
]

CI = ".github/workflows/ci.yml"

_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
_DIGEST = re.compile(r"docker://.+@sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"#\s*v?\d+(\.\d+)*")

Known = Callable[[str], bool]


def action_facts(document: Document) -> Iterator[Fact]:
    """Rules for a composite action of the repository: what it uses is pinned."""
    yield from _pins(document, steps_at(document, "runs"))


def workflow_facts(document: Document) -> Iterator[Fact]:
    """Rules for every workflow: pins, permissions, time limits, no credentials left behind."""
    yield from _permissions(document)
    for name, job in document.table("jobs").items():
        steps = steps_at(document, "jobs", name)
        called = [Step(document, ("jobs", name), job)] if "uses" in job else []
        yield from _pins(document, [*called, *steps])
        yield from _limits(document, name, job)
        for step in steps:
            if step.action == "actions/checkout":
                yield expect(
                    step.input("persist-credentials") == "false",
                    step.at("with", "persist-credentials"),
                    f"{name}: no credentials are left in the checkout",
                    f"{name}: credentials stay in the checkout: persist-credentials isn't false",
                )


def own_actions_facts(document: Document, actions: Actions) -> Iterator[Fact]:
    """Rules for what a workflow uses of the repository's own actions: it is there, and checked out before."""
    for name in document.table("jobs"):
        for step in unknown_actions(document, name, actions):
            yield problem(step.at("uses"), f"{name}: there is no {step.action.removeprefix('./')}/action.yml")
        steps = steps_at(document, "jobs", name)
        checked_out = [step.action == "actions/checkout" for step in steps]
        for index, step in enumerate(steps):
            if step.action.startswith("./") and not any(checked_out[:index]):
                yield problem(step.at("uses"), f"{name}: {step.action} isn't there before actions/checkout")


def ci_facts(document: Document, known: Known, actions: Actions = NO_ACTIONS) -> Iterator[Fact]:
    """Rules for ci.yml: jobs call the runtime, caches have their keys, and one job answers for all.

    `known` says whether a target of `atomci run` exists; `actions` are the repository's own.
    """
    workflow = Workflow(document, actions)
    names = list(workflow.triggers)
    good = f"runs on {', '.join(names)}"
    yield expect("pull_request" in names, document.at("on"), good, "doesn't run on pull_request")
    roll_up = roll_up_of(document)
    yield roll_up_fact(workflow, roll_up)
    for name, job in workflow.jobs.items():
        if name == roll_up or "uses" in job:
            continue
        if workflow.only_tells(name):
            yield seen(document.at("jobs", name), f"{name} only reports failures")
            continue
        yield from _calls(workflow, name, known)
        if any(workflow.calls(name)):
            yield cache_of(workflow, name)


def rolls_up(document: Document, name: str, actions: Actions = NO_ACTIONS) -> bool:
    """Whether a job runs always, needs all others and looks at how they ended."""
    workflow = Workflow(document, actions)
    return _runs_always(workflow.jobs[name]) and not _unneeded(workflow, name) and _looks(workflow, name)


def roll_up_of(document: Document) -> str | None:
    """The job meant to answer for all others: it runs always and needs most of them."""
    workflow = Workflow(document)
    found = [name for name, job in workflow.jobs.items() if _runs_always(job) and job.get("needs")]
    return max(found, key=lambda name: (len(workflow.needs(name)), _looks(workflow, name)), default=None)


def roll_up_fact(workflow: Workflow, name: str | None) -> Fact:
    """Whether the roll-up, None where there is none, can be red for every other job."""
    if name is None:
        place = workflow.document.at("jobs")
        return problem(place, "no roll-up: no job with `if: always()` needs the others")
    place = workflow.at(name, "needs")
    if missing := _unneeded(workflow, name):
        return problem(place, f"{name} doesn't need {', '.join(missing)}, so it is green without")
    if not _looks(workflow, name):
        return problem(workflow.at(name, "steps"), f"{name} doesn't look at needs.*.result")
    return seen(place, f"{name} needs every other job and runs always")


def _runs_always(job: Mapping[str, Any]) -> bool:
    return re.sub(r"[\s${}]", "", str(job.get("if", ""))) == "always()"


def _unneeded(workflow: Workflow, name: str) -> list[str]:
    """The jobs that could be red while the roll-up is green: all but those that only tell of failures."""
    needed = (name, *workflow.needs(name))
    return [other for other in workflow.jobs if other not in needed and not workflow.only_tells(other)]


def _looks(workflow: Workflow, name: str) -> bool:
    return any(
        re.search(r"needs\.\S+\.result|toJSON\(\s*needs\s*\)", step.text) for step in workflow.steps(name)
    )


def _pins(document: Document, steps: Sequence[Step]) -> Iterator[Fact]:
    lines = document.text.splitlines()
    for step in steps:
        uses = str(step.given.get("uses", ""))
        if not uses or uses.startswith("./"):
            continue
        place, line = step.at("uses"), lines[document.line(*step.where, "uses") - 1]
        if uses.startswith("docker://"):
            yield expect(
                bool(_DIGEST.fullmatch(uses)),
                place,
                f"{uses} is pinned",
                f"{uses} isn't pinned by digest",
            )
        elif not _PINNED.fullmatch(uses):
            yield problem(place, f"{uses} isn't pinned to a commit: 40 hex digits")
        elif not _VERSION.search(line.partition(uses)[2]):
            yield problem(place, f"{uses} has no comment with its version")
        elif gap := _installs_any(step):
            yield problem(place, gap)
        else:
            yield seen(place, f"{uses.partition('@')[0]} is pinned")


def _installs_any(step: Step) -> str:
    """What is missing where an action installs whatever is newest."""
    if step.action != "astral-sh/setup-uv" or step.input("version-file"):
        return ""
    version = step.input("version") or ""
    named = re.fullmatch(r"\d+\.\d+\.\d+|\$\{\{.+\}\}", version)
    return "" if named else 'setup-uv takes the newest uv: version: "X.Y.Z", as uv --version says'


def _permissions(document: Document) -> Iterator[Fact]:
    place = document.at("permissions")
    given = document.get("permissions")
    if not isinstance(given, Mapping):
        yield problem(place, f"top-level permissions are {given or 'not set'}; write `permissions: {{}}`")
    elif wide := [scope for scope, access in given.items() if access not in ("read", "none")]:
        yield problem(place, f"every job may write {', '.join(wide)}; give that to the job that needs it")
    else:
        shown = ", ".join(f"{scope}: {access}" for scope, access in given.items()) or "none"
        yield seen(place, f"top-level permissions: {shown}")
    for name, job in document.table("jobs").items():
        if job.get("permissions") in ("write-all", "read-all"):
            place = document.at("jobs", name, "permissions")
            yield problem(place, f"{name} has {job['permissions']}; name the scopes that it needs")


def _limits(document: Document, name: str, job: Mapping[str, Any]) -> Iterator[Fact]:
    if "uses" in job:
        return
    minutes = job.get("timeout-minutes")
    place = document.at("jobs", name, "timeout-minutes")
    limited = isinstance(minutes, int) and not isinstance(minutes, bool) and minutes > 0
    yield expect(limited, place, f"{name} ends after {minutes} minutes", f"{name} has no timeout-minutes")


def _calls(workflow: Workflow, name: str, known: Known) -> Iterator[Fact]:
    if workflow.excused(name) == workflow.legs(name):
        place = workflow.at(name, "continue-on-error")
        yield problem(place, f"{name} is green whatever happens: continue-on-error")
    called: list[str] = []
    for step, call in workflow.calls(name):
        called += call.targets
        place = step.at("run")
        if unknown := [target for target in call.targets if not known(target)]:
            yield problem(place, f"{name} runs what doesn't exist: {', '.join(unknown)}")
        if call.defect:
            yield problem(place, f"{name}: {call.defect}")
        if step.given.get("continue-on-error") not in (None, False):
            yield problem(place, f"{name}: this step is green whatever happens: continue-on-error")
    yield expect(
        bool(called),
        workflow.at(name),
        f"{name} calls atomci run {' '.join(called)}",
        f"{name} neither calls atomci run nor answers for all other jobs",
    )
