"""Running one layer of tests: what atoms 037, 058 and 063, and the exports after them, have in common."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath

from msgspec import structs

from atomci.artifacts.handed.schemas import ReportFile, Reports, Status
from atomci.artifacts.handed.testing import TestSummary
from atomci.artifacts.handles import Artifact
from atomci.artifacts.store import sha256
from atomci.atoms.parts.layers.retries import flakiness, is_planned, planned, write_plan
from atomci.atoms.parts.verdicts.evidence import last_result
from atomci.atoms.parts.verdicts.stages import why_left_out
from atomci.engine.cache import notes_in
from atomci.engine.context import Context, Outcome, Verdict
from atomci.engine.guest import lacks
from atomci.project import Project
from atomci.testing import pytest_runs, results
from atomci.testing.first_tests import first_test, why_none
from atomci.testing.judging import complaint, judge
from atomci.testing.layers import UNIT, Layer, gathered
from atomci.testing.lending import lent_package, why_not_lent
from atomci.testing.measurement.coverage_config import names_source, sets_budget
from atomci.testing.observation.observed import FOLDER_VARIABLE
from atomci.testing.pytest_config import PytestConfig, read_pytest_config
from atomci.tools.atomic import replace_file
from atomci.tools.output import LOGGED
from atomci.tools.process import Command, Completed, ToolMissing

__all__ = [
    "export_reports",
    "keeping",
    "lends",
    "lent_variables",
    "listed",
    "miscounted",
    "not_begun",
    "pytest_command",
    "run_tests",
    "uncounted",
    "why_unmeasured",
    "why_unrunnable",
    "write_reports",
]


def pytest_command(
    ctx: Context,
    layer: Layer,
    tests: Sequence[str] = (),
    *,
    workers: int = 0,
    env: Mapping[str, str] | None = None,
    portion: Mapping[str, str] | None = None,
    observed: Path | None = None,
    followed: bool = False,
    narrowed: bool = False,
) -> Command:
    """pytest on a layer, or on some of its files; `env` is added to where the results go, `portion` too: it
    says which of the tests to take. `observed` is the folder for what they were seen to read, and
    `followed` to run; `narrowed` says that the selection names tests to leave out.
    """
    config = read_pytest_config(ctx.root, layer.folder)
    words = pytest_runs.arguments(
        tests or layer.folders(ctx.root),
        workers=workers,
        # Overridden, it shows all that fails: nothing waits for it to be green.
        keep_going=ctx.options.keep_going or ctx.atom.name in ctx.overrides.in_force,
        marker=pytest_runs.marked(config, layer.marker),
        cover=_coverage_words(ctx, layer, config),
        portion=portion is not None,
        observed=observed is not None,
        followed=followed,
        narrowed=narrowed,
        retried=is_planned(ctx),
    )
    own = pytest_runs.environment(ctx.root.as_posix(), layer.log.path, layer.data.path if layer.data else "")
    watch = {FOLDER_VARIABLE: observed.as_posix()} if observed else {}
    if followed and ctx.options.since is not None:  # who asks for a selection gets the finest
        watch |= {"ATOMCI_SUITES": "1"}
    if narrowed:
        watch |= {pytest_runs.LEFT_OUT_VARIABLE: (ctx.root / layer.selection).as_posix()}
    variables = {**own, **watch, **planned(ctx), **lent_variables(ctx), **(env or {}), **(portion or {})}
    # What it says of tests is in its results; of what it prints, the end is enough.
    argv = (ctx.project.python, "-m", "pytest", *words)
    return Command(argv, variables, limit=LOGGED, without=pytest_runs.OTHER_RUNS)


def lent_variables(ctx: Context) -> dict[str, str]:
    """A project that isn't set up for atomci is lent its plugins of pytest, and no other package.

    What Python compiles goes where git ignores it.
    """
    if not lends(ctx.project):
        return {}
    ours = notes_in(ctx.root, ctx.atom).parent
    path = (str(lent_package()), os.environ.get("PYTHONPATH"))
    return {"PYTHONPATH": os.pathsep.join(filter(None, path)), "PYTHONPYCACHEPREFIX": str(ours / "compiled")}


def lends(project: Project) -> bool:
    """Whether a project's environment owes no atomci and has none, so that it is lent the plugins."""
    return not project.is_joined and project.version_of("atomci") is None


def why_unrunnable(project: Project) -> str:
    """Why a project that isn't set up for atomci has no pytest to be run; empty where it has, or owes it."""
    why = lacks(project, "pytest", "pytest")
    return why or (why_not_lent(project.environment) if lends(project) else "")


def _coverage_words(ctx: Context, layer: Layer, config: PytestConfig) -> Sequence[str]:
    if why_unmeasured(ctx, config):
        return ()
    if not layer.data:
        return ("--no-cov",) if config.has("--cov") else ()
    named = names_source(ctx.root, config.value("--cov-config") or "")
    return pytest_runs.coverage_words(config, named=named, src=(ctx.root / "src").is_dir())


def why_unmeasured(ctx: Context, config: PytestConfig) -> str:
    """Why coverage isn't measured; empty where it is."""
    rcfile = config.value("--cov-config") or ""
    if not (ctx.project.is_joined or config.has("--cov") or sets_budget(ctx.root, rcfile)):
        return "this project asks for none"
    if off := config.without("cov"):
        return f"pytest-cov is turned off by {off} ({config.where})"
    if config.has("--no-cov"):
        return f"pytest-cov is turned off by --no-cov ({config.where})"
    loaded = any("pytest_cov" in word for word in config.words)
    if (
        os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") or config.has("--disable-plugin-autoload")
    ) and not loaded:
        return "pytest loads no plugins by itself here, so no pytest-cov: -p pytest_cov loads it"
    if ctx.project.version_of("pytest-cov") is None:
        return f"pytest-cov isn't installed in {ctx.project.environment.name}"
    return ""


def not_begun(ctx: Context, layer: Layer, *, own: bool = False) -> str:
    """Why a layer is left out: the project has nothing yet of which pytest may make a test. Empty where it
    has. Unit tests are always missed. `own` asks only for those in the layer's own folder.
    """
    folders = (layer.folder, *(() if own else layer.also))
    if not layer.later or any(first_test(ctx.project, folder) for folder in folders):
        return ""
    return why_none(ctx.project, layer.folder)


def last_tests(ctx: Context, layer: Layer) -> Verdict:
    """The verdict on the atom that runs a layer's tests, by how they ended the last time."""
    if why := not_begun(ctx, layer):
        return Verdict(None, (why,))
    if why_left_out(ctx, ctx.atom.name):
        why = "there was no test when it ran the last time"
        return Verdict(None, (why,), f"atomci run {ctx.atom.name}", not_run=True)
    return last_result(ctx)


def run_tests(ctx: Context, layer: Layer, commands: Sequence[Command], *, left_out: str = "") -> Outcome:
    """Run the one command, and write the layer's summary. `left_out` says why some tests aren't run."""
    if why := not_begun(ctx, layer):
        ctx.write(layer.summary, TestSummary(counts={}, complete=True))
        return Outcome.leaving_out(why, 0, "tests")
    (command,) = commands
    write_plan(ctx, layer)
    done = ctx.run(command)
    # What a crash says becomes a test's result, which is written as it is.
    clean = ctx.redactor.clean
    done = replace(done, stdout=clean(done.stdout), stderr=clean(done.stderr))
    return _judged(ctx, layer, done, left_out)


def _judged(ctx: Context, layer: Layer, done: Completed, left_out: str) -> Outcome:
    left = gathered(layer, ctx.root, done)
    if left is None:
        said = complaint(f"{done.stdout}\n{done.stderr}") or done.last_line
        raise ToolMissing(f"pytest left no results (exit {done.code}): {said}", _hint(ctx))
    found, session = left
    for result in found:
        ctx.emit(result)
    if session is not None:
        ctx.emit(session)
    judgement = judge(
        found,
        session,
        folder=layer.folder,
        code=done.code,
        output=f"{done.stdout}\n{done.stderr}",
        root=ctx.root,
        left_out=left_out,
        marker=layer.marker,
        flaky=flakiness(ctx, layer, found, session),
    )
    unmeasured = ""
    if layer.data and not (ctx.root / layer.data).is_file():
        config = read_pytest_config(ctx.root, layer.folder)
        unmeasured = why_unmeasured(ctx, config) or "the tests left no coverage"
    ctx.write(layer.summary, structs.replace(judgement.summary, unmeasured=unmeasured))
    examined = 0 if judgement.status == "vacuous" else len({result.nodeid for result in found})
    without = (str(layer.data),) if unmeasured and not ctx.project.is_joined else ()
    bad = results.findings(found)
    cut_short = session is not None and session.stopped and session.missing and not ctx.options.keep_going
    reason = f"{judgement.reason}; -k runs them all" if cut_short else judgement.reason
    return Outcome(judgement.status, reason, examined, "tests", bad, without=without)


def export_reports(ctx: Context, layer: Layer, commands: Sequence[Command]) -> Outcome:
    """Render a layer's results as JUnit, and its coverage by the commands given."""
    if not (ctx.root / layer.log).is_file():
        return Outcome("skipped", f"the {layer.name} tests left no results", 0, "tests")
    found = results.read_results(ctx.root / layer.log)
    replace_file(ctx.root / layer.junit, results.junit(found, layer.name))
    if not layer.data:
        return Outcome("pass", "", len(found), "tests")
    if not (ctx.root / layer.data).is_file():
        return _junit_only(ctx, layer, len(found), "no coverage was measured")
    with ThreadPoolExecutor() as pool:  # each takes seconds, and neither needs the other
        reports = list(pool.map(ctx.run, commands))
    for done in reports:
        if done.code != 0 and _NO_DATA in done.stdout and layer is not UNIT:
            why = f"coverage of the {layer.name} tests, which run no line of the project's packages"
            return Outcome.leaving_out(why, len(found), "tests")
        if done.code != 0:
            return _junit_only(ctx, layer, len(found), done.stdout.strip()[:200])
    return Outcome("pass", "", len(found), "tests")


_NO_DATA = "No data to report"
"""What coverage says where nothing that it measures was run; only the unit tests have a budget to meet."""


def _junit_only(ctx: Context, layer: Layer, tests: int, why: str) -> Outcome:
    """Tests that went wrong or were stopped may leave no coverage; a whole suite owes it."""
    summary = ctx.read_if_there(layer.summary)
    why = summary.unmeasured if summary and summary.unmeasured else why
    status: Status = "vacuous" if summary and summary.complete else "skipped"
    name = PurePosixPath(layer.junit).name
    if not ctx.project.is_joined:
        left_out = f"all reports but {name}, since no coverage was measured: {why}"
        return Outcome.leaving_out(left_out, tests, "tests")
    return Outcome(status, f"{name} only: {why}", tests, "tests")


def write_reports(ctx: Context, where: Artifact[Reports], layer: Layer) -> Reports:
    """List a layer's reports, its results and the files that its tests left; what isn't there too."""
    files = {
        "junit": layer.junit,
        "results": layer.log,
        "coverage-xml": layer.xml,
        "coverage-data": layer.data,
    }
    named = {name: artifact.path for name, artifact in files.items() if artifact}
    left = [f"{layer.kept}/{file}" for file in _files_below(ctx.root / layer.kept)]
    rows = [listed(ctx, name, file) for name, file in (*named.items(), *((file, file) for file in left))]
    reports = Reports(reports=tuple(rows))
    ctx.write(where, reports)
    return reports


def listed(ctx: Context, name: str, path: str) -> ReportFile:
    """A report with its digest, or that it wasn't produced."""
    there = (ctx.root / path).is_file()
    digest = sha256(ctx.root / path) if there else None
    return ReportFile(name=name, path=path, sha256=digest, missing="" if there else "not produced")


def _files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def keeping(ctx: Context, layer: Layer) -> dict[str, str]:
    """The variable that names the folder whose files are kept, for tests; the folder is made."""
    folder = ctx.root / layer.kept
    folder.mkdir(parents=True, exist_ok=True)
    return {"ATOMCI_ARTIFACTS": str(folder)}


def _hint(ctx: Context) -> str:
    if ctx.project.is_joined and ctx.project.version_of("atomci") is None:
        return "atomci isn't installed in the project's environment: add it to the dev group and sync"
    return "see the atom's log"


def miscounted(ctx: Context, layer: Layer) -> list[str]:
    """Where a layer's summary isn't that of its results."""
    counts = results.counts(results.read_results(ctx.root / layer.log))
    summary = ctx.read(layer.summary)
    problems = []
    if summary.counts != counts:
        problems.append(f"{layer.summary} counts {summary.counts}, the results have another number")
    if not summary.counts.keys() & {"passed", "xpassed"}:
        problems.append("no test passed")
    return problems


def uncounted(ctx: Context, layer: Layer) -> list[str]:
    """Where a layer's JUnit hasn't a case per attempt."""
    cases = len(ET.parse(ctx.root / layer.junit).findall(".//testcase"))
    attempts = len(results.read_results(ctx.root / layer.log))
    return [] if cases == attempts else [f"{layer.junit} holds {cases} cases for {attempts} attempts"]
