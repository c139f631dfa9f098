"""Phase 1: project configuration. The template writes it; an atom proves and records it."""

from __future__ import annotations

from collections.abc import Sequence

from atomci.atoms import checks_01_configuration as checks
from atomci.atoms.recorded import outcome_of, recorded
from atomci.configuration import hooks
from atomci.engine.context import Context, Outcome, runs
from atomci.tools.process import Command


def author_pyproject_toml_core(ctx: Context) -> Outcome:
    return recorded(ctx, checks.author_pyproject_toml_core(ctx))


def configure_pytest_plugins_and_markers(ctx: Context) -> Outcome:
    return recorded(ctx, checks.configure_pytest_plugins_and_markers(ctx))


def configure_coverage_thresholds(ctx: Context) -> Outcome:
    return recorded(ctx, checks.configure_coverage_thresholds(ctx))


def configure_ruff_black_mypy(ctx: Context) -> Outcome:
    return recorded(ctx, checks.configure_ruff_black_mypy(ctx))


def scaffold_test_pyramid_directories(ctx: Context) -> Outcome:
    return recorded(ctx, checks.scaffold_test_pyramid_directories(ctx))


def add_conftest_shared_fixtures(ctx: Context) -> Outcome:
    return recorded(ctx, checks.add_conftest_shared_fixtures(ctx))


def _install(ctx: Context) -> Sequence[Command]:
    # Which hooks: the config's default_install_hook_types.
    return (Command((ctx.tool("pre-commit"), "install")),)


@runs(_install)
def create_precommit_config(ctx: Context) -> Outcome:
    if not (ctx.root / hooks.FILE).is_file():
        return Outcome("fail", f"{hooks.FILE}: missing")
    done = ctx.run(*_install(ctx))
    if done.code != 0:
        return Outcome("fail", f"pre-commit install: {(done.stderr or done.stdout).strip()[-300:]}")
    return outcome_of(ctx, checks.create_precommit_config(ctx))


def seed_vscode_settings_tasks_extensions(ctx: Context) -> Outcome:
    return recorded(ctx, checks.seed_vscode_settings_tasks_extensions(ctx))


def create_ci_workflow_skeleton(ctx: Context) -> Outcome:
    return recorded(ctx, checks.create_ci_workflow_skeleton(ctx))
