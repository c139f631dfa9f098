"""Phase 7: the local gate."""

from __future__ import annotations

import os
from collections.abc import Sequence

from atomci.artifacts.schemas import (
    AllFindings,
    CoverageBudget,
    Gate,
    Lanes,
    ReportFile,
    Reports,
    Stage,
    Status,
    TestSummary,
)
from atomci.artifacts.store import sha256
from atomci.atoms.stages import ended
from atomci.engine.context import Context, Outcome, runs
from atomci.tools.process import Command

_STAGES = {
    "lint_types": "artifacts/stages/lint_types.json",
    "unit_tests": "artifacts/stages/unit_tests.json",
}
_REPORTS = {
    "sarif": "artifacts/reports/static.sarif",
    "junit": "artifacts/reports/junit.xml",
    "coverage-xml": "artifacts/reports/coverage.xml",
    "coverage-html": "artifacts/reports/htmlcov/index.html",
}
_UNIT_REPORTS = ("junit", "coverage-xml", "coverage-html")


def _script(ctx: Context) -> Sequence[Command]:
    if os.name == "nt":
        return (Command(("pwsh", "-NoProfile", "-File", "scripts/local_ci.ps1")),)
    return (Command(("sh", "-c", "exec scripts/local_ci.sh")),)


@runs(_script)
def run_local_ci_script(ctx: Context) -> Outcome:
    done = ctx.run(*_script(ctx))
    status: Status = "pass" if done.code == 0 else "error" if done.code == 3 else "fail"
    return Outcome(status, f"exit {done.code}", 1, "scripts")


def stage1_lint_types(ctx: Context) -> Outcome:
    found = ctx.read_if_there("artifacts/reports/findings.json", AllFindings)
    lanes = ctx.read_if_there("artifacts/reports/lanes.json", Lanes)
    if found is None or lanes is None:
        return ended(ctx, "lint_types", "error", ["findings were not aggregated"])
    broken = [f"{name} {why}" for name, why in found.missing.items() if why != "disabled"]
    work = [f"{lane.findings} in lane {lane.lane}: {lane.command}" for lane in lanes.lanes]
    empty = [f"{run.tool} examined no file" for run in found.runs if not run.examined]
    if work:
        return ended(ctx, "lint_types", "fail", [*work, *broken])
    if broken:
        return ended(ctx, "lint_types", "error", broken)
    if empty or not found.runs:
        return ended(ctx, "lint_types", "vacuous", empty or ["every tool is disabled"])
    return ended(
        ctx,
        "lint_types",
        "pass",
        [f"{run.tool}: {run.examined} files" for run in found.runs],
        ("sarif",),
    )


def stage2_unit_tests(ctx: Context) -> Outcome:
    tests = ctx.read_if_there("artifacts/tests/unit.json", TestSummary)
    budget = ctx.read_if_there("artifacts/tests/coverage.json", CoverageBudget)
    if tests is None:
        return ended(ctx, "unit_tests", "skipped", ["the unit tests left no result"])
    text = ", ".join(f"{count} {outcome}" for outcome, count in tests.counts.items())
    if bad := tests.counts.get("failed", 0) + tests.counts.get("error", 0):
        return ended(ctx, "unit_tests", "fail", [f"{bad} unit tests failed", text])
    one_of_several = tests.portion is not None and tests.portion.count > 1
    if not tests.counts.keys() - {"skipped"} and (tests.complete or tests.counts) and not one_of_several:
        return ended(ctx, "unit_tests", "vacuous", ["no unit test ran", text])
    if budget is None:
        if not tests.complete:
            owes = _UNIT_REPORTS if tests.counts else ()
            return ended(ctx, "unit_tests", "pass", [text, f"coverage: {tests.why_incomplete}"], owes)
        unmeasured = not (ctx.root / _REPORTS["coverage-xml"]).is_file()
        why = "no coverage was measured" if unmeasured else "the coverage budget was not computed"
        return ended(ctx, "unit_tests", "vacuous" if unmeasured else "error", [text, why])
    measured = f"{budget.percent or 0:.2f} % covered, budget {budget.budget:g} %"
    return ended(ctx, "unit_tests", "pass" if budget.met else "fail", [text, measured], _UNIT_REPORTS)


def stage3_static_artifacts_emit(ctx: Context) -> Outcome:
    reports = []
    for name, path in _REPORTS.items():
        there = (ctx.root / path).is_file()
        digest = sha256(ctx.root / path) if there else None
        reports.append(
            ReportFile(name=name, path=path, sha256=digest, missing="" if there else "not produced")
        )
    ctx.write("artifacts/reports/index.json", Reports(reports=tuple(reports)))
    missing = [report.name for report in reports if report.missing]
    examined = len(reports) - len(missing)
    reason = f"not produced: {', '.join(missing)}" if missing else ""
    return Outcome("pass" if examined else "vacuous", reason, examined, "reports")


def compute_local_ci_exit_code(ctx: Context) -> Outcome:
    stages = {name: ctx.read_if_there(path, Stage) for name, path in _STAGES.items()}
    reports = ctx.read("artifacts/reports/index.json", Reports)
    missing = {report.name for report in reports.reports if report.missing}
    statuses: set[Status] = set()
    reasons = []
    for name, stage in stages.items():
        if stage is None:
            statuses.add("error")
            reasons.append(f"{name} left no result")
            continue
        statuses.add(stage.status)
        if stage.status != "pass":
            reasons.append(f"{name} is {stage.status}: {'; '.join(stage.reasons)}")
        elif owed := missing & set(stage.owes):
            statuses.add("error")
            reasons.append(f"{name} passed without {', '.join(sorted(owed))}")
    gate = _verdict(statuses, reasons)
    ctx.write("artifacts/gate.json", gate)
    status = {0: "pass", 1: "fail"}.get(gate.exit_code, "error")
    return Outcome(status, gate.verdict, len(stages), "stages")  # type: ignore[arg-type]


def _verdict(statuses: set[Status], reasons: Sequence[str]) -> Gate:
    if statuses == {"pass"}:
        return Gate(exit_code=0, verdict="green", reasons=())
    if statuses & {"fail", "vacuous"}:
        return Gate(exit_code=1, verdict="red", reasons=tuple(reasons))
    return Gate(exit_code=3, verdict="broken", reasons=tuple(reasons))
