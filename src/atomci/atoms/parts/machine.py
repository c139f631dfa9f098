"""What the atoms of phase 0 and their checks ask of the machine; nothing is installed or kept."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from packaging.specifiers import InvalidSpecifier

from atomci.artifacts.schemas import ManagerChoice, ToolFound
from atomci.bootstrap import environment, interpreters, managers, programs, toolchain
from atomci.engine.context import Context
from atomci.errors import InfrastructureError, UsageError
from atomci.tools import uv
from atomci.tools.process import Command, ToolMissing

__all__ = [
    "ASKED_WITHIN",
    "chosen_manager",
    "environment_version",
    "find_python",
    "look_for",
    "own_python",
    "powershell_is_tested",
    "stale_pip_tools_lock",
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
    return programs.look_for(program, lambda path, *words: _said(ctx, path, *words), required=required)


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
    files = ctx.files("uv.lock", "requirements/*")
    return managers.choice(ctx.project.answers, files, ctx.project.table("tool"))


def own_python(ctx: Context) -> str:
    """The interpreter of the project's environment, there or not."""
    return str(environment.interpreter(environment.folder(ctx.root, os.environ)))


def stale_pip_tools_lock(ctx: Context) -> str | None:
    """Why the lock doesn't follow from pyproject.toml, None when it does.

    It is compiled into a scratch copy, which keeps the pins that still fit, and compared. Raises
    InfrastructureError when that fails.
    """
    lock = managers.LOCKS["pip-tools"]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "dev.txt"
        shutil.copyfile(ctx.root / lock, scratch)
        done = ctx.run(Command(managers.pip_tools_compile(own_python(ctx), str(scratch))))
        if done.code != 0:
            raise InfrastructureError(f"{lock} can't be compared: {done.last_line}", str(done.command))
        same = _pins(scratch) == _pins(ctx.root / lock)
    if same:
        return None
    return f"{lock} is stale: type {managers.relock(ctx.root, 'pip-tools')}, and commit it"


def _pins(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def toolchain_rows(ctx: Context) -> list[ToolFound]:
    """Python, the manager, git and the locked tools: wanted, found, where from.

    Raises ToolMissing without a lock, UsageError on a required-version that isn't a range.
    """
    project = ctx.project
    manager = chosen_manager(ctx).manager
    locked = toolchain.locked_versions(ctx.root, manager)
    if locked is None:
        raise ToolMissing(f"{managers.LOCKS[manager]} is missing", "atomci run compile_lockfile_and_sync")
    wanted = wanted_python(ctx)
    version = _python_version(ctx, project.python)
    python = ToolFound(
        tool="python",
        wanted=str(wanted),
        found=version,
        path=project.python,
        usable=version is not None and version in wanted,
    )
    rows = [python, _manager_row(ctx, manager), look_for(ctx, programs.GIT, required=True)]
    return rows + toolchain.compare(locked, project.version_of, str(project.environment))


def _manager_row(ctx: Context, manager: managers.Manager) -> ToolFound:
    project = ctx.project
    if manager == "pip-tools":
        return toolchain.manager_row(manager, "", project.version_of(manager), str(project.environment))
    path = uv.find()
    found = programs.version_in(_said(ctx, path, "--version") or "") if path else None
    wanted = str(ctx.project.table("tool", "uv").get("required-version") or "")
    try:
        return toolchain.manager_row(manager, wanted, found, path)
    except InvalidSpecifier:
        raise UsageError(f"pyproject.toml: [tool.uv] required-version {wanted!r} isn't a range") from None
