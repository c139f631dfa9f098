"""Phase 5, checked by what the atoms left (evidence.py) and by what their artifacts say."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from atomci.artifacts.testing import CoverageBudget, TestSummary
from atomci.atoms.evidence import last_result
from atomci.engine.context import Context, Verdict
from atomci.testing import results
from atomci.testing.layers import UNIT

_JUNIT = "artifacts/reports/junit.xml"
_COVERAGE = "artifacts/reports/coverage.xml"
_BUDGET = "artifacts/tests/coverage.json"


def run_pytest_unit_with_coverage(ctx: Context) -> Verdict:
    """Also: the summary counts what the results hold, and something passed. What was left out is said."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    found = results.read_results(ctx.root / UNIT.log)
    summary = ctx.read(UNIT.summary, TestSummary)
    problems = []
    if summary.counts != results.counts(found):
        problems.append(f"artifacts/tests/unit.json counts {summary.counts}, the results hold another number")
    if not summary.counts.get("passed"):
        problems.append("no test passed")
    left_out = (summary.why_incomplete,) if summary.why_incomplete else ()
    return Verdict.of(problems, (*verdict.evidence, *left_out), f"atomci run {ctx.atom.name}")


def enforce_coverage_budget(ctx: Context) -> Verdict:
    """Also: it was measured against the budget that pyproject.toml holds now."""
    verdict = last_result(ctx)
    budget = ctx.project.table("tool", "coverage", "report").get("fail_under")
    measured = ctx.read_if_there(_BUDGET, CoverageBudget)
    if measured is None:
        return verdict
    problems = [] if verdict.holds else list(verdict.evidence)
    if measured.budget != budget:
        problems.append(
            f"{_BUDGET} was measured against {measured.budget:g} %, pyproject.toml asks for {budget} %"
        )
    if not measured.met:
        problems.append(f"{_BUDGET}: {measured.percent} % is under the budget")
    shown = f"{measured.percent or 0:.2f} % covered, budget {measured.budget:g} %"
    return Verdict.of(problems, [shown], f"atomci run {ctx.atom.name}")


def export_junit_and_coverage_artifacts(ctx: Context) -> Verdict:
    """Also: both XML files parse, junit.xml holds a case per attempt, htmlcov has its page."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    problems = []
    cases = ET.parse(ctx.root / _JUNIT).findall(".//testcase")
    attempts = len(results.read_results(ctx.root / UNIT.log))
    if len(cases) != attempts:
        problems.append(f"{_JUNIT} holds {len(cases)} cases for {attempts} attempts")
    if ET.parse(ctx.root / _COVERAGE).getroot().tag != "coverage":
        problems.append(f"{_COVERAGE} isn't a coverage report")
    if not (ctx.root / "artifacts/reports/htmlcov/index.html").is_file():
        problems.append("artifacts/reports/htmlcov/index.html is missing")
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")
