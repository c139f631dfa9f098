"""Phase 13: CI orchestration. The template writes the workflow; an atom proves and records it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from atomci.artifacts import handles
from atomci.artifacts.handed.schemas import Finding, Findings
from atomci.artifacts.handed.testing import PesterRun, TestResult
from atomci.artifacts.store import ArtifactError
from atomci.atoms.parts.ci_files import Rules, ci_verdict, ci_workflow
from atomci.atoms.parts.verdicts.evidence import last_result
from atomci.bootstrap.profile import has_layers, systems, works_with
from atomci.configuration.ci import jobs, publishing
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.ci.workflow import CI
from atomci.configuration.documents import Unreadable
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.errors import InfrastructureError
from atomci.testing import pester, results
from atomci.tools.atomic import replace_file
from atomci.tools.process import Command, Completed, ToolMissing

_SECONDS = 900.0
# What scripts print is for people; this much of it is kept.
_OUTPUT = 1_000_000


def ci_job_lint_types_holds(ctx: Context) -> Verdict:
    return ci_verdict(ctx, jobs.lint_types)


def ci_job_unit_linux_matrix_holds(ctx: Context) -> Verdict:
    pythons = jobs.supported(ctx.project.table("project"))
    asked = systems(ctx.project.answers)
    return ci_verdict(ctx, lambda workflow: jobs.unit(workflow, pythons, asked))


def ci_job_integration_linux_holds(ctx: Context) -> Verdict:
    return ci_verdict(ctx, jobs.integration)


def ci_job_e2e_on_main_nightly_holds(ctx: Context) -> Verdict:
    small = not has_layers(ctx.project.answers)
    return ci_verdict(ctx, lambda workflow: jobs.e2e(workflow, small=small))


def ci_publish_artifacts_holds(ctx: Context) -> Verdict:
    return ci_verdict(ctx, publishing.artifacts)


def ci_codecov_upload_optional_holds(ctx: Context) -> Verdict:
    def asked(workflow: Workflow) -> bool:
        return bool(publishing.codecov_steps(workflow))

    return _by_answer(ctx, "codecov", asked, publishing.codecov)


def ci_slack_notification_on_failure_holds(ctx: Context) -> Verdict:
    def asked(workflow: Workflow) -> bool:
        return bool(publishing.slack_steps(workflow))

    return _by_answer(ctx, "slack", asked, publishing.slack)


def _pester(ctx: Context) -> Sequence[Command]:
    files, pwsh = _scripts(ctx), shutil.which("pwsh")
    if not files or pwsh is None:
        return ()
    words = pester.arguments(handles.PESTER_RUN.path, files)
    return (Command((pwsh, *words), timeout=ctx.timeout or _SECONDS, limit=_OUTPUT),)


@runs(_pester)
def ci_job_pester_windows_optional(ctx: Context) -> Outcome:
    if not _scripts(ctx):
        return Outcome("skipped", "there is no *.ps1 under scripts/ and no *.Tests.ps1 under tests/")
    commands = _pester(ctx)
    if not commands:
        return _not_all_ran(ctx, "pwsh isn't on PATH: atomci run install_powershell_if_applicable")
    try:
        done = ctx.run(*commands)
    except ToolMissing as error:  # it is there, so it is broken, and not merely absent
        raise InfrastructureError(error.message, error.hint) from None
    return _pester_ended(ctx, done)


def ci_job_pester_windows_optional_holds(ctx: Context) -> Verdict:
    """The last run here; also: where there are PowerShell tests, CI runs them on Windows."""
    tests = [path for path in _scripts(ctx) if pester.is_test(path)]
    job = ci_verdict(ctx, lambda workflow: jobs.pester(workflow, tests))
    if job.holds is False and (tests or (ctx.root / CI).is_file()):
        return job
    ran = last_result(ctx)
    if ran.not_run and not tests:
        return Verdict(None, ("there is no *.Tests.ps1 under tests/",))
    return Verdict(ran.holds, (*ran.evidence, *job.evidence), ran.remedy) if ran.holds else ran


def _scripts(ctx: Context) -> list[str]:
    tests = [path for path in ctx.files("tests/**/*.ps1") if pester.is_test(path)]
    return [*ctx.files("scripts/**/*.ps1"), *tests]


def _pester_ended(ctx: Context, done: Completed) -> Outcome:
    try:
        run = pester.read_run(ctx.root / handles.PESTER_RUN)
    except ArtifactError as error:
        said = pester.readable(done).last_line
        return Outcome("error", f"pwsh left no results (exit {done.code}): {error.message}: {said}")
    tests = pester.tests_of(run, _scripts(ctx), ctx.files("**/*"))
    findings = (*pester.diagnostics(run), *tests.findings)
    _write(ctx, run, tests.results, findings)
    bad = tuple(finding for finding in findings if finding.level != "note")
    if not bad and (done.code != 0 or run.result == "Failed"):
        why = f"pwsh ended with exit code {done.code}" if done.code else "Pester failed without saying where"
        return Outcome("error", why, len(tests.results), "tests")
    return _judged(ctx, run, tests.results, bad)


def _write(ctx: Context, run: PesterRun, tests: Sequence[TestResult], findings: tuple[Finding, ...]) -> None:
    for test in tests:
        ctx.emit(test)
    text = results.junit(tests, "pester").decode()
    replace_file(ctx.root / handles.PESTER_JUNIT, ctx.redactor.clean(text).encode())
    tools = {"Pester": run.pester, "PSScriptAnalyzer": run.analyzer}
    version = ", ".join(f"{name} {version}" for name, version in tools.items() if version)
    report = Findings(
        tool="pester",
        version=version,
        atom=ctx.atom.name,
        examined=len(_scripts(ctx)),
        findings=findings,
    )
    ctx.write(handles.PESTER_FINDINGS, report)


def _judged(ctx: Context, run: PesterRun, tests: Sequence[TestResult], bad: tuple[Finding, ...]) -> Outcome:
    files = _scripts(ctx)
    examined, unit = (len(tests), "tests") if tests else (len(files), "files")
    kept = [f"PSScriptAnalyzer could not look: {problem}" for problem in run.problems]
    absent = _absent(run, with_tests=any(map(pester.is_test, files)))
    if bad:
        said = f"{len(bad)} finding{'s' * (len(bad) > 1)}"
        return Outcome("fail", "; ".join(filter(None, (said, *kept, absent))), examined, unit, bad)
    if kept:
        return Outcome("error", "; ".join(filter(None, (*kept, absent))), examined, unit)
    if tests and all(test.outcome == "skipped" for test in tests):
        return Outcome("vacuous", "; ".join(filter(None, ("every test was skipped", absent))), 0, "tests")
    if absent:
        passed = [f"{len(tests)} tests passed"] if tests else []
        return _not_all_ran(ctx, "; ".join([absent, *passed]), examined, unit)
    return Outcome("pass", "", examined, unit)


def _not_all_ran(ctx: Context, why: str, examined: int = 0, unit: str = "files") -> Outcome:
    """Half a look is none: here it is skipped, and CI has to have what it needs."""
    return Outcome("error" if ctx.options.in_ci else "skipped", why, examined, unit)


def _absent(run: PesterRun, *, with_tests: bool) -> str:
    """Which module isn't installed, and what installs it; empty when none that is needed is missing."""
    names = pester.missing_modules(run, with_tests=with_tests)
    if not names:
        return ""
    known = {"Pester": "Pester 5 or newer"}
    verb = "aren't" if len(names) > 1 else "isn't"
    said = " and ".join(known.get(name, name) for name in names)
    return f"{said} {verb} installed: {pester.INSTALL.format(', '.join(names))}"


def _by_answer(ctx: Context, word: str, there: Callable[[Workflow], bool], rules: Rules) -> Verdict:
    """The rules, where an answer asks for it or a step does it; else the question doesn't apply."""
    try:
        if not _answered(ctx, word) and not there(ci_workflow(ctx)):
            return Verdict(None, (f"no answer asks for {word}, and {CI} has no step for it",))
    except Unreadable as error:
        return Verdict(False, (str(error),))
    return ci_verdict(ctx, rules)


def _answered(ctx: Context, word: str) -> bool:
    """Whether the project was rendered with it: by its profile, an integration or a question of its own."""
    if "profile" in ctx.project.answers and works_with(ctx.project.answers, word):
        return True
    for name, answer in ctx.project.answers.items():
        if isinstance(answer, list) and word in [str(item).lower() for item in answer]:
            return True
        if word in str(name).lower() and str(answer).lower() not in ("", "false", "no", "none"):
            return True
    return False
