"""Phase 9: integration tests, with what they are lent and what they leave."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from atomci.artifacts import handles
from atomci.artifacts.handed.schemas import Adapter, Exercised, IntegrationEnv
from atomci.atoms.parts.layers.coverage_runs import coverage_command
from atomci.atoms.parts.layers.layer_runs import (
    export_reports,
    keeping,
    last_tests,
    miscounted,
    not_begun,
    uncounted,
    write_reports,
)
from atomci.atoms.parts.layers.selected_runs import (
    ONLY_IMPACTED,
    nothing_reached,
    planned_commands,
    run_selected,
    standing_pass,
)
from atomci.atoms.parts.verdicts.evidence import last_result
from atomci.atoms.parts.verdicts.stages import (
    Red,
    ended,
    excuse,
    judged,
    none_ran,
    reds_of_tests,
    why_left_out,
)
from atomci.configuration import fixtures, suite
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.errors import InfrastructureError
from atomci.testing import adapters, results
from atomci.testing.layers import INTEGRATION
from atomci.testing.provision import lent
from atomci.tools.process import Command


def _remote(ctx: Context) -> Sequence[Command]:
    return (lent.remote_command(ctx.root, lent.ENVIRONMENT),)


@runs(_remote)
def provision_integration_env(ctx: Context) -> Outcome:
    """It can all be had, and is gone again: the tests get theirs when they start, so that nothing is left
    behind between the atoms.
    """
    env = lent.ENVIRONMENT
    with lent.lent(ctx.root, env, lambda: _make_remote(ctx, env)) as variables:
        for name, value in variables.items():
            ctx.log(f"{name}={value}\n")
    ctx.write(handles.INTEGRATION_ENV, env)
    return Outcome("pass", "", len(variables), "variables")


def provision_integration_env_holds(ctx: Context) -> Verdict:
    """Also: nothing that was lent is still there."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    folder = lent.ENVIRONMENT.folder
    problems = [f"{folder} is still there"] if (ctx.root / folder).exists() else []
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def _make_remote(ctx: Context, env: IntegrationEnv) -> None:
    done = ctx.run(lent.remote_command(ctx.root, env))
    if done.code != 0:
        raise InfrastructureError(f"git failed: {done.last_line}")


def _variables(ctx: Context) -> dict[str, str]:
    env = ctx.read_if_there(handles.INTEGRATION_ENV) or lent.ENVIRONMENT
    return {**lent.variables(ctx.root, env), "ATOMCI_ARTIFACTS": str(ctx.root / INTEGRATION.kept)}


def _pytest(ctx: Context) -> Sequence[Command]:
    return planned_commands(ctx, INTEGRATION, _variables(ctx))


@runs(_pytest)
def run_pytest_integration(ctx: Context) -> Outcome:
    env = ctx.read(handles.INTEGRATION_ENV)
    with lent.lent(ctx.root, env, lambda: _make_remote(ctx, env)):
        keeping(ctx, INTEGRATION)
        return run_selected(ctx, INTEGRATION, _variables(ctx))


def run_pytest_integration_holds(ctx: Context) -> Verdict:
    """Also: the summary counts what the results hold, and something passed."""
    verdict = last_tests(ctx, INTEGRATION)
    if not verdict.holds:
        return verdict
    summary = ctx.read(INTEGRATION.summary)
    left_out = (summary.why_incomplete,) if summary.why_incomplete else ()
    return Verdict.of(miscounted(ctx, INTEGRATION), (*verdict.evidence, *summary.let_pass, *left_out))


def exercise_adapters_and_endpoints(ctx: Context) -> Outcome:
    if why := not_begun(ctx, INTEGRATION, own=True):
        ctx.write(handles.EXERCISED, Exercised(adapters=()))
        return Outcome.leaving_out(why, 0, "tests")
    written = adapters.read_definitions(ctx.root, ctx.files("tests/**/*.py"))
    passed = _passed(ctx, written)
    driven = {test: written.drives(test, fixtures) for test, fixtures in passed.items()}
    expected = {
        adapters.FILES: _why_files(ctx),
        adapters.GIT: _why_git(ctx),
        adapters.ENDPOINT: _why_endpoint(ctx),
    }
    rows = [
        Adapter(name=name, expected=why, tests=tuple(sorted(test for test in passed if name in driven[test])))
        for name, why in expected.items()
    ]
    ctx.write(handles.EXERCISED, Exercised(adapters=tuple(rows)))
    if not passed:
        return Outcome("vacuous", "no integration test passed", 0, "tests")
    if idle := [f"{row.name} ({row.expected})" for row in rows if row.expected and not row.tests]:
        why = f"no test in {INTEGRATION.folder}/ that passed uses: {', '.join(idle)}; write one that does"
        return Outcome("fail", why, len(passed), "tests")
    said = ", ".join(f"{row.name} by {len(row.tests)}" for row in rows if row.tests)
    said = said or "nothing in src/ uses files, git or an endpoint"
    return Outcome("pass", said, len(passed), "tests")


def _passed(ctx: Context, written: adapters.Definitions) -> dict[str, Sequence[str]]:
    """Integration tests that passed, in this run or, where it left them out, before; with their fixtures, as
    far as these are known.
    """
    log = ctx.root / INTEGRATION.log
    found = results.read_results(log) if log.is_file() else ()
    now = {result.nodeid: result.fixtures for result in found if result.outcome == "passed"}
    earlier = {test: _given(test, ran, written) for test, ran in standing_pass(ctx, INTEGRATION).items()}
    passed = {**earlier, **now}
    return {test: by for test, by in passed.items() if test.startswith(f"{INTEGRATION.folder}/")}


def _given(test: str, ran: Sequence[str], written: adapters.Definitions) -> list[str]:
    """The fixtures of a test that ran earlier, by the functions that it ran: these, and what they ask for."""
    own = [block for block in ran if block.startswith("tests/")]
    return [*own, *(name for block in (test, *own) for name in sorted(written.asked_for(block)))]


def exercise_adapters_and_endpoints_holds(ctx: Context) -> Verdict:
    """Also: each test that is said to drive something is one that passed."""
    if why := not_begun(ctx, INTEGRATION, own=True):
        return Verdict(None, (why,))
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    passed = _passed(ctx, adapters.Definitions())
    rows = ctx.read(handles.EXERCISED).adapters
    problems = [
        f"{test} is listed for {row.name}, but it didn't pass"
        for row in rows
        for test in row.tests
        if test not in passed
    ]
    shown = [f"{row.name}: {row.tests[0]} and {len(row.tests) - 1} more" for row in rows if row.tests]
    return Verdict.of(problems, [*verdict.evidence, *shown], f"atomci run {ctx.atom.name}")


def _why_files(ctx: Context) -> str:
    place = adapters.files_in(ctx.root, ctx.files("src/**/*.py"))
    return f"{place} uses it" if place else ""


def _why_git(ctx: Context) -> str:
    if place := adapters.git_in(ctx.root, ctx.files("src/**/*.py")):
        return f"{place} uses it"
    sources, _ = suite.read_suite(ctx.root, ctx.files("tests/**/*.py"), ())
    folder = f"{INTEGRATION.folder}/"
    for source in sources:
        if source.path.startswith(folder) or source.serves(folder):
            for fixture in source.fixtures:
                # Whether the shared ones are of use is the question of another atom.
                is_shared = source.path == fixtures.CONFTEST and fixture.name in fixtures.SHARED
                if adapters.GIT_FIXTURE.fullmatch(fixture.name) and not is_shared:
                    return f"there is a fixture, {source.path}: {fixture.name}"
    return ""


def _why_endpoint(ctx: Context) -> str:
    return "fastapi is a dependency" if "fastapi" in ctx.project.dependencies else ""


def _coverage_report(ctx: Context) -> Sequence[Command]:
    return (coverage_command(ctx, INTEGRATION, "xml", handles.INTEGRATION_COVERAGE),)


@runs(_coverage_report)
def collect_integration_artifacts(ctx: Context) -> Outcome:
    if why := why_left_out(ctx, "run_pytest_integration"):
        return Outcome.leaving_out(why, 0, "tests")
    outcome = export_reports(ctx, INTEGRATION, _coverage_report(ctx))
    write_reports(ctx, handles.INTEGRATION_REPORTS, INTEGRATION)
    return outcome


def collect_integration_artifacts_holds(ctx: Context) -> Verdict:
    """Also: both XML files parse, and there is a case per attempt."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    problems = uncounted(ctx, INTEGRATION)
    if ET.parse(ctx.root / handles.INTEGRATION_COVERAGE).getroot().tag != "coverage":
        problems.append(f"{handles.INTEGRATION_COVERAGE} isn't a coverage report")
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def gate_on_integration_results(ctx: Context) -> Outcome:
    tests = ctx.read_if_there(INTEGRATION.summary)
    driven = ctx.read_if_there(handles.EXERCISED)
    left = ctx.read_if_there(handles.INTEGRATION_REPORTS)
    if tests is None:
        return ended(ctx, handles.INTEGRATION_STAGE, "skipped", ["the integration tests left no result"])
    if unseen := why_left_out(ctx, "run_pytest_integration"):
        return ended(ctx, handles.INTEGRATION_STAGE, "skipped", [f"left out: {unseen}"], left_out=True)
    text = ", ".join(f"{count} {outcome}" for outcome, count in tests.counts.items())
    none = none_ran(tests) and tests.why_incomplete != ONLY_IMPACTED
    nothing = nothing_reached(ctx, INTEGRATION)
    reds = reds_of_tests("run_pytest_integration", "integration", tests, none_ran=none and not nothing)
    idle = [row.name for row in driven.adapters if row.expected and not row.tests] if driven else []
    if idle and (not reds or excuse(ctx, reds)):
        said = f"not driven: {', '.join(idle)}"
        reds.append(Red("exercise_adapters_and_endpoints", "fail", said))
    if reds:
        return judged(ctx, handles.INTEGRATION_STAGE, reds, [text])
    if nothing:
        return ended(ctx, handles.INTEGRATION_STAGE, "pass", [nothing])
    uncovered = why_left_out(ctx, "collect_integration_artifacts")
    owes = ("junit",) if uncovered else ("junit", "coverage-xml")
    absent = (
        [row.name for row in left.reports if row.missing and row.name in owes] if left else ["every report"]
    )
    if driven is None or absent:
        why = [f"without {', '.join(absent)}"] if absent else ["what the tests drive isn't known"]
        return ended(ctx, handles.INTEGRATION_STAGE, "error", [text, *why])
    shown = ", ".join(row.name for row in driven.adapters if row.tests)
    told = [text, f"drive {shown}" if shown else "", f"without {uncovered}" if uncovered else ""]
    return ended(ctx, handles.INTEGRATION_STAGE, "pass", told, owes)
