"""Phase 8: the bounded fix loop, as `atomci fix` runs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from msgspec import structs

from atomci.artifacts import handles
from atomci.artifacts.handed.autofix import FixBounds, FixEnd, FixReport
from atomci.artifacts.handed.schemas import Status
from atomci.artifacts.store import ArtifactError
from atomci.atoms.asked.fixing import bounds_of, bring_here, judged_again
from atomci.atoms.parts.options import PatchOptions
from atomci.atoms.parts.verdicts.evidence import never_ran
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.fix.settings import read_fix
from atomci.fix.telling import fix_markdown, verdict_line
from atomci.tools.atomic import replace_file
from atomci.tools.process import Command
from atomci.tools.uv import error_line

_GOOD = ("green", "fixed")
_FIX = "atomci run autofix"
_NO_REPORT = "nothing was fixed here yet"
_IN_CI = "it makes fixes, so it runs on a developer's machine only: atomci fix"


def configure_auto_fix_iterations(ctx: Context) -> Outcome:
    bounds = bounds_of(ctx.project.setting(read_fix))
    ctx.write(handles.FIX_BOUNDS, bounds)
    return Outcome("pass", "; ".join(_said(bounds)), 1, "table")


def configure_auto_fix_iterations_holds(ctx: Context) -> Verdict:
    """The bounds are valid, and those that are written down are today's."""
    bounds = bounds_of(ctx.project.setting(read_fix))
    if (verdict := never_ran(ctx)) is not None:
        return verdict
    if ctx.read_if_there(handles.FIX_BOUNDS) != bounds:
        said = "[tool.atomci.fix] isn't what the last run was bound by"
        return Verdict(None, (said,), f"atomci run {ctx.atom.name}", out_of_date=True)
    return Verdict(True, _said(bounds))


def _said(bounds: FixBounds) -> list[str]:
    time = "no bound on time" if bounds.seconds is None else f"{bounds.seconds:g} s"
    tokens = "no bound on tokens" if bounds.tokens is None else f"{bounds.tokens:,} tokens"
    usd = "none on cost" if bounds.usd is None else f"{bounds.usd:g} US dollars"
    return [
        f"fixer: {bounds.command or 'none, so only tools fix'}",
        f"at most {bounds.attempts} attempts, {time}, {tokens}, {usd}",
        f"a change of at most {bounds.files} files and {bounds.lines} lines in {', '.join(bounds.paths)}",
    ]


def _cycle(ctx: Context) -> Sequence[Command]:
    return () if ctx.options.in_ci else (Command((sys.executable, "-m", "atomci", "fix", "--json")),)


@runs(_cycle)
def run_auto_fix_cycle_once(ctx: Context) -> Outcome:
    if ctx.options.in_ci:
        return Outcome("fail", _IN_CI)
    (command,) = _cycle(ctx)
    done = ctx.run(command)
    report = ctx.read_if_there(handles.FIX_REPORT)
    if report is None:
        return Outcome("error", error_line(done.stderr or done.stdout), 0, "runs of the gate")
    examined = 1 + len(report.attempts)
    if report.stop == "infrastructure":
        return Outcome("error", report.reason, examined, "runs of the gate")
    files = f"a patch of {len(report.files)} files" if report.files else "no patch"
    return Outcome("pass", f"{report.stop}: {files}", examined, "runs of the gate")


def run_auto_fix_cycle_once_holds(ctx: Context) -> Verdict:
    """The newest cycle came to an end of its own, within bounds."""
    report = _report(ctx)
    if isinstance(report, Verdict):
        return report
    if report.stop == "infrastructure":
        return Verdict(False, (report.reason,), _FIX)
    kept = f"kept within bounds by the system ({report.level})"
    if report.level == "detect":
        kept = "nothing kept it within bounds: --allow-degraded"
    return Verdict.of([kept] if report.level == "detect" else [], [verdict_line(report), kept], _FIX)


def apply_guarded_patch(ctx: Context) -> Outcome:
    report = ctx.read(handles.FIX_REPORT)
    judged = judged_again(ctx.project, report)
    refused, lines = judged.refused, judged.lines
    wanted = ctx.option(PatchOptions).apply and bool(report.files) and not refused
    if wanted and ctx.options.in_ci:
        return Outcome("fail", _IN_CI, len(report.files))
    if wanted:
        judged = structs.replace(judged, applied=bring_here(ctx.project, report))
    ctx.write(handles.FIX_JUDGED, judged)
    if refused:
        first = refused[0]
        return Outcome("fail", f"{first.path}: {first.rule}: {first.message}", len(report.files))
    if not report.files:
        return Outcome("pass", "there is no patch", 1, "report")
    said = f"{lines} lines, and no rule refuses them"
    there = f"brought here, not staged; atomci undo {judged.applied} takes it back"
    return Outcome("pass", f"{said}; {there if judged.applied else report.apply}", len(report.files))


def apply_guarded_patch_holds(ctx: Context) -> Verdict:
    """The newest patch keeps to the rules."""
    report = _report(ctx)
    if isinstance(report, Verdict):
        return report
    judged = ctx.read_if_there(handles.FIX_JUDGED)
    if judged is None or judged.run != report.run:
        return Verdict(None, ("the newest patch isn't judged yet",), _FIX, out_of_date=True)
    said = [f"{judged.files} files and {judged.lines} lines"] if judged.files else ["there is no patch"]
    return Verdict.of([f"{row.path}: {row.rule}: {row.message}" for row in judged.refused], said, _FIX)


def emit_auto_fix_report(ctx: Context) -> Outcome:
    report = ctx.read_if_there(handles.FIX_REPORT)
    if report is None:
        return Outcome("skipped", _NO_REPORT, 0, "attempts")
    replace_file(ctx.root / handles.FIX_PAGE, ctx.redactor.clean(fix_markdown(report)).encode())
    return Outcome("pass", f"{handles.FIX_PAGE} has {len(report.attempts)} attempts", 1, "report")


def emit_auto_fix_report_holds(ctx: Context) -> Verdict:
    """The page tells of the newest cycle."""
    report = _report(ctx)
    if isinstance(report, Verdict):
        return report
    path, wanted = ctx.root / handles.FIX_PAGE, ctx.redactor.clean(fix_markdown(report)).encode()
    same = path.is_file() and path.read_bytes() == wanted
    return Verdict.of(
        [] if same else [f"{handles.FIX_PAGE} is of another run"], [str(handles.FIX_PAGE)], _FIX
    )


def terminate_auto_fix_on_green_or_limit(ctx: Context) -> Outcome:
    report = ctx.read_if_there(handles.FIX_REPORT)
    if report is None:
        return Outcome("skipped", _NO_REPORT, 0, "reasons")
    ctx.write(handles.FIX_END, _end(report))
    status: Status = (
        "pass" if report.stop in _GOOD else "error" if report.stop == "infrastructure" else "fail"
    )
    return Outcome(status, verdict_line(report), 1, "reason")


def terminate_auto_fix_on_green_or_limit_holds(ctx: Context) -> Verdict:
    """The newest cycle ended for one reason, and what is written down is that one."""
    report = _report(ctx)
    if isinstance(report, Verdict):
        return report
    same = ctx.read_if_there(handles.FIX_END) == _end(report)
    return Verdict.of([] if same else [f"{handles.FIX_END} is of another run"], [verdict_line(report)], _FIX)


def _end(report: FixReport) -> FixEnd:
    return FixEnd(run=report.run, stop=report.stop, reason=report.reason, fixed=report.stop in _GOOD)


def _report(ctx: Context) -> FixReport | Verdict:
    """That of the newest cycle, or that there was none yet."""
    try:
        found = ctx.read_if_there(handles.FIX_REPORT)
    except ArtifactError as error:
        return Verdict(False, (str(error),), _FIX)
    if found is None:
        return Verdict(None, (_NO_REPORT,), _FIX, not_run=True)
    return found
