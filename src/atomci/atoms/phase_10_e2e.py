"""Phase 10: end-to-end tests, their services, and the project's own workflow gone through for real."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from atomci.analysis.table import in_use
from atomci.artifacts import handles
from atomci.artifacts.handed.schemas import Preconditions, ServiceState
from atomci.atoms.parts.ci_files import ci_verdict, ruleset_documents
from atomci.atoms.parts.layers.coverage_budget import counted_layers
from atomci.atoms.parts.layers.layer_runs import (
    export_reports,
    keeping,
    last_tests,
    miscounted,
    not_begun,
    run_tests,
    uncounted,
    write_reports,
)
from atomci.atoms.parts.layers.selected_runs import nothing_reached, planned_commands, run_selected
from atomci.atoms.parts.verdicts.evidence import last_result
from atomci.atoms.parts.verdicts.recorded import outcome_of
from atomci.atoms.parts.verdicts.stages import Red, judged, reds_of_tests, why_left_out
from atomci.bootstrap.profile import has_layers, left_out
from atomci.configuration.ci import e2e_policy
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.ci.rulesets import RULESETS
from atomci.configuration.facts import Fact, problem, seen
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.testing import rehearsal
from atomci.testing.layers import E2E, Layer
from atomci.testing.provision.services import Service, ServiceFailed, docker_problem, running
from atomci.testing.provision.settings import read_services
from atomci.tools.process import Command, Completed


def _service_commands(ctx: Context) -> Sequence[Command]:
    return tuple(service.command(service.port(ctx.root), ctx.project.scripts) for service in _services(ctx))


@runs(_service_commands)
def stage_e2e_preconditions(ctx: Context) -> Outcome:
    installed, problems = _installed(ctx)
    absent = _absent(ctx)
    states = [_tried(ctx, service, absent.get(service.name, "")) for service in _services(ctx)]
    problems += [state.reason for state in states if state.status == "failed"]
    ctx.write(
        handles.SERVICES,
        Preconditions(installed=tuple(installed), services=tuple(states), problems=tuple(problems)),
    )
    examined = len(installed) + len(states)
    if problems:
        return Outcome("fail", "; ".join(problems), examined, "preconditions")
    said = [f"{state.name} {state.status} {state.reason}".strip() for state in states]
    return Outcome("pass", "; ".join(said or ["no service is declared"]), examined, "preconditions")


def stage_e2e_preconditions_holds(ctx: Context) -> Verdict:
    """Also: what it was that came up."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    tried = ctx.read(handles.SERVICES)
    shown = [f"{state.name}: {state.status} {state.reason}".strip() for state in tried.services]
    return Verdict.of(tried.problems, [*verdict.evidence, *tried.installed, *shown])


def _installed(ctx: Context) -> tuple[list[str], list[str]]:
    """What the tests run against, and what of it isn't there. A project without a build system has no
    distribution: its environment is all there is.
    """
    project = ctx.project.table("project")
    name = str(project.get("name", ""))
    wanted = {"pytest"}
    if "build-system" in ctx.project.pyproject and name:
        wanted.add(name)
    versions = {distribution: ctx.project.version_of(distribution) for distribution in sorted(wanted)}
    problems = [
        f"{distribution} isn't installed in {ctx.project.environment.name}: "
        "atomci run compile_lockfile_and_sync"
        for distribution, version in versions.items()
        if version is None
    ]
    if versions.get(name):
        suffix = ".exe" if os.name == "nt" else ""
        programs = project.get("scripts", {})
        there = {word: (ctx.project.scripts / f"{word}{suffix}").is_file() for word in programs}
        problems += [f"the program {word} isn't installed" for word, found in there.items() if not found]
    return [f"{name} {version}" for name, version in versions.items() if version], problems


def _services(ctx: Context) -> list[Service]:
    """The declared services. A program of the project's environment comes before one on PATH."""
    found = []
    for name, row in ctx.project.setting(read_services).items():
        if row.run is not None:
            first, *rest = shlex.split(row.run, posix=os.name != "nt")
            own = shutil.which(first, path=str(ctx.project.scripts))
            found.append(Service(name, (own or first, *rest), row.ready, row.timeout))
            continue
        container = f"atomci-{name}-{os.getpid()}"
        words = ("docker", "run", "--rm", "--name", container)
        publish = ("--publish", f"127.0.0.1:{{port}}:{row.port}", str(row.image))
        found.append(Service(name, (*words, *publish), row.ready, row.timeout, container))
    return found


def _absent(ctx: Context) -> dict[str, str]:
    """Containers that can't be started here, with the reason."""
    containers = [service.name for service in _services(ctx) if service.container]
    problem = docker_problem(ctx.children, ctx.root) if containers else ""
    return dict.fromkeys(containers, problem) if problem else {}


def _tried(ctx: Context, service: Service, absent: str) -> ServiceState:
    row = ctx.project.setting(read_services)[service.name]
    command = row.run or f"docker run {row.image}"

    def state(status: str, reason: str = "") -> ServiceState:
        return ServiceState(
            name=service.name, command=command, ready=row.ready, status=status, reason=reason  # type: ignore[arg-type]
        )

    if absent:
        return state("skipped", absent)
    try:
        with running(service, ctx.children, ctx.root, ctx.project.scripts, ctx.log):
            return state("ready")
    except ServiceFailed as error:
        return state("failed", error.message)


def _layer(ctx: Context) -> Layer:
    """Coverage of it costs, and is measured where the budget counts it."""
    return replace(E2E, data=handles.E2E_DATA) if E2E.name in counted_layers(ctx) else E2E


def _pytest(ctx: Context) -> Sequence[Command]:
    kept = {"ATOMCI_ARTIFACTS": str(ctx.root / E2E.kept)}
    return planned_commands(ctx, _layer(ctx), kept)


@runs(_pytest)
def run_pytest_e2e(ctx: Context) -> Outcome:
    if not_begun(ctx, E2E):  # no service is needed either
        return run_tests(ctx, E2E, ())
    with _services_up(ctx) as variables:
        env = {**keeping(ctx, E2E), **variables}
        outcome = run_selected(ctx, _layer(ctx), env)
        measured = (ctx.root / handles.E2E_DATA).is_file()
        return replace(outcome, without=() if measured else (handles.E2E_DATA.path,))


def run_pytest_e2e_holds(ctx: Context) -> Verdict:
    """Also: the summary counts what the results hold, and something passed."""
    verdict = last_tests(ctx, E2E)
    if not verdict.holds:
        return verdict
    problems, summary = miscounted(ctx, E2E), ctx.read(E2E.summary)
    left_out = (summary.why_incomplete,) if summary.why_incomplete else ()
    return Verdict.of(
        problems, (*verdict.evidence, *summary.let_pass, *left_out), f"atomci run {ctx.atom.name}"
    )


@contextmanager
def _services_up(ctx: Context) -> Iterator[dict[str, str]]:
    """Those that can run here, and the variables that name them."""
    absent = _absent(ctx)
    variables: dict[str, str] = {}
    with ExitStack() as stack:
        for service in _services(ctx):
            if service.name not in absent:
                up = running(service, ctx.children, ctx.root, ctx.project.scripts, ctx.log)
                variables |= stack.enter_context(up)
        yield variables


def _plan(ctx: Context, folder: Path, file: str) -> list[rehearsal.PlannedStep]:
    top, prefix = _top(ctx)
    clone = folder / "clone"
    tools = [(tool, ctx.tool(tool.PROGRAM)) for tool in in_use(ctx.project) if tool.FILE_MEND]
    rest = rehearsal.steps(clone / prefix, clone, file, ctx.project.python, tools)
    return [rehearsal.clone_step(top, clone), *rest]


def _top(ctx: Context) -> tuple[Path, str]:
    """The repository's root, and where the project lies in it."""
    prefix = ctx.project.git.prefix() or ""
    up = len(Path(prefix).parts)
    return (ctx.root.parents[up - 1] if up else ctx.root), prefix


def _simulation(ctx: Context) -> Sequence[Command]:
    file = rehearsal.file_to_break(ctx.root, ctx.files("src/**/*.py"))
    folder = Path(tempfile.gettempdir()) / "atomci-workflow"
    return tuple(step.command for step in _plan(ctx, folder, file)) if file else ()


@runs(_simulation)
def simulate_quality_workflow(ctx: Context) -> Outcome:
    file = rehearsal.file_to_break(ctx.root, ctx.files("src/**/*.py"))
    changed = ctx.changed()
    if file is None:
        return Outcome("vacuous", "there is no Python file under src/ to break", 0, "steps")
    if changed is None:
        return Outcome(
            "vacuous", "there is no commit to clone: atomci run initialize_git_repository", 0, "steps"
        )
    with _scratch() as folder:
        clone = folder / "clone" / _top(ctx)[1]

        def run(step: rehearsal.PlannedStep) -> Completed:
            ctx.log(f"[{step.name}]\n")
            done = ctx.run(step.command, cwd=clone if clone.is_dir() else folder)
            if step.name == "clone" and done.code == 0:
                clone.mkdir(parents=True, exist_ok=True)
                rehearsal.overlay(ctx.root, clone, changed)
            return done

        def hide(text: str) -> str:
            return (
                text.replace(str(clone), ".")
                .replace(str(folder), "..")
                .replace(f"{ctx.project.scripts}{os.sep}", "")
            )

        taken, wrong = rehearsal.walk(file, _plan(ctx, folder, file), run, hide)
    ctx.write(handles.REHEARSAL, taken)
    if wrong is None:
        return Outcome(
            "pass", f"{file} was broken, repaired, tested and committed", len(taken.steps), "steps"
        )
    last = taken.steps[-1]
    reason = f"{last.name}: exit {last.exit_code}, not {last.expected}: {wrong.last_printed[:200]}"
    return Outcome("fail", reason, len(taken.steps), "steps")


def simulate_quality_workflow_holds(ctx: Context) -> Verdict:
    """Also: it was red before it was mended, and each step ended as it should."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    steps = ctx.read(handles.REHEARSAL).steps
    problems = [f"{step.name}: exit {step.exit_code}, not {step.expected}" for step in steps if not step.ok]
    if not any(step.name == "it is committed" for step in steps):
        problems.append("it didn't reach its end")
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


@contextmanager
def _scratch() -> Iterator[Path]:
    # Its real path: macOS' temporary folder is a link, and programs name what it points to.
    folder = Path(tempfile.mkdtemp(prefix="atomci-workflow-")).resolve()
    try:
        yield folder
    finally:
        from atomci.testing.provision.lent import removed

        removed(folder)


def capture_e2e_artifacts(ctx: Context) -> Outcome:
    if why := why_left_out(ctx, "run_pytest_e2e"):
        return Outcome.leaving_out(why, 0, "tests")
    outcome = export_reports(ctx, E2E, ())
    reports = write_reports(ctx, handles.E2E_REPORTS, E2E)
    kept = sum(report.path.startswith(f"{E2E.kept}/") for report in reports.reports)
    reason = outcome.reason or f"{kept} files that tests left in {E2E.kept}"
    return Outcome(outcome.status, reason, outcome.examined, outcome.unit)


def capture_e2e_artifacts_holds(ctx: Context) -> Verdict:
    """Also: there is a case per attempt."""
    verdict = last_result(ctx)
    if not verdict.holds:
        return verdict
    problems = uncounted(ctx, E2E)
    return Verdict.of(problems, verdict.evidence, f"atomci run {ctx.atom.name}")


def mark_e2e_required_on_main(ctx: Context) -> Outcome:
    required = mark_e2e_required_on_main_holds(ctx)
    policy = outcome_of(ctx, required)
    tests = ctx.read_if_there(E2E.summary)
    taken = ctx.read_if_there(handles.REHEARSAL)
    reds = [] if required.holds is not False else [Red(ctx.atom.name, policy.status, policy.reason)]
    counts = tests.counts if tests else {}
    reds += reds_of_tests("run_pytest_e2e", "e2e", tests) if tests else []
    if taken is not None and not all(step.ok for step in taken.steps):
        why = f"the workflow went wrong: {taken.steps[-1].name}"
        reds.append(Red("simulate_quality_workflow", "fail", why))
    shown = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    shown = shown or nothing_reached(ctx, E2E)
    stage = judged(ctx, handles.E2E_STAGE, reds, [shown or "the e2e tests haven't run here"])
    return replace(stage, examined=policy.examined, unit=policy.unit, findings=policy.findings)


def mark_e2e_required_on_main_holds(ctx: Context) -> Verdict:
    """Where the e2e tests are required, by the ruleset files and ci.yml."""

    def rules(workflow: Workflow) -> Iterator[Fact]:
        small = not has_layers(ctx.project.answers)
        yield from e2e_policy.workflow_facts(workflow, small=small)
        found = ruleset_documents(ctx)
        if not found and small:
            yield seen(f"{RULESETS}/", left_out(ctx.project, "what is required"))
            return
        if not found:
            yield problem(f"{RULESETS}/main.json", "missing: no ruleset says what is required")
            return
        yield from e2e_policy.ruleset_facts(found, workflow)

    return ci_verdict(ctx, rules)
