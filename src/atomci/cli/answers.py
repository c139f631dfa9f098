"""Answers as they are given on a command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from atomci.errors import UsageError
from atomci.visible import visible

if TYPE_CHECKING:
    from atomci.template.questionnaire import Dialogue, NoAnswer

__all__ = ["asking", "dialogue", "given_answers", "keep_answers"]


def given_answers(pairs: tuple[str, ...], file: Path | None = None) -> dict[str, Any]:
    """`-d KEY=VALUE` over those of `--data-file`. Raises UsageError for one that is neither."""
    answers: dict[str, Any] = dict(_from_file(file)) if file else {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"-d {pair}: not KEY=VALUE", "for example -d licence=MIT")
        answers[key] = value
    return answers


def asking() -> Dialogue:
    """Somebody at a terminal is asked, and that is all."""
    from atomci.cli.view.questions import ask
    from atomci.template.questionnaire import Dialogue

    return Dialogue(ask)


def dialogue() -> Dialogue:
    """The same with git's user offered as the author, and all answers shown in the end."""
    from atomci.tools.git.client import Git

    git = Git(Path.cwd())
    known = {"author_name": git.ask("config", "user.name"), "author_email": git.ask("config", "user.email")}
    offered = {name: value for name, value in known.items() if value}
    return replace(asking(), offered=offered, confirm=_confirmed)


def _confirmed(answers: Mapping[str, Any]) -> str | NoAnswer:
    """What is to be asked again. Raises KeyboardInterrupt where the user has had enough."""
    from atomci.template.questionnaire import NoAnswer

    numbered = {str(number): name for number, name in enumerate(answers, 1)}
    width = max(map(len, answers), default=0)
    click.echo("\nYour answers:")
    for number, name in numbered.items():
        value = answers[name]
        said = ", ".join(map(str, value)) if isinstance(value, list) else value
        click.echo(visible(f"  {number:>2}  {name:{width}}  {said}"))
    wanted: dict[str, str | NoAnswer] = {**numbered, "": NoAnswer.DONE, "b": NoAnswer.AGAIN}
    click.echo("Enter makes the project. A number changes that answer.")
    click.echo("b asks all questions again, q leaves without a project.")
    while (typed := _typed()) not in wanted:
        click.echo("Press Enter, or type a number of the list, b or q.")
    return wanted[typed]


def _typed() -> str:
    try:
        typed: str = click.prompt("", default="", show_default=False, prompt_suffix="> ").strip().lower()
    except click.Abort:
        raise KeyboardInterrupt from None
    if typed == "q":
        raise KeyboardInterrupt
    return typed


def keep_answers(dest: Path, answers: Mapping[str, Any]) -> Path:
    """Write answers that somebody gave to a new file outside of any project, for `--data-file`."""
    import tempfile

    import yaml

    handle, name = tempfile.mkstemp(prefix=f"atomci-answers-{dest.resolve().name}-", suffix=".yml")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        yaml.safe_dump(dict(answers), file, allow_unicode=True, sort_keys=False)
    return Path(name)


def _from_file(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"--data-file {path}: {' '.join(str(error).split())}") from None
    if not isinstance(loaded, Mapping):
        raise UsageError(f"--data-file {path}: not a mapping of questions to answers")
    return {key: value for key, value in loaded.items() if not str(key).startswith("_")}
