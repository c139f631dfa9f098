"""Which programs this project needs, whether they are here, and what to type where one isn't."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from atomci.artifacts.handed.schemas import ToolFound
from atomci.artifacts.printed.listings import Diagnosis, ProgramRow
from atomci.atoms.loading.load import Loader
from atomci.atoms.parts.host.host_programs import install_words
from atomci.atoms.parts.host.machine import chosen_manager, look_for, toolchain_rows
from atomci.atoms.parts.host.program_uses import USES
from atomci.bootstrap import programs
from atomci.bootstrap.managers.table import MANAGERS
from atomci.bootstrap.programs import Program
from atomci.engine.context import Context
from atomci.errors import AtomciError
from atomci.tools.notices import watchfiles_version
from atomci.tools.process import shell_line

__all__ = ["diagnose"]

_ASKING = "verify_toolchain_versions"
_SYNC = "atomci run compile_lockfile_and_sync"


_TOOLCHAIN = {
    "python": ("everything", "atomci run install_python_runtime"),
    "uv": ("the lock and the environment", "https://docs.astral.sh/uv/getting-started/installation"),
    "pip-tools": ("the lock and the environment", _SYNC),
    "git": ("history, hooks and updates of the template", ""),
}


def diagnose(loader: Loader) -> Diagnosis:
    """Ask each program for its version. Starts them, installs nothing."""
    ctx = Context(loader.workspace(), loader.catalog.atoms[_ASKING])
    rows, problems = [], []
    try:
        rows += [_required(ctx, row) for row in toolchain_rows(ctx)]
    except AtomciError as error:  # what the lock names can't be compared then, the rest can
        rows.append(_required(ctx, look_for(ctx, programs.GIT, required=True)))
        problems.append(f"{error.message}: {error.hint}" if error.hint else error.message)
    rows += [*_optional(ctx), _notices(ctx)]
    healthy = not problems and all(row.state != "missing" for row in rows)
    return Diagnosis(healthy=healthy, programs=tuple(rows), problems=tuple(problems))


def _required(ctx: Context, row: ToolFound) -> ProgramRow:
    use, remedy = _TOOLCHAIN.get(row.tool, ("the pipeline", _SYNC))
    return ProgramRow(
        name=row.tool,
        state="ok" if row.usable else "missing",
        wanted=row.wanted,
        found=row.found,
        path=row.path,
        use=use,
        note=row.note,
        remedy="" if row.usable else remedy or _installed_by(ctx, programs.GIT),
    )


def _optional(ctx: Context) -> Iterator[ProgramRow]:
    for use in USES:
        row = look_for(ctx, use.program, required=False)
        is_wanted = use.is_here(ctx)
        yield ProgramRow(
            name=row.tool,
            state="ok" if row.usable else "left out" if is_wanted else "not needed",
            wanted=row.wanted,
            found=row.found,
            path=row.path,
            use=use.text,
            note=row.note,
            remedy=_installed_by(ctx, use.program) if is_wanted and not row.usable else "",
        )


def _notices(ctx: Context) -> ProgramRow:
    """A module of this very environment, which `atomci watch` does better with."""
    found = watchfiles_version()
    is_wanted = bool(ctx.files("tests/**/*.py", "test_*.py"))
    remedy = MANAGERS[chosen_manager(ctx).manager].to_add(ctx.root, "watchfiles", dev=True)
    if not ctx.project.is_joined:
        remedy = shell_line((sys.executable, "-m", "pip", "install", "watchfiles"))
    return ProgramRow(
        name="watchfiles",
        state="ok" if found else "left out" if is_wanted else "not needed",
        wanted=">=1",
        found=found,
        path=None,
        use="atomci watch, which else looks at the files twice a second",
        note="",
        remedy=remedy if is_wanted and not found else "",
    )


def _installed_by(ctx: Context, program: Program) -> str:
    words = install_words(ctx, program)
    return shell_line(words) if words else program.page
