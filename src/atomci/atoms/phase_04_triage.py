"""Phase 4: fast static triage."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from types import ModuleType

from atomci.analysis import black, mypy, ruff
from atomci.analysis.lanes import classify
from atomci.analysis.sarif import to_sarif
from atomci.artifacts import handles
from atomci.artifacts.schemas import AllFindings, Finding, Findings
from atomci.atoms.parts.evidence import last_result
from atomci.bootstrap.managers.choice import prefix
from atomci.catalog import atom
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.tools.git import changed_paths
from atomci.tools.process import Command, Completed

Commands = Callable[[Context], Sequence[Command]]


def _tool(adapter: ModuleType) -> Commands:
    name = adapter.__name__.rpartition(".")[2]
    return lambda ctx: (Command((ctx.tool(name), *adapter.ARGUMENTS)),)


_BLACK, _MYPY = _tool(black), _tool(mypy)


def _ruff(ctx: Context) -> Sequence[Command]:
    program = ctx.tool("ruff")
    return Command((program, *ruff.ARGUMENTS)), Command((program, *ruff.FILES_ARGUMENTS))


@runs(_ruff)
def run_ruff_lint(ctx: Context) -> Outcome:
    check, show_files = _ruff(ctx)
    findings = ruff.parse(ctx.run(check), ctx.root)
    return _report(ctx, "ruff", findings, ruff.count_files(ctx.run(show_files)))


@runs(_BLACK)
def run_black_check(ctx: Context) -> Outcome:
    done = ctx.run(*_BLACK(ctx))
    findings = black.parse(done, ctx.root)
    if unformatted := [finding.path for finding in findings if finding.rule == "unformatted"]:
        diff = ctx.run(Command((ctx.tool("black"), *black.DIFF_ARGUMENTS, *unformatted)))
        lines = black.first_changes(diff.stdout, ctx.root)
        findings = tuple(_at(finding, lines.get(finding.path, finding.line)) for finding in findings)
    return _report(ctx, "black", findings, _examined(ctx, done, "**/*.py", "**/*.pyi"))


@runs(_MYPY)
def run_mypy_typecheck(ctx: Context) -> Outcome:
    files = ctx.files("src/**/*.py", "src/**/*.pyi")
    examined = len(files)
    if not examined:
        return _report(ctx, "mypy", (), 0)
    changed = set(changed_paths(ctx.root, ctx.options.since) or ())
    mypy.await_next_second(ctx.root / file for file in files)
    findings = mypy.parse(ctx.run(*_MYPY(ctx)), ctx.root)
    return _report(ctx, "mypy", tuple(sorted(findings, key=lambda f: f.path not in changed)), examined)


def aggregate_static_findings(ctx: Context) -> Outcome:
    reports, missing = [], {}
    for need in ctx.atom.needs:
        report = ctx.read_if_there(atom(need).writes[0], Findings)
        if report is not None:
            reports.append(report)
        else:
            enabled = ctx.project.table("tool", "atomci", "atoms", need).get("enabled", True)
            missing[need] = "left no findings" if enabled else "disabled"
    ctx.write(handles.STATIC_SARIF, to_sarif(reports, ctx.root))
    ctx.write(handles.FINDINGS, AllFindings(runs=tuple(reports), missing=missing))
    gaps = "; ".join(f"{name} {why}" for name, why in missing.items())
    return Outcome("pass" if reports else "vacuous", gaps, len(reports), "tools")


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
    if len(results) != sum(len(run.findings) for run in found.runs):
        problems.append(
            f"{handles.STATIC_SARIF}: {len(results)} results, but {handles.FINDINGS} has another number"
        )
    problems += [
        f"{handles.STATIC_SARIF}: {uri} isn't relative" for uri in uris if uri.startswith("/") or "://" in uri
    ]
    problems += [f"{name} {why}" for name, why in found.missing.items() if why != "disabled"]
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def classify_static_failures(ctx: Context) -> Outcome:
    found = ctx.read(handles.FINDINGS)
    findings = [finding for run in found.runs for finding in run.findings]
    lanes = classify(findings, prefix(ctx.project))
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


def _examined(ctx: Context, done: Completed, *globs: str) -> int:
    """How many files the tool looked at: none where it says that its settings left none."""
    nothing = "No Python files" in done.stderr
    return 0 if nothing else len(ctx.files(*globs))


def _at(finding: Finding, line: int) -> Finding:
    import msgspec

    return msgspec.structs.replace(finding, line=line)


def _report(ctx: Context, tool: str, findings: tuple[Finding, ...], examined: int) -> Outcome:
    version = ctx.project.version_of(tool) or ""
    report = Findings(tool=tool, version=version, atom=ctx.atom.name, examined=examined, findings=findings)
    ctx.write(ctx.atom.writes[0], report)
    if findings:
        return Outcome(
            "fail",
            f"{len(findings)} finding{'s' * (len(findings) > 1)}",
            examined,
            findings=findings,
        )
    return Outcome("pass", "", examined) if examined else Outcome("vacuous", "no Python file to look at")
