"""`atomci guard`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from atomci.errors import UsageError

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
    from atomci.cli.sessions.guarded import guarded

    return guarded(
        command,
        limits=_limits(times, max_tokens, max_usd),
        tool=tool,
        in_place=in_place,
        degraded=allow_degraded,
        reads=reads,
        pty=pty,
        as_typed=as_typed,
        as_json=as_json,
    )


def _limits(times: Mapping[str, float | None], tokens: int | None, usd: float | None) -> dict[str, Any]:
    """What was asked for; 0 seconds are `off`."""
    given = {name: seconds or None for name, seconds in times.items() if seconds is not None}
    ceilings = {"tokens": tokens, "usd": usd}
    return {**given, **{name: value for name, value in ceilings.items() if value is not None}}
