"""Phase 4: fast static triage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType

from atomci.analysis import black, mypy, ruff
from atomci.analysis.lanes import classify
from atomci.analysis.sarif import to_sarif
from atomci.artifacts.schemas import AllFindings, Finding, Findings
from atomci.catalog import atom
from atomci.engine.context import Context, Outcome, runs
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
    ctx.write("artifacts/reports/static.sarif", to_sarif(reports, ctx.root))
    ctx.write("artifacts/reports/findings.json", AllFindings(runs=tuple(reports), missing=missing))
    gaps = "; ".join(f"{name} {why}" for name, why in missing.items())
    return Outcome("pass" if reports else "vacuous", gaps, len(reports), "tools")


def classify_static_failures(ctx: Context) -> Outcome:
    found = ctx.read("artifacts/reports/findings.json", AllFindings)
    findings = [finding for run in found.runs for finding in run.findings]
    lanes = classify(findings, ctx.project.prefix)
    ctx.write("artifacts/reports/lanes.json", lanes)
    advice = f"start with {lanes.lane}: {lanes.lanes[0].command}" if lanes.lanes else ""
    return Outcome("pass", advice, len(found.runs), "reports")


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
