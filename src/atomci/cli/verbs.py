"""The verbs of the `atomci` command: finds the one that was typed, and loads only its module."""

from __future__ import annotations

import importlib
import io
import os
from typing import TYPE_CHECKING, Any

import click

from atomci.cli import completion
from atomci.errors import InfrastructureError, UsageError
from atomci.visible import visible_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

__all__ = ["call"]

_VERBS: dict[str, tuple[str, str]] = {
    "new": ("atomci.cli.projects.new", "Make a new project and run its gate."),
    "run": ("atomci.cli.runs.run", "Run atoms, phases or pipelines."),
    "watch": ("atomci.cli.runs.watch", "At each save, run the tests that it reaches."),
    "check": ("atomci.cli.runs.check", "Show which atoms hold here, with evidence."),
    "done": ("atomci.cli.runs.done", "Answer whether this commit is done, with evidence."),
    "list": ("atomci.cli.runs.show", "List atoms, phases and pipelines."),
    "explain": ("atomci.cli.runs.show", "Show what a target does, with the plain commands."),
    "graph": ("atomci.cli.runs.show", "Print a target's graph of atoms."),
    "status": (
        "atomci.cli.projects.status",
        "Show whether a newer template is out, and which files drifted.",
    ),
    "update": ("atomci.cli.projects.update", "Merge a newer version of the template."),
    "diff": ("atomci.cli.projects.status", "Show how files differ from what was rendered."),
    "restore": ("atomci.cli.projects.status", "Put files back to what was rendered."),
    "undo": ("atomci.cli.sessions.undo", "Put back what a guarded session changed."),
    "baseline": ("atomci.cli.runs.baseline", "Hold today's findings, so that only new ones are red."),
    "adopt": ("atomci.cli.projects.adopt", "Put an existing repository under a template."),
    "export": ("atomci.cli.projects.export", "Export the template for cookiecutter."),
    "guard": (
        "atomci.cli.sessions.guard",
        "Run a program that edits files, such as an AI's command line, under guard.",
    ),
    "fix": ("atomci.cli.sessions.fix", "Fix what is red, in a copy, and propose a patch."),
    "doctor": ("atomci.cli.runs.doctor", "Show which programs are needed here, and which are missing."),
    "parity": ("atomci.cli.runs.parity", "Show how two runs differ, such as one in CI and one here."),
    "audit": ("atomci.cli.runs.audit", "Show who ran what, and whether that record was changed."),
    "report": ("atomci.cli.runs.report", "Make the page of a run again, and open it."),
    "completion": ("atomci.cli.completion", "Print a shell's completion script."),
}
_AFTER_A_SESSION = ("show", "apply", "branch", "drop")
"""What `atomci guard` takes without -- before it."""
_PLANNED = {
    "fleet": "Many repositories.",
    "streams": "Many workstreams.",
}


class _Verbs(click.Group):
    """Verbs whose modules are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_VERBS, *_PLANNED]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _VERBS:
            module = importlib.import_module(_VERBS[cmd_name][0])
            found: click.Command = getattr(module, f"{cmd_name}_command")
            return found
        return _planned(cmd_name) if cmd_name in _PLANNED else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if word == "guard" and args[1:2] and args[1] in _AFTER_A_SESSION:
            return f"guard {args[1]}", _after_a_session(args[1]), args[2:]
        if word in _VERBS or word in _PLANNED or ctx.resilient_parsing or word.startswith("-"):
            return super().resolve_command(ctx, args)
        raise UsageError(f"atomci has no command {word!r}", _meant(word))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Verbs that run today, with their texts from the table: no module is imported for one."""
        from click.shell_completion import CompletionItem

        verbs = [CompletionItem(name, help=_VERBS[name][1]) for name in _VERBS if name.startswith(incomplete)]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _VERBS.items()])
        with formatter.section("Planned (exit with an error today)"):
            formatter.write_dl(list(_PLANNED.items()))


def _after_a_session(word: str) -> click.Command:
    from atomci.cli.sessions.handover import COMMANDS

    return COMMANDS[word]


def _meant(word: str) -> str:
    """What to type instead: a command, or to run what the word names."""
    import difflib

    from atomci.catalog import ATOMS, PHASES, PIPELINES

    targets = [*(row.name for rows in (PIPELINES, PHASES, ATOMS) for row in rows), *(row.id for row in ATOMS)]
    if word in targets:
        return f"did you mean atomci run {word}?"
    for names, verb in ((_VERBS, ""), (targets, "run ")):
        if close := difflib.get_close_matches(word, names, 1):
            return f"did you mean atomci {verb}{close[0]}?"
    return "atomci --help lists the commands, atomci list what can be run"


def _planned(name: str) -> click.Command:
    def refuse(**_: Any) -> None:
        raise InfrastructureError(
            f"atomci {name} is planned, not built yet", "atomci --help lists what runs today"
        )

    words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)
    settings = {"ignore_unknown_options": True}
    return click.Command(
        name, context_settings=settings, callback=refuse, params=[words], help=_PLANNED[name]
    )


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from atomci.tools.distributions import own_version

        click.echo(f"atomci {own_version()}")
        ctx.exit()


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version.",
)
def _atomci() -> None:
    """A quality pipeline of 119 named, swappable atoms.

    \b
    atomci new myproj              a new repository, its gate run
    atomci run local_ci            the whole local gate
    atomci check                   which atoms hold here, with evidence

    Exit codes: 0 green or done, 1 red or not met, 2 a mistake in the command, 3 a tool or this machine
    failed, 4 refused for the reason that is given, 130 interrupted.
    """


def call(argv: list[str] | None, clean: Callable[[str], str]) -> int:
    """Run the verb that was typed and return its exit code. Complaints about the words are printed as `clean`
    gives them back.
    """
    if asked := os.environ.get(completion.VARIABLE):  # a shell's script, at a press of the tab key
        return completion.answer(_atomci, asked)
    try:
        code = _atomci.main(argv, prog_name="atomci", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        _show(error, clean)
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except RecursionError:
        raise InfrastructureError(
            "a file of the project or the template is nested too deeply to be read",
            "git log --stat shows which ones changed last",
        ) from None
    return code if isinstance(code, int) else 0


def _show(error: click.ClickException, clean: Callable[[str], str]) -> None:
    said = io.StringIO()
    error.show(said)
    click.echo(visible_lines(clean(said.getvalue())), err=True, nl=False)
