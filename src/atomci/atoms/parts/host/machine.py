"""What the atoms of phase 0 and their checks ask of the machine; nothing is installed or kept."""

from __future__ import annotations

import os
from functools import partial

from atomci.analysis.table import in_use
from atomci.artifacts.handed.schemas import ManagerChoice, ToolFound
from atomci.bootstrap import environment, interpreters, programs, toolchain
from atomci.bootstrap.managers.choice import choice
from atomci.bootstrap.managers.locked import locked_versions
from atomci.bootstrap.managers.table import MANAGERS
from atomci.engine.context import Context
from atomci.errors import InfrastructureError
from atomci.tools import uv
from atomci.tools.process import Command, ToolMissing

__all__ = [
    "ASKED_WITHIN",
    "chosen_manager",
    "environment_version",
    "find_python",
    "look_for",
    "powershell_is_tested",
    "toolchain_rows",
    "wanted_python",
]

ASKED_WITHIN = 20.0
"""Seconds for a program to tell its version."""


def wanted_python(ctx: Context) -> interpreters.Wanted:
    """The versions that the project, UV_PYTHON and .python-version leave."""
    return interpreters.wanted(ctx.project.table("project"), ctx.root, os.environ)


def find_python(ctx: Context, wanted: interpreters.Wanted) -> interpreters.Found:
    """The interpreter to use; starts candidates, installs nothing."""
    own = environment.folder(ctx.root, os.environ)
    offered = interpreters.candidates(own, os.environ, uv.python_folder(ctx.root))
    return interpreters.choose(offered, wanted, lambda path: _python_version(ctx, path))


def _python_version(ctx: Context, path: str) -> str | None:
    return (_said(ctx, path, "-c", interpreters.QUESTION) or "").strip() or None


def environment_version(ctx: Context) -> str | None:
    """What the environment's interpreter says it is; None when it isn't there or doesn't start."""
    folder = environment.folder(ctx.root, os.environ)
    if not (folder / "pyvenv.cfg").is_file():
        return None
    return _python_version(ctx, str(environment.interpreter(folder)))


def look_for(ctx: Context, program: programs.Program, *, required: bool) -> ToolFound:
    """The program on PATH, asked for its version."""
    return programs.look_for(program, partial(_said, ctx), required=required)


def _said(ctx: Context, *words: str) -> str | None:
    try:
        done = ctx.run(Command(words, timeout=ASKED_WITHIN))
    except InfrastructureError:
        return None
    return done.stdout if done.code == 0 else None


def powershell_is_tested(ctx: Context) -> bool:
    """Whether the project has Pester tests."""
    return bool(ctx.files("scripts/**/*.Tests.ps1", "tests/**/*.Tests.ps1"))


def chosen_manager(ctx: Context) -> ManagerChoice:
    """The project's dependency manager, from what is recorded and what is there."""
    files = ctx.files(*(glob for manager in MANAGERS.values() for glob in manager.FILES))
    return choice(ctx.project.answers, files, ctx.project.table("tool"))


def toolchain_rows(ctx: Context) -> list[ToolFound]:
    """Python, the manager, git and the locked tools: wanted, found, where from.

    Raises ToolMissing without a lock, UsageError on a required-version that isn't a range.
    """
    project = ctx.project
    manager = MANAGERS[chosen_manager(ctx).manager]
    locked = locked_versions(ctx.root, manager)
    if locked is None:
        raise ToolMissing(f"{manager.LOCK} is missing", "atomci run compile_lockfile_and_sync")
    wanted = wanted_python(ctx)
    version = _python_version(ctx, project.python)
    python = ToolFound(
        tool="python",
        wanted=str(wanted),
        found=version,
        path=project.python,
        usable=version is not None and version in wanted,
    )
    row = manager.own_row(project, partial(_said, ctx))
    rows = [python, row, look_for(ctx, programs.GIT, required=True)]
    static = dict.fromkeys(tool.PROGRAM for tool in in_use(project))
    tools = (*static, *toolchain.REQUIRED)
    return rows + toolchain.compare(tools, locked, project.version_of, str(project.environment))
