"""`atomci completion`, and what a shell asks at each press of the tab key.

click has the shells' scripts and asks each command for its words. Here are the words that only atomci knows,
and options whose value is joined to them, as in `--format=dot`, which click completes in none of its shells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from atomci.errors import AtomciError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem, ShellComplete

    from atomci.engine.plan import Catalog

__all__ = ["VARIABLE", "answer", "completion_command", "files", "targets"]

VARIABLE = "_ATOMCI_COMPLETE"
"""By which a shell's script asks, such as `bash_complete`."""
_SHELLS = ("bash", "zsh", "fish", "powershell")
_PROGRAM = "atomci"
_NOSORT = "    complete -o nosort"
_OLD_BASH = "    (( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404 )) || return 0\n"
"""An older bash, such as that of macOS, would complain of the option whenever it starts."""


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS, case_sensitive=False))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes atomci's verbs, options, targets and choices in a shell.

    Put it where the shell finds it, then open a new one. In bash (4.4 or newer):

    \b
    mkdir -p ~/.local/share/bash-completion/completions
    atomci completion bash > ~/.local/share/bash-completion/completions/atomci

    In zsh, before compinit in ~/.zshrc: fpath=(~/.zfunc $fpath)

    \b
    mkdir -p ~/.zfunc
    atomci completion zsh > ~/.zfunc/_atomci

    In fish:

    \b
    atomci completion fish > ~/.config/fish/completions/atomci.fish

    In PowerShell, as a line of the file $PROFILE:

    \b
    atomci completion powershell | Out-String | Invoke-Expression
    """
    _print_script(ctx.find_root().command, shell)


def answer(command: click.Command, asked: str) -> int:
    """Print what can stand where the cursor is, as the script of that shell reads it."""
    shell, _, what = asked.partition("_")
    if shell not in _SHELLS or what not in ("complete", "source"):
        return 2
    if what == "source":  # how other programs with click are asked for their scripts
        _print_script(command, shell)
        return 0
    completer = _completer(command, shell)
    words, begun = completer.get_completion_args()
    found = completer.get_completions(_without_splits(words), begun)
    option, sign, _ = begun.rpartition("=") if begun.startswith("--") else ("", "", "")
    lines = [completer.format_completion(_behind(option + sign, item)) for item in found]
    click.echo("\n".join(lines).encode())
    return 0


def _print_script(command: click.Command, shell: str) -> None:
    script = _completer(command, shell).source().replace(_NOSORT, _OLD_BASH + _NOSORT)
    click.echo(script.encode(), nl=False)  # as text, Windows would end lines in a way that bash can't read


def _completer(command: click.Command, shell: str) -> ShellComplete:
    from click.shell_completion import get_completion_class

    if (found := get_completion_class(shell)) is None:
        raise UsageError("completion in PowerShell needs click 8.5 or newer", "pip install 'click>=8.5'")
    return found(command, {}, _PROGRAM, VARIABLE)


def _without_splits(words: list[str]) -> list[str]:
    """bash makes three words of `--format=dot`."""
    pairs = zip(["", *words], words, strict=False)
    return [word for before, word in pairs if not (word == "=" and before.startswith("--"))]


def _behind(head: str, item: CompletionItem) -> CompletionItem:
    """The same value behind `--format=`, since the shell puts it in the place of the whole word."""
    from click.shell_completion import CompletionItem

    return CompletionItem(head + item.value, item.type, item.help) if head and item.type == "plain" else item


def files(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Lets the shell complete a path."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file")]


def targets(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Pipelines, phases and atoms that begin so; behind `run` those that run today. Ids once one is begun."""
    from click.shell_completion import CompletionItem

    from atomci.engine.plan import resolve

    catalog = _catalog()
    found = [(name, text) for name, text in _named(catalog, begun) if name.startswith(begun)]
    if ctx.command.name == "run":
        found = [row for row in found if not any(map(catalog.planned, resolve(row[0], catalog)))]
    return [CompletionItem(name, help=text) for name, text in found]


def _named(catalog: Catalog, begun: str) -> Iterator[tuple[str, str]]:
    from atomci.catalog import PHASES

    atoms = catalog.atoms.values()
    yield from ((row.name, row.summary) for row in catalog.pipelines.values())
    yield from ((phase.name, phase.title) for phase in PHASES if any(phase.number == a.phase for a in atoms))
    yield from ((row.name, row.summary) for row in atoms)
    if begun.startswith("atom_"):
        yield from ((row.id, row.name) for row in atoms)


def _catalog() -> Catalog:
    """With the atoms of packages; without them where one can't be loaded, since a tab must print no error."""
    from atomci.atoms.loading.builtin import catalog_of
    from atomci.atoms.loading.plugins import load_plugins

    try:
        return catalog_of(load_plugins())
    except AtomciError:
        return catalog_of({})
