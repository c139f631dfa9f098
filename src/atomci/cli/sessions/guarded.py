"""`atomci guard` without what reads its options: what was asked for, and the session that comes of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from atomci.errors import InfrastructureError, UsageError

if TYPE_CHECKING:
    from atomci.guard.request import SessionRequest

__all__ = ["guarded"]


def guarded(
    command: tuple[str, ...],
    *,
    limits: Mapping[str, Any] = MappingProxyType({}),
    tool: str | None = None,
    in_place: bool = False,
    degraded: bool = False,
    reads: bool = False,
    pty: bool = False,
    as_typed: bool = False,
    as_json: bool = False,
) -> int:
    """Run a command under guard in the folder of this process, show it, and return the exit code.

    `limits` are those that were asked for, by the names of `SessionLimits`. Raises UsageError, RefusedError,
    InfrastructureError.
    """
    from atomci.cli.view.guarding import SessionEvents, SessionView
    from atomci.guard.session import guard
    from atomci.guard.verdict import EXIT_CODES

    asked = _Asked(command, tool, in_place=in_place, reads=reads, pty=pty, as_typed=as_typed or pty)
    request = asked.request(limits, degraded=degraded)
    shown = SessionEvents() if as_json else SessionView(request)
    session = guard(request, shown)
    shown.ended(session)
    if session.incomplete and session.verdict == "done":
        raise InfrastructureError(
            session.incomplete, "free the disk, or give yourself the right to write there"
        )
    return EXIT_CODES[session.verdict]


class _Asked:
    """The command that was typed, and what is started for it here."""

    def __init__(
        self,
        command: tuple[str, ...],
        tool: str | None,
        *,
        in_place: bool,
        reads: bool,
        pty: bool,
        as_typed: bool,
    ) -> None:
        from atomci.guard.agents.table import typed
        from atomci.tools.terminal import is_person

        if pty and sys.platform == "win32":
            raise UsageError("--pty needs a terminal as Linux and macOS have it", "leave it out")
        self._command = command
        self._tool = tool
        self._typed = typed(command, tool)
        self._in_place = in_place
        self._person = pty and is_person()
        self._reads = reads or self._person
        self._pty = pty
        self._as_typed = as_typed
        self._folder = Path.cwd().resolve()

    def request(self, limits: Mapping[str, Any], *, degraded: bool) -> SessionRequest:
        """Raises UsageError for what can't be run here so."""
        import msgspec

        from atomci.engine.events import new_run_id
        from atomci.engine.guest import make_room
        from atomci.guard.agents.table import typed
        from atomci.guard.limits import HEADLESS, INTERACTIVE, STREAMING
        from atomci.guard.request import SessionRequest
        from atomci.guard.starting import placed
        from atomci.guard.starting import started as starting
        from atomci.project import Project
        from atomci.tools.git.repository import open_repository

        repository = open_repository(self._folder, "a guarded session needs one")
        root = repository.top.resolve()
        project = Project(root)
        self._check()
        make_room(project)
        command = self._command if self._in_place else placed(self._command, self._folder, project)
        self._typed = typed(command, self._tool)
        started = starting(self._typed, root, as_typed=self._as_typed, terminal=self._pty)
        usual = INTERACTIVE if self._person else STREAMING if started.tells_events else HEADLESS
        most = msgspec.structs.replace(usual, **limits)
        if (most.tokens or most.usd) and not started.tells_events:
            raise UsageError(*self._uncounted())
        return SessionRequest(
            project=project,
            folder=self._folder,
            run=new_run_id(),
            typed=self._typed,
            command=self._command,
            started=started,
            limits=most,
            in_place=self._in_place,
            degraded=degraded,
            terminal=self._pty,
            reads=self._reads,
            repository=replace(repository, top=root),
        )

    def _check(self) -> None:
        from atomci.guard.starting import refuse_unstartable

        shown = "" if self._typed.agent is None else self._typed.agent.INTERACTIVE
        hint = f"atomci guard -- {shown}; or work in it yourself: atomci guard --pty -- ..."
        refuse_unstartable(self._typed, self._command[0], hint, person=self._pty)

    def _uncounted(self) -> tuple[str, str]:
        if self._typed.agent is None:
            return (
                "nobody counts the tokens of this program, so they can't be bounded",
                "leave out --max-tokens and --max-usd, and give --timeout",
            )
        return (
            f"so {self._typed.tool} doesn't tell what it uses, and it can't be bounded",
            "leave out --as-typed and any format of its output",
        )
