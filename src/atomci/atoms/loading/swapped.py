"""An atom that pyproject.toml replaces by a command."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from atomci.analysis.baseline.entries import FILE
from atomci.analysis.parsers import PARSERS
from atomci.analysis.programs import quoted_output
from atomci.analysis.protocol import Reading
from atomci.analysis.table import ATOMS, TOOLS
from atomci.atoms.parts.verdicts.findings import outcome_of
from atomci.atoms.parts.verdicts.unchanged import unchanging
from atomci.catalog import Atom
from atomci.engine.config import AtomConfig
from atomci.engine.context import Context, Implementation, Outcome
from atomci.engine.inputs.dependencies import EVERY_VARIABLE, Dependencies
from atomci.engine.outputs import declared_outputs
from atomci.tools.output import LOGGED
from atomci.tools.process import Command, Completed

__all__ = ["command_atom"]

# What a parser raises on output that has the right form and another content.
_OTHER_SHAPE = (LookupError, TypeError, AttributeError, ValueError)


def command_atom(atom: Atom, swap: AtomConfig) -> Implementation:
    """The command as an atom: its output is parsed to findings, or its exit code is the answer.

    A command in place of an atom that leaves other artifacts than findings must write those itself;
    their paths are in ATOMCI_WRITES, separated by the platform's path separator.
    """
    parser = swap.reads or ("lines" if atom.phase == 4 else None)

    def commands(ctx: Context) -> Sequence[Command]:
        words = shlex.split(swap.run or "", posix=os.name != "nt")
        env = {"ATOMCI_ATOM": atom.name, "ATOMCI_WRITES": os.pathsep.join(declared_outputs(atom))}
        # Without a parser the exit code is the answer, and its output may be of any length.
        limit = LOGGED if parser is None else None
        return (Command((_program(ctx, words[0]), *words[1:]), env, limit=limit),)

    def run(ctx: Context) -> Outcome:
        (command,) = commands(ctx)
        done = ctx.run(command)
        # A settings file that a row names isn't something to look at.
        globs = swap.inputs or tuple(glob for glob in atom.reads if "*" in glob) or atom.reads
        there = len(ctx.files(*globs))
        if parser is None:
            if done.code != 0:
                return Outcome("fail", f"exit {done.code}: {swap.run}", there)
            return Outcome("pass", "", max(there, 1))
        name = command.argv[0].rpartition("/")[2]
        reading = _in_lane(atom.name, parser, swap.run or "", _read(parser, done, ctx.root, name))
        examined = there if reading.examined is None else reading.examined
        if done.code != 0 and examined and not reading.findings and not reading.broken:
            return Outcome(
                "error",
                f"exit {done.code}, but no finding that parser {parser!r} can read: {quoted_output(done)}",
                examined,
            )
        return outcome_of(ctx, reading, name, "", examined, "file")

    def depends(ctx: Context) -> Dependencies:
        if swap.inputs is not None:
            held_by = (FILE,) if atom.name in ATOMS else ()
            return Dependencies(globs=swap.inputs, files=held_by)
        artifacts = tuple(path for path in atom.reads if path.startswith("artifacts/"))
        return Dependencies(
            globs=artifacts,
            on_disk=("**/*",),
            variables=(EVERY_VARIABLE,),
            widened="all files count, since a command of the project may read any; `inputs` narrows that",
        )

    return Implementation(unchanging(run), commands, f"pyproject.toml: run = {swap.run!r}", depends)


def _read(parser: str, done: Completed, root: Path, name: str) -> Reading:
    try:
        return PARSERS[parser](done, root, name)
    except _OTHER_SHAPE as error:
        what = f"parser {parser!r} can't read its output: {type(error).__name__}: {error}"
        return Reading(broken=f"exit {done.code}, and {what}")


def _in_lane(atom: str, parser: str, run: str, reading: Reading) -> Reading:
    """Findings belong to the lane of the atom, whoever finds them; a tool that mends says how."""
    if atom not in ATOMS:
        return reading
    lane, tool = ATOMS[atom].LANE, TOOLS.get(parser)
    mend = tool.MEND if tool is not None and lane == tool.LANE and tool.FILE_MEND else run
    return replace(
        reading, mend=mend, findings=tuple(structs.replace(one, lane=lane) for one in reading.findings)
    )


def _program(ctx: Context, name: str) -> str:
    """The one in the project's environment where there is one."""
    program = ctx.project.scripts / name
    return str(program) if program.is_file() else name
