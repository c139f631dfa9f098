"""atoms 078 to 080: what a CI run leaves for people: its reports, a coverage trend, a message."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from atomci.configuration.calls import calls_in
from atomci.configuration.ci.actions import Step, steps_at
from atomci.configuration.ci.expressions import EVENTS, holds, moment
from atomci.configuration.ci.graph import Workflow, filled
from atomci.configuration.ci.workflow import roll_up_of
from atomci.configuration.documents import Document
from atomci.configuration.facts import Fact, expect, problem, seen

__all__ = ["artifacts", "codecov", "codecov_steps", "slack", "slack_steps", "upload_names", "uploads"]

_UPLOAD = "actions/upload-artifact"
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
_WITH_UNIT_TESTS = frozenset(
    {"unit", "local_ci", "export_junit_and_coverage_artifacts", "atom_040", "phase_05"}
)
_SECRET = re.compile(r"secrets\.([\w-]+)")
_SLACK = re.compile(r"slack", re.IGNORECASE)
_LINK = re.compile(r"github\.run_id|GITHUB_RUN_ID")
_ANOTHER_IN_EACH_RUN = re.compile(r"\$\{\{[^}]*\b(?:matrix|strategy)\.")
_TRACED = re.compile(r"^\s*set\s+(?:-\w*x|-o\s+xtrace)|\b(?:ba)?sh\s+-\w*x", re.MULTILINE)


def artifacts(workflow: Workflow) -> Iterator[Fact]:
    """Every job that runs atoms uploads artifacts/, also after a failure, and not for ever."""
    names: Counter[str] = Counter()
    if not workflow.working:
        yield problem(workflow.document.at("jobs"), "no job calls atomci run")
    for job in workflow.working:
        step = _upload_after_the_last_call(workflow, job)
        if step is None:
            yield problem(workflow.at(job, "steps"), f"{job} doesn't upload artifacts/ after atomci run")
            continue
        yield from _upload(workflow, job, step)
        names[step.input("name") or "artifact"] += 1
    for name in [name for name, count in names.items() if count > 1]:
        place = workflow.document.at("jobs")
        yield problem(place, f"{names[name]} jobs upload under the name {name}: all but one fail")


def upload_names(workflow: Workflow) -> list[str]:
    """Under which names the jobs that run the unit tests upload artifacts/; globs where a matrix fills in."""
    found = []
    for job in workflow.working:
        step = _upload_after_the_last_call(workflow, job)
        if step is not None and _WITH_UNIT_TESTS.intersection(workflow.targets(job)):
            name = step.input("name") or "artifact"
            found += [_EXPRESSION.sub("*", filled(name, leg)) for leg in workflow.legs(job)]
    return list(dict.fromkeys(found))


def uploads(document: Document) -> Iterator[Fact]:
    """Every upload of a workflow or an action ends some day."""
    jobs = {name: steps_at(document, "jobs", name) for name in document.table("jobs")}
    for name, steps in (*jobs.items(), ("the action", steps_at(document, "runs"))):
        for step in steps:
            if step.action == _UPLOAD:
                yield _kept(step, name, step.input("path") or "what it uploads")


def codecov_steps(workflow: Workflow) -> list[tuple[str, Step]]:
    """Where coverage is sent to Codecov, with the job's name."""
    return [
        (job, step)
        for job in workflow.jobs
        for step in workflow.steps(job)
        if step.action == "codecov/codecov-action"
    ]


def codecov(workflow: Workflow) -> Iterator[Fact]:
    """Coverage goes to Codecov after the unit tests, by OIDC or without any token."""
    steps = codecov_steps(workflow)
    if not steps:
        yield problem(workflow.document.at("jobs"), "the answers ask for Codecov, and no job uploads to it")
    for job, step in steps:
        yield from _authorized(workflow, job, step)
        calls = "unit" in workflow.targets(job)
        yield expect(
            calls,
            step.at(),
            f"{job} uploads what its unit tests covered",
            f"{job} runs no unit tests, so there is no coverage to upload",
        )
        files = step.input("files")
        if files is not None and "artifacts/reports/coverage.xml" not in files:
            place = step.at("with", "files")
            yield problem(place, f"{job} uploads {files}, not artifacts/reports/coverage.xml")


def slack_steps(workflow: Workflow) -> list[tuple[str, Step]]:
    """Where Slack is told something, with the job's name."""
    return [
        (job, step)
        for job in workflow.jobs
        for step in workflow.steps(job)
        if _SLACK.search(f"{step.action} {step.text}")
    ]


def slack(workflow: Workflow) -> Iterator[Fact]:
    """Slack is told when any job failed, with a link; the secret isn't printed; without it all is quiet."""
    steps = slack_steps(workflow)
    if not steps:
        yield problem(workflow.document.at("jobs"), "the answers ask for Slack, and no job sends it anything")
    for job in dict.fromkeys(job for job, _ in steps):
        yield from _told(workflow, job)
    for job, step in steps:
        yield from _secret(workflow, job, step)
        yield expect(
            bool(_LINK.search(_all_that_it_knows(workflow, job, step))),
            step.at(),
            f"{job}'s message links the run",
            f"{job}'s message doesn't link the run: github.run_id",
        )


def _upload_after_the_last_call(workflow: Workflow, job: str) -> Step | None:
    steps = workflow.steps(job)
    last = max(index for index, step in enumerate(steps) if any(calls_in(step.script)))
    found = [step for step in steps[last:] if step.action == _UPLOAD and _uploads_all(step)]
    return next(iter(found), None)


def _uploads_all(step: Step) -> bool:
    paths = [path.strip().removeprefix("./") for path in (step.input("path") or "").splitlines()]
    return any(path in ("artifacts", "artifacts/", "artifacts/**") for path in paths)


def _upload(workflow: Workflow, job: str, step: Step) -> Iterator[Fact]:
    condition = step.given.get("if")
    known = moment("pull_request", workflow.branch)
    yield expect(
        holds(condition, known, "failure") is True and holds(condition, known) is True,
        step.at("if"),
        f"{job} uploads artifacts/ whether it is green or red",
        f"{job} doesn't upload artifacts/ after a failure: if: ${{{{ !cancelled() }}}}",
    )
    yield _kept(step, job, "artifacts/")
    names = Counter(filled(step.input("name") or "", leg) for leg in workflow.legs(job))
    name, runs = names.most_common(1)[0]
    if runs > 1 and not _ANOTHER_IN_EACH_RUN.search(name):
        place = step.at("with", "name")
        yield problem(place, f"{job} uploads {runs} runs of its matrix under one name: all but one fail")


def _kept(step: Step, job: str, what: str) -> Fact:
    days = step.input("retention-days") or ""
    return expect(
        days.isdigit() and 1 <= int(days) <= 90,
        step.at("with", "retention-days"),
        f"{job} keeps {what} for {days} days",
        f"{job} doesn't say how long {what} is kept: retention-days, 1 to 90",
    )


def _authorized(workflow: Workflow, job: str, step: Step) -> Iterator[Fact]:
    if step.input("token") is not None or "CODECOV_TOKEN" in f"{step.given.get('env')}":
        yield problem(step.at("with", "token"), f"{job} needs a token for Codecov; use_oidc needs none")
    # An expression counts: a fork's pull request has no identity, and Codecov takes its reports without.
    elif step.input("use_oidc") in (None, "", "false"):
        yield seen(step.at(), f"{job} uploads to Codecov without a token")
    else:
        permissions = workflow.jobs[job].get("permissions")
        given = permissions.get("id-token") if isinstance(permissions, Mapping) else None
        yield expect(
            given == "write",
            workflow.at(job, "permissions"),
            f"{job} uploads to Codecov by OIDC",
            f"{job} can't get an OIDC token: permissions: id-token: write",
        )


def _told(workflow: Workflow, job: str) -> Iterator[Fact]:
    place = workflow.at(job, "if")
    yield expect(
        workflow.only_tells(job),
        place,
        f"{job} runs when something failed, and only then",
        f"{job} doesn't run on failures alone: if: failure()",
    )
    silent = [event for event in EVENTS if not _may_run(workflow, job, event)]
    if set(EVENTS) & workflow.triggers.keys() <= set(silent):
        yield problem(place, f"{job} runs on no event that starts this workflow")
    watched = workflow.before(job)
    exempt = {job, roll_up_of(workflow.document)}
    if missed := [name for name in workflow.jobs if name not in watched | exempt]:
        yield problem(workflow.at(job, "needs"), f"{job} isn't started by failures of {', '.join(missed)}")
    else:
        yield seen(workflow.at(job, "needs"), f"{job} is started by every job's failure")


def _may_run(workflow: Workflow, job: str, event: str) -> bool:
    return holds(workflow.condition(job), moment(event, workflow.branch), "failure") is not False


def _secret(workflow: Workflow, job: str, step: Step) -> Iterator[Fact]:
    for key in ("run", "with"):
        if found := _SECRET.search(str(step.given.get(key, ""))):
            yield problem(step.at(key), f"{job} passes the secret {found[1]} in `{key}`; only env is safe")
    if _TRACED.search(step.script):
        yield problem(step.at("run"), f"{job} prints every command, and with it the secret: set -x")
    variables = _variables_with_secrets(workflow, job, step)
    if not variables:
        yield problem(step.at(), f"{job} has no secret in its env to reach Slack")
        return
    for name in variables:
        if re.search(rf"\b(?:echo|printf|cat)\b[^\n|;]*\$\{{?{name}\b", step.script):
            yield problem(step.at("run"), f"{job} prints the secret in {name}")
    guarded = [name for name in variables if _guards(step, name)]
    yield expect(
        bool(guarded),
        step.at(),
        f"{job} does nothing where {', '.join(guarded)} isn't set",
        f"{job} runs also without its secret: if: ${{{{ env.{variables[0]} != '' }}}}",
    )


def _guards(step: Step, name: str) -> bool:
    """Whether a step does nothing where a variable is empty: by its `if`, or by its script's first test."""
    if re.search(rf"\benv\.{name}\b", str(step.given.get("if", ""))):
        return holds(step.given.get("if"), {f"env.{name}": ""}) is False
    return bool(re.search(rf"-[nz]\s+\"?\$\{{?{name}\b", step.script))


def _variables_with_secrets(workflow: Workflow, job: str, step: Step) -> list[str]:
    found = []
    for table in (step.given.get("env"), workflow.jobs[job].get("env")):
        for name, value in table.items() if isinstance(table, Mapping) else ():
            if _SECRET.search(str(value)):
                found.append(str(name))
    return found


def _all_that_it_knows(workflow: Workflow, job: str, step: Step) -> str:
    return f"{step.text} {workflow.jobs[job].get('env')}"
