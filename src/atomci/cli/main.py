"""The `atomci` command: calls the verb that was typed, and turns errors into exit codes."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path

from atomci.errors import AtomciError, InfrastructureError
from atomci.tools import interrupts

__all__ = ["main"]

_FULL = (errno.ENOSPC, errno.EDQUOT)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    interrupts.hold()
    words = sys.argv[1:] if argv is None else argv
    try:
        if words[:1] != ["run"]:  # it lets them through when what it leaves can say so
            interrupts.release()
            if os.name == "nt":
                from atomci.tools.surroundings import look_on_path_alone

                look_on_path_alone()
        return _call(argv, words)
    except AtomciError as error:
        return _refuse(error, elsewhere=any(word.partition("=")[0] == "--project" for word in words))
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except OSError as error:
        closed = isinstance(error, BrokenPipeError)
        hint = "free the disk: df -h . shows what it has" if error.errno in _FULL else ""
        return 0 if closed else _refuse(InfrastructureError(str(error), hint))
    finally:
        _flush()


def _call(argv: list[str] | None, words: list[str]) -> int:
    if words[:2] == ["guard", "--"] and words[2:]:
        # Nothing is left to parse, and what parses takes longer to load than such a session takes to begin.
        from atomci.cli.sessions.guarded import guarded

        return guarded(tuple(words[2:]))
    from atomci.cli.verbs import call

    return call(argv, _without_secrets)


def _refuse(error: AtomciError, *, elsewhere: bool = False) -> int:
    """Say what went wrong, and what to type: that is for here, unless it is about a project elsewhere."""
    import click

    from atomci.cli.view.advice import typed_here
    from atomci.visible import visible

    _say(f"{click.style('error:', fg='red', bold=True)} {visible(_without_secrets(error.message))}")
    if error.hint:
        hint = error.hint if elsewhere else typed_here(error.hint)
        _say(f"  {visible(_without_secrets(hint))}")
    return error.exit_code


def _say(text: str) -> None:
    import click

    with contextlib.suppress(OSError):  # a terminal that was closed
        click.echo(text, err=True)


def _without_secrets(text: str) -> str:
    """What was typed may be a secret: a variable that was meant for another option."""
    from atomci.artifacts.redaction import redactor_for

    try:
        here = Path.cwd()
    except FileNotFoundError:  # the folder was removed
        here = Path(os.sep)
    root = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
    return redactor_for(root, os.environ).clean(text)


def _flush() -> None:
    """Somebody may have closed the pipe, as `| head` does; the interpreter must not try again at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
