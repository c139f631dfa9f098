"""Phase 4, checked by what the atoms left. Most hold when their last result does (evidence.py)."""

from __future__ import annotations

import json

from atomci.artifacts.schemas import AllFindings, Lanes
from atomci.atoms.evidence import last_result
from atomci.engine.context import Context, Verdict

_SARIF = "artifacts/reports/static.sarif"
_FINDINGS = "artifacts/reports/findings.json"


def aggregate_static_findings(ctx: Context) -> Verdict:
    """Also: one run per tool in the SARIF file, as many results as findings, relative URIs, fingerprints."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    log = json.loads((ctx.root / _SARIF).read_text(encoding="utf-8"))
    found = ctx.read(_FINDINGS, AllFindings)
    categories = [run["automationDetails"]["id"] for run in log["runs"]]
    results = [result for run in log["runs"] for result in run["results"]]
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results]
    problems = []
    if log["version"] != "2.1.0" or len(categories) != len(set(categories)):
        problems.append(f"{_SARIF}: not one 2.1.0 run per tool: {', '.join(categories)}")
    if len(results) != sum(len(run.findings) for run in found.runs):
        problems.append(f"{_SARIF}: {len(results)} results, but {_FINDINGS} has another number")
    problems += [f"{_SARIF}: {uri} isn't relative" for uri in uris if uri.startswith("/") or "://" in uri]
    problems += [f"{name} {why}" for name, why in found.missing.items() if why != "disabled"]
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def classify_static_failures(ctx: Context) -> Verdict:
    """Also: every finding is in a lane, and every lane has its command."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    findings = [finding for run in ctx.read(_FINDINGS, AllFindings).runs for finding in run.findings]
    lanes = ctx.read("artifacts/reports/lanes.json", Lanes)
    problems = [f"lane {lane.lane} has no command" for lane in lanes.lanes if not lane.command.strip()]
    if sum(lane.findings for lane in lanes.lanes) != len(findings):
        problems.append(f"{len(findings)} findings, but the lanes hold another number")
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")
