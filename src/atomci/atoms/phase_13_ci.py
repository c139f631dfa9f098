"""Phase 13: CI orchestration. The template writes the workflow; an atom proves and records it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from atomci.artifacts.schemas import Finding, Findings
from atomci.artifacts.store import ArtifactError, replace_file
from atomci.artifacts.testing import PesterRun, TestResult
from atomci.atoms import checks_13_ci as checks
from atomci.atoms.recorded import recorded
from atomci.engine.context import Context, Outcome, runs
from atomci.errors import InfrastructureError
from atomci.testing import pester, results
from atomci.tools.process import Command, Completed, ToolMissing

_FINDINGS = "artifacts/findings/pester.json"
_JUNIT = "artifacts/reports/pester.xml"
_RUN = "artifacts/tests/pester.json"
_SECONDS = 900.0
# What scripts print is for people; this much of it is kept.
_OUTPUT = 1_000_000


def ci_job_lint_types(ctx: Context) -> Outcome:
    return recorded(ctx, checks.ci_job_lint_types(ctx))


def ci_job_unit_linux_matrix(ctx: Context) -> Outcome:
    return recorded(ctx, checks.ci_job_unit_linux_matrix(ctx))


def ci_job_integration_linux(ctx: Context) -> Outcome:
    return recorded(ctx, checks.ci_job_integration_linux(ctx))


def _pester(ctx: Context) -> Sequence[Command]:
    files, pwsh = _scripts(ctx), shutil.which("pwsh")
    if not files or pwsh is None:
        return ()
    words = pester.arguments(_RUN, files)
    return (Command((pwsh, *words), timeout=ctx.timeout or _SECONDS, limit=_OUTPUT),)


@runs(_pester)
def ci_job_pester_windows_optional(ctx: Context) -> Outcome:
    if not _scripts(ctx):
        return Outcome("skipped", "there is no *.ps1 under scripts/ and no *.Tests.ps1 under tests/")
    commands = _pester(ctx)
    if not commands:
        return Outcome("skipped", "pwsh isn't on PATH: atomci run install_powershell_if_applicable")
    try:
        done = ctx.run(*commands)
    except ToolMissing as error:  # it is there, so it is broken, and not merely absent
        raise InfrastructureError(error.message, error.hint) from None
    return _pester_ended(ctx, done)


def ci_job_e2e_on_main_nightly(ctx: Context) -> Outcome:
    return recorded(ctx, checks.ci_job_e2e_on_main_nightly(ctx))


def ci_publish_artifacts(ctx: Context) -> Outcome:
    return recorded(ctx, checks.ci_publish_artifacts(ctx))


def ci_codecov_upload_optional(ctx: Context) -> Outcome:
    return recorded(ctx, checks.ci_codecov_upload_optional(ctx))


def ci_slack_notification_on_failure(ctx: Context) -> Outcome:
    return recorded(ctx, checks.ci_slack_notification_on_failure(ctx))


def _scripts(ctx: Context) -> list[str]:
    tests = [path for path in ctx.files("tests/**/*.ps1") if pester.is_test(path)]
    return [*ctx.files("scripts/**/*.ps1"), *tests]


def _pester_ended(ctx: Context, done: Completed) -> Outcome:
    try:
        run = pester.read_run(ctx.root / _RUN)
    except ArtifactError as error:
        said = pester.last_line(done.stderr) or pester.last_line(done.stdout)
        return Outcome("error", f"pwsh left no results (exit {done.code}): {error.message}: {said}")
    if run.pester is None and run.analyzer is None:
        return Outcome("skipped", _absent(run))
    tests = pester.results_of(run)
    analyzed = pester.diagnostics(run)
    findings = (*analyzed, *results.findings(tests, "Pester"))
    _write(ctx, run, tests, findings)
    bad = tuple(finding for finding in findings if finding.level != "note")
    if not bad and (done.code != 0 or run.result == "Failed"):
        why = f"pwsh ended with exit code {done.code}" if done.code else "Pester failed without saying where"
        return Outcome("error", why, len(tests), "tests")
    return _judged(ctx, run, tests, bad)


def _write(ctx: Context, run: PesterRun, tests: Sequence[TestResult], findings: tuple[Finding, ...]) -> None:
    for test in tests:
        ctx.emit(test)
    text = results.junit(tests, "pester").decode()
    replace_file(ctx.root / _JUNIT, ctx.redactor.clean(text).encode())
    tools = {"Pester": run.pester, "PSScriptAnalyzer": run.analyzer}
    version = ", ".join(f"{name} {version}" for name, version in tools.items() if version)
    report = Findings(
        tool="pester",
        version=version,
        atom=ctx.atom.name,
        examined=len(_scripts(ctx)),
        findings=findings,
    )
    ctx.write(_FINDINGS, report)


def _judged(ctx: Context, run: PesterRun, tests: Sequence[TestResult], bad: tuple[Finding, ...]) -> Outcome:
    files = _scripts(ctx)
    with_tests = [path for path in files if pester.is_test(path)]
    absent = _absent(run)
    if bad:
        examined, unit = (len(tests), "tests") if tests else (len(files), "files")
        said = f"{len(bad)} finding{'s' * (len(bad) > 1)}"
        return Outcome("fail", "; ".join(filter(None, (said, absent))), examined, unit, bad)
    if run.pester is None or not with_tests:
        if run.analyzer is None:
            return Outcome("skipped", f"there are no *.Tests.ps1 for Pester, and {absent}")
        return Outcome("pass", absent, len(files), "files")
    if all(test.outcome == "skipped" for test in tests):
        why = "every test was skipped" if tests else f"no test was discovered in {with_tests[0]}"
        more = f" and {len(with_tests) - 1} more" if not tests and len(with_tests) > 1 else ""
        return Outcome("vacuous", why + more, 0, "tests")
    return Outcome("pass", absent, len(tests), "tests")


def _absent(run: PesterRun) -> str:
    """Which module isn't installed, and what installs it; empty when both are."""
    names = pester.missing_modules(run)
    if not names:
        return ""
    verb = "aren't" if len(names) > 1 else "isn't"
    return f"{' and '.join(names)} {verb} installed: {pester.INSTALL.format(', '.join(names))}"
