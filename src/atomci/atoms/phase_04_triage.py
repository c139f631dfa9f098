"""Phase 4: fast static triage."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from atomci.analysis.baseline.entries import FILE, read_entries
from atomci.analysis.baseline.growth import base_entries, grown
from atomci.analysis.lanes import classify
from atomci.analysis.protocol import Tool
from atomci.analysis.sarif.log import to_sarif
from atomci.analysis.table import ATOMS, tool_of
from atomci.artifacts import handles
from atomci.artifacts.handed.baseline import BaselineEntry
from atomci.artifacts.handed.schemas import AllFindings, Finding, Findings, Status
from atomci.atoms.parts.static_inputs import depends_on_what_it_may_read
from atomci.atoms.parts.verdicts.evidence import last_result
from atomci.atoms.parts.verdicts.findings import outcome_of
from atomci.atoms.parts.verdicts.stages import unexplained, why_left_out
from atomci.catalog import atom
from atomci.engine.cache import declared
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.engine.guest import lacks
from atomci.engine.inputs.dependencies import Dependencies
from atomci.testing.selection.settings import read_selection
from atomci.tools.process import Command


def _commands(ctx: Context) -> Sequence[Command]:
    tool = tool_of(ctx.project, ctx.atom.name)
    return () if _left_out(ctx, tool) else tool.commands(ctx.tool(tool.PROGRAM))


def _rests_on(ctx: Context) -> Dependencies:
    return depends_on_what_it_may_read(ctx, tool_of(ctx.project, ctx.atom.name))


@runs(_commands, _rests_on)
def run_ruff_lint(ctx: Context) -> Outcome:
    return _examined(ctx)


@runs(_commands, _rests_on)
def run_black_check(ctx: Context) -> Outcome:
    return _examined(ctx)


@runs(_commands, _rests_on)
def run_mypy_typecheck(ctx: Context) -> Outcome:
    return _examined(ctx)


def _examined(ctx: Context) -> Outcome:
    tool = tool_of(ctx.project, ctx.atom.name)
    if why := _left_out(ctx, tool):
        return Outcome.leaving_out(why)
    reading = tool.examine(ctx, ctx.options.since)
    version = ctx.project.version_of(tool.PROGRAM) or ""
    reading = replace(reading, mend=reading.mend or tool.MEND)
    return outcome_of(ctx, reading, tool.NAME, version, reading.examined or 0)


def _left_out(ctx: Context, tool: Tool) -> str:
    """Why a tool has nothing to say of a project that isn't set up for atomci; empty where it has."""
    why = lacks(ctx.project, tool.PROGRAM, "it")
    return f"{tool.NAME}, since {why}" if why else ""


def _rests_on_git(ctx: Context) -> Dependencies:
    """A baseline is compared with that of another commit, which is no file."""
    why = f"{FILE} is compared with that of the branch's base" if (ctx.root / FILE).is_file() else ""
    return replace(declared(ctx.atom, ctx.workspace), unkept=why)


@runs(lambda ctx: (), _rests_on_git)
def aggregate_static_findings(ctx: Context) -> Outcome:
    entries = read_entries(ctx.root)
    found = {need: ctx.read_if_there(atom(need).writes[0], Findings) for need in ctx.atom.needs}
    reports = [report for report in found.values() if report is not None]
    absent = [need for need, report in found.items() if report is None]
    disabled = [need for need in absent if not ctx.workspace.config.of(need).enabled]
    left_out = {need: why for need in absent if (why := why_left_out(ctx, need))}
    missing = dict.fromkeys(absent, "left no findings") | dict.fromkeys(disabled, "disabled")
    missing |= {need: f"left out: {why}" for need, why in left_out.items()}
    log = to_sarif(reports, ctx.root, ctx.project.git.prefix() or "")
    every = AllFindings(
        runs=tuple(reports),
        missing=missing,
        disabled=tuple(disabled),
        left_out=left_out,
        grown=_grown(ctx, entries),
        unsent=log.unsent,
    )
    ctx.write(handles.STATIC_SARIF, log.content)
    ctx.write(handles.FINDINGS, every)
    if every.grown:
        text = f"the baseline grew by {len(every.grown)} without a reason"
        return Outcome("fail", text, len(reports), "tools", every.grown)
    if left_out and len(left_out) == len(found):
        return Outcome.leaving_out("; ".join(left_out.values()), 0, "tools")
    said = [*(f"{name} {why}" for name, why in missing.items()), *_unjudged(entries or (), reports), log.said]
    # Where tools broke, nothing was found out; where none had to answer, there was nothing to ask.
    none: Status = "error" if unexplained(every) else "vacuous"
    return Outcome("pass" if reports else none, "; ".join(filter(None, said)), len(reports), "tools")


def _unjudged(entries: Sequence[BaselineEntry], reports: Sequence[Findings]) -> Iterator[str]:
    """What of the baseline nobody looked at."""
    judges = {report.atom for report in reports}
    counts = Counter(entry.atom for entry in entries if entry.atom not in judges)
    for name, count in counts.items():
        known = "" if name in ATOMS else ", which isn't an atom: atomci baseline removes them"
        yield f"{count} lines of the baseline are of {name}{known}"


def _grown(ctx: Context, entries: Sequence[BaselineEntry] | None) -> tuple[Finding, ...]:
    if not entries:
        return ()
    named = ctx.options.since or ctx.project.setting(read_selection).base or None
    base = base_entries(ctx.project.git, named)
    return () if base is None else grown(entries, base, lambda path: (ctx.root / path).is_file())


def aggregate_static_findings_holds(ctx: Context) -> Verdict:
    """Also: one run per tool in the SARIF file, as many results as findings, relative URIs, fingerprints."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    log = json.loads((ctx.root / handles.STATIC_SARIF).read_text(encoding="utf-8"))
    found = ctx.read(handles.FINDINGS)
    categories = [run["automationDetails"]["id"] for run in log["runs"]]
    results = [result for run in log["runs"] for result in run["results"]]
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results]
    problems = []
    if log["version"] != "2.1.0" or len(categories) != len(set(categories)):
        problems.append(f"{handles.STATIC_SARIF}: not one 2.1.0 run per tool: {', '.join(categories)}")
    if len(results) != sum(len(run.findings) + len(run.held or ()) for run in found.runs) - sum(
        found.unsent.values()
    ):
        problems.append(
            f"{handles.STATIC_SARIF}: {len(results)} results, but {handles.FINDINGS} has another number"
        )
    problems += [
        f"{handles.STATIC_SARIF}: {uri} isn't relative" for uri in uris if uri.startswith("/") or "://" in uri
    ]
    problems += [f"{name} {why}" for name, why in unexplained(found)]
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def classify_static_failures(ctx: Context) -> Outcome:
    from atomci.bootstrap.managers.choice import prefix

    found = ctx.read(handles.FINDINGS)
    lanes = classify(found.runs, prefix(ctx.project))
    ctx.write(handles.LANES, lanes)
    advice = f"start with {lanes.lane}: {lanes.lanes[0].command}" if lanes.lanes else ""
    return Outcome("pass", advice, len(found.runs), "reports")


def classify_static_failures_holds(ctx: Context) -> Verdict:
    """Also: every finding is in a lane, and every lane has its command."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    findings = [finding for run in ctx.read(handles.FINDINGS).runs for finding in run.findings]
    lanes = ctx.read(handles.LANES)
    problems = [f"lane {lane.lane} has no command" for lane in lanes.lanes if not lane.command.strip()]
    if sum(lane.findings for lane in lanes.lanes) != len(findings):
        problems.append(f"{len(findings)} findings, but the lanes hold another number")
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")
