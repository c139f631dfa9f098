"""What is started for a command as it was typed: by which path, with which options for its events."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from atomci.errors import InfrastructureError, UsageError
from atomci.guard.agents.table import Typed
from atomci.guard.record import CLI_RUNS
from atomci.guard.request import LOG_FILE, Started, logged
from atomci.project import Project

__all__ = ["placed", "refuse_unstartable", "started"]


def placed(command: Sequence[str], folder: Path, project: Project) -> tuple[str, ...]:
    """The command, by its whole path where no worktree has it: it is ignored, or lies elsewhere."""
    program, *words = command
    if os.sep not in program or Path(program).is_absolute():
        return tuple(command)
    inside = os.path.relpath(folder / program, project.root)
    if inside.startswith(os.pardir) or project.git.ignored([inside]):
        return os.path.normpath(folder / program), *words
    return tuple(command)


def refuse_unstartable(typed: Typed, program: str, hint: str, *, person: bool = False) -> None:
    """Raise UsageError, with a hint, where the agent would wait for a person to type and there is none, and
    InfrastructureError where the program isn't there.
    """
    if not person and typed.agent is not None and not typed.agent.is_headless(typed.words):
        raise UsageError(f"so {typed.agent.NAME} waits for a person, and it gets no input", hint)
    if shutil.which(program) is None:
        where = "isn't there" if os.sep in program else "isn't on the PATH"
        raise InfrastructureError(f"{program!r} {where}", "install it, or give its path")


def started(typed: Typed, root: Path, *, as_typed: bool = False, terminal: bool = False) -> Started:
    """With an option for events, where the agent has one and no format was asked for."""
    from atomci.guard.agents.capabilities import capabilities_of

    agent, words = typed.agent, typed.words
    if agent is None:
        return Started((*typed.program, *words))
    tells = agent.tells_events(words)
    plain = Started(
        (*typed.program, *words),
        tells_events=tells,
        tells_result=tells or not (agent.EXIT_CODE_TELLS or terminal),
    )
    if as_typed:
        return plain
    known = capabilities_of(typed.program, agent, root / CLI_RUNS / agent.NAME)
    plain = replace(plain, version=known.version)
    added = None if tells else agent.with_events(words, known.options)
    if added is None:
        return plain
    whole = (*typed.program, *added)
    if not agent.LOG:
        return replace(plain, words=whole, tells_events=True, tells_result=True, renders=True)
    if sys.platform == "win32":
        return plain
    return replace(plain, words=logged(whole, agent.LOG), tells_events=True, log=LOG_FILE)
