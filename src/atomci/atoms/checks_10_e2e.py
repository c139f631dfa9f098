"""Phase 10, checked by what the atoms left (evidence.py), by what that says, and off GitHub's files."""

from __future__ import annotations

from collections.abc import Iterator

from atomci.artifacts.schemas import Preconditions, Workflow
from atomci.atoms.checks_09_integration import miscounted, uncounted
from atomci.atoms.checks_12_pull_request import ruleset_documents
from atomci.atoms.checks_13_ci import ci_verdict
from atomci.atoms.evidence import last_result
from atomci.configuration.ci import e2e_policy
from atomci.configuration.ci.graph import Workflow as CiWorkflow
from atomci.configuration.ci.rulesets import RULESETS
from atomci.configuration.facts import Fact, problem
from atomci.engine.context import Context, Verdict
from atomci.testing.layers import E2E

__all__ = [
    "capture_e2e_artifacts",
    "mark_e2e_required_on_main",
    "policy",
    "run_pytest_e2e",
    "simulate_quality_workflow",
    "stage_e2e_preconditions",
]


def stage_e2e_preconditions(ctx: Context) -> Verdict:
    """Also: what it was that came up."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    tried = ctx.read("artifacts/e2e/services.json", Preconditions)
    shown = [f"{state.name}: {state.status} {state.reason}".strip() for state in tried.services]
    return Verdict.of(tried.problems, [*verdict.evidence, *tried.installed, *shown])


def run_pytest_e2e(ctx: Context) -> Verdict:
    """Also: the summary counts what the results hold, and something passed."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    problems = miscounted(ctx, E2E.log, E2E.summary)
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def simulate_quality_workflow(ctx: Context) -> Verdict:
    """Also: it was red before it was mended, and each step ended as it should."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    steps = ctx.read("artifacts/e2e/workflow.json", Workflow).steps
    problems = [f"{step.name}: exit {step.exit_code}, not {step.expected}" for step in steps if not step.ok]
    if not any(step.name == "it is committed" for step in steps):
        problems.append("it wasn't gone through to the end")
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def capture_e2e_artifacts(ctx: Context) -> Verdict:
    """Also: there is a case per attempt."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    problems = uncounted(ctx, E2E.log, E2E.junit)
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def mark_e2e_required_on_main(ctx: Context) -> Verdict:
    return policy(ctx)


def policy(ctx: Context) -> Verdict:
    """Where the e2e tests are required, by the ruleset files and ci.yml."""

    def rules(workflow: CiWorkflow) -> Iterator[Fact]:
        yield from e2e_policy.workflow_facts(workflow)
        found = ruleset_documents(ctx)
        if not found:
            yield problem(f"{RULESETS}/main.json", "missing: no ruleset says what is required")
            return
        yield from e2e_policy.ruleset_facts(found, workflow)

    return ci_verdict(ctx, rules)
