"""Phase 9, checked by what the atoms left (evidence.py) and by what their artifacts say."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from atomci.artifacts.schemas import Exercised
from atomci.artifacts.testing import TestSummary
from atomci.atoms.evidence import last_result
from atomci.engine.context import Context, Verdict
from atomci.testing import provision, results
from atomci.testing.layers import INTEGRATION


def provision_integration_env(ctx: Context) -> Verdict:
    """Also: nothing that was lent is still there."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    folder = provision.ENVIRONMENT.folder
    problems = [f"{folder} is still there"] if (ctx.root / folder).exists() else []
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def run_pytest_integration(ctx: Context) -> Verdict:
    """Also: the summary counts what the results hold, and something passed."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    return Verdict.of(miscounted(ctx, INTEGRATION.log, INTEGRATION.summary), verdict.evidence)


def miscounted(ctx: Context, log: str, path: str) -> list[str]:
    """Where a layer's summary isn't that of its results."""
    counts = results.counts(results.read_results(ctx.root / log))
    summary = ctx.read(path, TestSummary)
    problems = []
    if summary.counts != counts:
        problems.append(f"{path} counts {summary.counts}, the results hold another number")
    if not summary.counts.get("passed"):
        problems.append("no test passed")
    return problems


def exercise_adapters_and_endpoints(ctx: Context) -> Verdict:
    """Also: each test that is said to drive something is one that passed."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    found = results.read_results(ctx.root / INTEGRATION.log)
    passed = {result.nodeid for result in found if result.outcome == "passed"}
    rows = ctx.read("artifacts/integration/exercised.json", Exercised).adapters
    problems = [
        f"{test} is said to drive {row.name}, but it didn't pass"
        for row in rows
        for test in row.tests
        if test not in passed
    ]
    shown = [f"{row.name}: {row.tests[0]} and {len(row.tests) - 1} more" for row in rows if row.tests]
    return Verdict.of(problems, [*verdict.evidence, *shown], f"atomci run {ctx.atom.name}")


def collect_integration_artifacts(ctx: Context) -> Verdict:
    """Also: both XML files parse, and there is a case per attempt."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    problems = uncounted(ctx, INTEGRATION.log, INTEGRATION.junit)
    if ET.parse(ctx.root / INTEGRATION.xml).getroot().tag != "coverage":
        problems.append(f"{INTEGRATION.xml} isn't a coverage report")
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def uncounted(ctx: Context, log: str, junit: str) -> list[str]:
    """Where a layer's JUnit hasn't a case per attempt."""
    cases = len(ET.parse(ctx.root / junit).findall(".//testcase"))
    attempts = len(results.read_results(ctx.root / log))
    return [] if cases == attempts else [f"{junit} holds {cases} cases for {attempts} attempts"]
