"""Phase 1: project configuration. The template writes it; an atom proves and records it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from atomci.analysis.table import in_use
from atomci.atoms.parts.ci_files import local_actions, verdict_of
from atomci.atoms.parts.larger_repository import folder_by_setting, hooks_elsewhere, read_by_github
from atomci.atoms.parts.removed_folders import removed_folders
from atomci.atoms.parts.verdicts.recorded import outcome_of
from atomci.bootstrap.layout import folders_of
from atomci.bootstrap.profile import has_layers, left_out
from atomci.configuration import (
    coverage_settings,
    dockerfile,
    editor,
    fixtures,
    hooks,
    pyproject,
    pyramid,
    pytest_settings,
    static_settings,
    suite,
)
from atomci.configuration.ci import releases, workflow, workflow_linters
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.documents import (
    Document,
    Unreadable,
    json_document,
    read_text,
    toml_document,
    yaml_document,
)
from atomci.configuration.facts import Fact
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.engine.plan import resolve
from atomci.errors import UsageError
from atomci.testing.first_tests import first_test
from atomci.tools import uv
from atomci.tools.process import Command

_PYPROJECT = "pyproject.toml"


def author_pyproject_toml_core_holds(ctx: Context) -> Verdict:
    return verdict_of(_pyproject(ctx))


def configure_pytest_plugins_and_markers_holds(ctx: Context) -> Verdict:
    return verdict_of(_pytest(ctx))


def configure_coverage_thresholds_holds(ctx: Context) -> Verdict:
    overriding = _there(ctx, coverage_settings.OVERRIDING)
    return verdict_of(_of_toml(ctx, lambda doc: coverage_settings.facts(doc, overriding)))


def configure_ruff_black_mypy_holds(ctx: Context) -> Verdict:
    tools = in_use(ctx.project)
    there = _there(ctx, [file for tool in tools for file in tool.OVERRIDING])
    return verdict_of(_of_toml(ctx, lambda doc: static_settings.facts(doc, tools, there)))


def scaffold_test_pyramid_directories_holds(ctx: Context) -> Verdict:
    return verdict_of(_pyramid(ctx))


def add_conftest_shared_fixtures_holds(ctx: Context) -> Verdict:
    if not has_layers(ctx.project.answers):
        return Verdict(None, (left_out(ctx.project, "the fixtures that layers share"),))
    if not any(first_test(ctx.project, f"tests/{layer}") for layer in pyramid.LATER):
        return Verdict(None, (f"for the first test in {', '.join(pyramid.LATER)}: there is none yet",))
    return verdict_of(_fixtures(ctx))


def seed_vscode_settings_tasks_extensions_holds(ctx: Context) -> Verdict:
    if ".vscode" not in folders_of(ctx.project.answers):
        return Verdict(None, ("the answers leave VS Code out",))
    return verdict_of(_editor(ctx))


def create_ci_workflow_skeleton_holds(ctx: Context) -> Verdict:
    return read_by_github(ctx, verdict_of(_workflows(ctx)))


def _install(ctx: Context) -> Sequence[Command]:
    # pre-commit refuses to install anything where a setting names the folder of hooks.
    if hooks_elsewhere(ctx) or folder_by_setting(ctx):
        return ()
    # Which hooks: the config's default_install_hook_types.
    return (Command((ctx.tool("pre-commit"), "install")),)


@runs(_install)
def create_precommit_config(ctx: Context) -> Outcome:
    if not (ctx.root / hooks.FILE).is_file():
        return Outcome("fail", f"{hooks.FILE}: missing")
    if why := hooks_elsewhere(ctx):
        return Outcome.leaving_out(why, 0, "hooks")
    for command in _install(ctx):
        done = ctx.run(command)
        if done.code != 0:
            return Outcome("fail", f"pre-commit install: {(done.stderr or done.stdout).strip()[-300:]}")
    return outcome_of(ctx, create_precommit_config_holds(ctx))


def create_precommit_config_holds(ctx: Context) -> Verdict:
    if why := hooks_elsewhere(ctx):
        configured = hooks.configured(yaml_document(ctx.root, hooks.FILE), in_use(ctx.project))
        verdict = verdict_of(configured, f"see {hooks.FILE}")
        return verdict if verdict.holds is False else Verdict(None, (why,))
    return verdict_of(_hooks(ctx), "atomci run create_precommit_config")


def known_targets(ctx: Context) -> Callable[[str], bool]:
    """Whether `atomci run` has such a target in this project, plugins' atoms included."""

    def known(target: str) -> bool:
        try:
            resolve(target, ctx.catalog)
        except UsageError:
            return False
        return True

    return known


def _of_toml(ctx: Context, rules: Callable[[Document], Iterator[Fact]]) -> Iterator[Fact]:
    yield from rules(toml_document(ctx.root, _PYPROJECT))


def _there(ctx: Context, paths: Iterable[str]) -> list[str]:
    return [path for path in paths if (ctx.root / path).is_file()]


def _pyproject(ctx: Context) -> Iterator[Fact]:
    document = toml_document(ctx.root, _PYPROJECT)
    found = list(pyproject.valid(document))
    yield from found
    if not all(fact.ok for fact in found):
        return
    with tempfile.TemporaryDirectory(prefix="atomci-build-") as folder:
        files = ctx.files(*ctx.atom.reads)
        source = pyproject.copy_inputs(ctx.root, files, Path(folder, "source"))
        out = Path(folder, "dist")
        done = ctx.run(pyproject.build_command(source, out, ctx.project.python, uv.find()))
        yield from pyproject.built(document, done, out, ctx.project.packages)


def _pytest(ctx: Context) -> Iterator[Fact]:
    document = toml_document(ctx.root, _PYPROJECT)
    installed = ctx.project.version_of("pytest-timeout")
    plugin = installed or ("declared" if "pytest-timeout" in ctx.project.declared else None)
    yield from pytest_settings.facts(document, _there(ctx, pytest_settings.OVERRIDING), plugin)


def _sources(ctx: Context) -> tuple[tuple[suite.SuiteFile, ...], list[Fact]]:
    patterns = ctx.project.table("tool", "pytest", "ini_options").get("python_files")
    if isinstance(patterns, str):
        patterns = patterns.split()
    paths = ctx.files("tests/**/*.py")
    sources, unreadable = suite.read_suite(ctx.root, paths, patterns or ("test_*.py", "*_test.py"))
    return sources, [error.fact for error in unreadable]


def _pyramid(ctx: Context) -> Iterator[Fact]:
    sources, unreadable = _sources(ctx)
    yield from unreadable
    there = (name for name in pyramid.FOLDERS if (ctx.root / "tests" / name).is_dir())
    later = pyramid.LATER
    folders = {name: first_test(ctx.project, f"tests/{name}") if name in later else "" for name in there}
    wanted = [name for name in pyramid.FOLDERS if f"tests/{name}" in folders_of(ctx.project.answers)]
    removed = {PurePosixPath(path).name: commit for path, commit in removed_folders(ctx).items()}
    yield from pyramid.facts(folders, ctx.files("tests/**/*"), sources, wanted, removed)


def _fixtures(ctx: Context) -> Iterator[Fact]:
    sources, unreadable = _sources(ctx)
    yield from unreadable
    yield from fixtures.facts(sources, fixtures.wanted(ctx.project.declared))


def _hooks(ctx: Context) -> Iterator[Fact]:
    yield from hooks.configured(yaml_document(ctx.root, hooks.FILE), in_use(ctx.project))
    # Relative to the root, but absolute in a worktree and where core.hooksPath says so.
    folder = ctx.project.git.git_path("hooks") or ""
    yield from hooks.installed(ctx.root / folder if folder else None, folder or ".git/hooks")


def _editor(ctx: Context) -> Iterator[Fact]:
    documents = {}
    for path in ctx.files(f"{editor.FOLDER}/*.json"):
        try:
            documents[Path(path).name] = json_document(ctx.root, path)
        except Unreadable as error:
            yield error.fact
    chosen = ctx.project.answers.get("integrations") or ()
    yield from editor.facts(documents, known_targets(ctx), powershell="powershell" in chosen)


def _workflows(ctx: Context) -> Iterator[Fact]:
    paths = ctx.files(".github/workflows/*.yml", ".github/workflows/*.yaml")
    actions = local_actions(ctx)
    for path in paths:
        document = yaml_document(ctx.root, path)
        yield from workflow.workflow_facts(document)
        yield from workflow.own_actions_facts(document, actions)
        yield from releases.facts(Workflow(document, actions))
        if path == workflow.CI:
            yield from workflow.ci_facts(document, known_targets(ctx), actions)
    for path in ctx.files(dockerfile.FILE):
        yield from dockerfile.facts(read_text(ctx.root, path))
    if workflow.CI not in paths:
        yield Fact(False, f"{workflow.CI}: missing")
    for action in actions.values():
        yield from workflow.action_facts(action)
    for name, (arguments, _) in workflow_linters.LINTERS.items():
        yield from _linted(ctx, name, (*arguments, *paths)) if paths else ()


def _linted(ctx: Context, name: str, arguments: tuple[str, ...]) -> Iterator[Fact]:
    own = ctx.project.scripts / (f"{name}.exe" if os.name == "nt" else name)
    program = str(own) if own.is_file() else shutil.which(name)
    if program is None:
        yield Fact(True, f"{name}: not installed, so it was not run")
    else:
        yield from workflow_linters.facts(name, ctx.run(Command((program, *arguments))))
