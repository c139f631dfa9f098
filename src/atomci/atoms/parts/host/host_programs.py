"""What atoms 002 to 005 do with a program of the host: look, tell how it is installed, or install it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from atomci.artifacts import handles
from atomci.artifacts.handed.schemas import ToolFound, ToolReport
from atomci.atoms.parts.host.machine import ASKED_WITHIN, look_for
from atomci.atoms.parts.host.program_uses import why_needless
from atomci.atoms.parts.options import InstallOptions
from atomci.bootstrap import host, programs, toolchain
from atomci.engine.context import Context, Outcome, Verdict
from atomci.errors import InfrastructureError
from atomci.tools.process import Command, shell_line

__all__ = ["commands_of", "install_words", "program_is_there", "provide_program"]

_INSTALLED_WITHIN = 900.0


def commands_of(program: programs.Program) -> Callable[[Context], Sequence[Command]]:
    """What an atom that looks for the program starts."""

    def commands(ctx: Context) -> Sequence[Command]:
        path = programs.on_path(program)
        questions = programs.questions(program) if path else ()
        asking = [Command((path or "", *question), timeout=ASKED_WITHIN) for question in questions]
        words = install_words(ctx, program) if ctx.option(InstallOptions).install else None
        if words is None or why_needless(ctx, program):
            return asking
        if _is_there(program, look_for(ctx, program, required=False)):
            return asking
        return (*asking, Command(words, timeout=_INSTALLED_WITHIN))

    return commands


def provide_program(ctx: Context, program: programs.Program, *, required: bool) -> Outcome:
    """Look for it, and with --install install what is needed and isn't there; writes down what was found."""
    row = look_for(ctx, program, required=required)
    if not row.usable and (why := why_needless(ctx, program)):
        ctx.write(ctx.atom.writes[0], ToolReport(tools=(row,)))
        return Outcome("skipped", why, 1, "programs")
    words, after = install_words(ctx, program), "--install runs it"
    if words and ctx.option(InstallOptions).install and not _is_there(program, row):
        after = _install(ctx, words) or f"it ran, but isn't enough: see {program.page}"
        row = look_for(ctx, program, required=required)
    ctx.write(ctx.atom.writes[0], ToolReport(tools=(row,)))
    if row.usable:
        return Outcome("pass", f"{row.found} at {row.path}; {row.note}".rstrip("; "), 1, "programs")
    reason = f"{program.name} {row.wanted} is wanted, {row.note or toolchain.what_is_here(row)}"
    if not _is_there(program, row):
        reason += f": {shell_line(words)} ({after})" if words else f": see {program.page}"
    return Outcome("fail" if required else "skipped", reason, 1, "programs")


def program_is_there(ctx: Context, program: programs.Program, *, required: bool) -> Verdict:
    """Whether the program is there; where it is missing and not required, it is no question."""
    row = look_for(ctx, program, required=required)
    if row.usable:
        return Verdict(True, (f"{row.found} at {row.path}, wanted {row.wanted}; {row.note}".rstrip("; "),))
    if why := why_needless(ctx, program):
        return Verdict(None, (why,))
    seen = row.note or f"{program.name} {row.wanted} is wanted, {row.found or 'none'} is here"
    return Verdict(False if required else None, (seen,), f"atomci run {ctx.atom.name} --install")


def _install(ctx: Context, words: tuple[str, ...]) -> str:
    """Run an install command; why it failed, empty when it didn't."""
    try:
        done = ctx.run(Command(words, timeout=_INSTALLED_WITHIN))
    except InfrastructureError as error:
        return error.message
    return f"exit {done.code}: {done.last_line}" if done.code != 0 else ""


def _is_there(program: programs.Program, row: ToolFound) -> bool:
    """New enough; another copy of it wouldn't help where it isn't usable for all that."""
    return programs.is_new_enough(program, row.found)


def install_words(ctx: Context, program: programs.Program) -> tuple[str, ...] | None:
    """What installs it on this machine; None where its package manager doesn't have it."""
    facts = ctx.read_if_there(handles.HOST) or host.facts(host.this_system())
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return programs.install_command(program, facts.package_manager, root=is_root)
