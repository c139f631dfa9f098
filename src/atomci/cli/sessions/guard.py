"""`atomci guard`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from atomci.errors import InfrastructureError, UsageError

if TYPE_CHECKING:
    from atomci.guard.request import SessionRequest

__all__ = ["guard_command"]

Command = TypeVar("Command", bound=Callable[..., Any])


def _seconds(_: click.Context, option: click.Parameter, value: str | None) -> float | None:
    """Seconds of a time as people type it; 0 is `off`, and None where nothing was typed."""
    from atomci.guard.limits import seconds_of

    try:
        return None if value is None else seconds_of(value) or 0.0
    except ValueError:
        hint = f"such as {option.opts[0]} 90s, 10m, 1h30m or off"
        raise UsageError(f"{option.opts[0]}: {value!r} is no time", hint) from None


def _time(*names: str, says: str) -> Callable[[Command], Command]:
    return click.option(*names, metavar="TIME", callback=_seconds, help=says)


@click.command("guard", context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False})
@click.option(
    "--tool", metavar="NAME", help="claude, codex, gemini, aider or generic, instead of by its name."
)
@_time("--timeout", "wall", says="The whole session.  [default: 2h]")
@_time("--first-byte", says="Until it prints something.  [default: 5m where it tells events]")
@_time("--inactivity", says="Without output, work or a changed file.  [default: 10m]")
@_time("--grace", says="From its result to its end.  [default: 10s]")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Tokens that it may use, cached ones too.")
@click.option("--max-usd", type=click.FloatRange(min=0, min_open=True), help="US dollars that it may cost.")
@click.option("--in-place", is_flag=True, help="In this checkout, and not in a worktree of its own.")
@click.option("--allow-degraded", is_flag=True, help="Also where nothing here keeps it within bounds.")
@click.option("--stdin", "reads", is_flag=True, help="It may read the input of this command.")
@click.option("--pty", is_flag=True, help="On a terminal of its own, in which you can work as ever.")
@click.option("--as-typed", is_flag=True, help="Add no option to the command, such as one for events.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines: one event per line.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True)
def guard_command(
    command: tuple[str, ...],
    tool: str | None,
    in_place: bool,
    allow_degraded: bool,
    reads: bool,
    pty: bool,
    as_typed: bool,
    as_json: bool,
    max_tokens: int | None,
    max_usd: float | None,
    **times: float | None,
) -> int:
    """Run a program that edits files in this repository, such as an AI's command line, under guard.

    It works in a worktree of its own with all that this checkout holds, and can write nothing else. It gets
    no input, is ended where it hangs or reaches a limit, and leaves no process behind. What it did is written
    down in artifacts/cli_runs/, without secrets.

    \b
    atomci guard -- claude -p "fix the failing test"
    atomci guard --timeout 20m --max-tokens 500000 -- codex exec "fix the failing test"
    atomci guard -- make lint-fix          any other program

    Exit codes: 0 it ended well, 1 it says no or failed, 3 it hung or can't be started, 4 refused, or a limit
    was reached, 130 interrupted.
    """
    from atomci.cli.view.guarding import SessionEvents, SessionView
    from atomci.guard.session import guard
    from atomci.guard.verdict import EXIT_CODES

    asked = _Asked(command, tool, in_place=in_place, reads=reads, pty=pty, as_typed=as_typed or pty)
    request = asked.request(_limits(times, max_tokens, max_usd), degraded=allow_degraded)
    shown = SessionEvents() if as_json else SessionView(request)
    session = guard(request, shown)
    shown.ended(session)
    if session.incomplete and session.verdict == "done":
        raise InfrastructureError(
            session.incomplete, "free the disk, or give yourself the right to write there"
        )
    return EXIT_CODES[session.verdict]


def _limits(times: Mapping[str, float | None], tokens: int | None, usd: float | None) -> dict[str, Any]:
    """What was asked for; 0 seconds are `off`."""
    given = {name: seconds or None for name, seconds in times.items() if seconds is not None}
    ceilings = {"tokens": tokens, "usd": usd}
    return {**given, **{name: value for name, value in ceilings.items() if value is not None}}


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

        root = self._root()
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
        )

    def _root(self) -> Path:
        from atomci.tools.git.repository import open_repository

        return open_repository(self._folder, "a guarded session needs one").top.resolve()

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
