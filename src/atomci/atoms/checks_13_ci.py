"""Does CI have the jobs that it should, each at its place? Phase 13, read off ci.yml."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from atomci.atoms.checks_01_configuration import local_actions, verdict_of
from atomci.atoms.evidence import last_result
from atomci.configuration.ci import jobs, publishing
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.ci.workflow import CI
from atomci.configuration.documents import Unreadable, yaml_document
from atomci.configuration.facts import Fact
from atomci.engine.context import Context, Verdict
from atomci.testing import pester

__all__ = [
    "ci_codecov_upload_optional",
    "ci_facts",
    "ci_job_e2e_on_main_nightly",
    "ci_job_integration_linux",
    "ci_job_lint_types",
    "ci_job_pester_windows_optional",
    "ci_job_unit_linux_matrix",
    "ci_publish_artifacts",
    "ci_slack_notification_on_failure",
    "ci_verdict",
]

Rules = Callable[[Workflow], Iterator[Fact]]


def ci_job_lint_types(ctx: Context) -> Verdict:
    return ci_verdict(ctx, jobs.lint_types)


def ci_job_unit_linux_matrix(ctx: Context) -> Verdict:
    pythons = jobs.supported(ctx.project.table("project"))
    return ci_verdict(ctx, lambda workflow: jobs.unit(workflow, pythons))


def ci_job_integration_linux(ctx: Context) -> Verdict:
    return ci_verdict(ctx, jobs.integration)


def ci_job_pester_windows_optional(ctx: Context) -> Verdict:
    """The last run here; also: where there are PowerShell tests, CI runs them on Windows."""
    tests = [path for path in ctx.files("tests/**/*.ps1") if pester.is_test(path)]
    job = ci_verdict(ctx, lambda workflow: jobs.pester(workflow, tests))
    if job.holds is False and (tests or (ctx.root / CI).is_file()):
        return job
    ran = last_result(ctx)
    return Verdict(ran.holds, (*ran.evidence, *job.evidence), ran.remedy) if ran.holds else ran


def ci_job_e2e_on_main_nightly(ctx: Context) -> Verdict:
    return ci_verdict(ctx, jobs.e2e)


def ci_publish_artifacts(ctx: Context) -> Verdict:
    return ci_verdict(ctx, publishing.artifacts)


def ci_codecov_upload_optional(ctx: Context) -> Verdict:
    def asked(workflow: Workflow) -> bool:
        return bool(publishing.codecov_steps(workflow))

    return _by_answer(ctx, "codecov", asked, publishing.codecov)


def ci_slack_notification_on_failure(ctx: Context) -> Verdict:
    def asked(workflow: Workflow) -> bool:
        return bool(publishing.slack_steps(workflow))

    return _by_answer(ctx, "slack", asked, publishing.slack)


def ci_verdict(ctx: Context, rules: Rules) -> Verdict:
    """Whether rules hold on the project's ci.yml, its local actions looked through."""
    return verdict_of(ci_facts(ctx, rules))


def ci_facts(ctx: Context, rules: Rules) -> Iterator[Fact]:
    """What rules say of it. Raises Unreadable."""
    yield from rules(_workflow(ctx))


def _by_answer(ctx: Context, word: str, there: Callable[[Workflow], bool], rules: Rules) -> Verdict:
    """The rules, where an answer asks for it or a step does it; else the question doesn't apply."""
    try:
        if not _answered(ctx, word) and not there(_workflow(ctx)):
            return Verdict(None, (f"no answer asks for {word}, and {CI} has no step for it",))
    except Unreadable as error:
        return Verdict(False, (str(error),))
    return ci_verdict(ctx, rules)


def _answered(ctx: Context, word: str) -> bool:
    """Whether the project was rendered with it: among the integrations, or by a question of its own."""
    for name, answer in ctx.project.answers.items():
        if isinstance(answer, list) and word in [str(item).lower() for item in answer]:
            return True
        if word in str(name).lower() and str(answer).lower() not in ("", "false", "no", "none"):
            return True
    return False


def _workflow(ctx: Context) -> Workflow:
    return Workflow(yaml_document(ctx.root, CI), local_actions(ctx))
