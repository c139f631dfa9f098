"""Answers as they are given on a command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from atomci.errors import UsageError
from atomci.visible import visible

if TYPE_CHECKING:
    from atomci.template.replay import Dialogue

__all__ = ["dialogue", "given_answers", "keep_answers"]


def given_answers(pairs: tuple[str, ...], file: Path | None = None) -> dict[str, Any]:
    """`-d KEY=VALUE` over those of `--data-file`. Raises UsageError for one that is neither."""
    answers: dict[str, Any] = dict(_from_file(file)) if file else {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"-d {pair}: not KEY=VALUE", "for example -d licence=MIT")
        answers[key] = value
    return answers


def dialogue() -> Dialogue:
    """How somebody at a terminal is asked: git's user is offered as the author, all answers are shown."""
    from atomci.template.replay import Dialogue
    from atomci.tools.git.client import Git

    git = Git(Path.cwd())
    known = {"author_name": git.ask("config", "user.name"), "author_email": git.ask("config", "user.email")}
    return Dialogue({name: value for name, value in known.items() if value}, _confirmed)


def _confirmed(answers: Mapping[str, Any]) -> bool:
    """Whether they are to be rendered. Raises KeyboardInterrupt where the user has had enough."""
    width = max(map(len, answers), default=0)
    click.echo("\nYour answers:")
    for name, value in answers.items():
        said = ", ".join(map(str, value)) if isinstance(value, list) else value
        click.echo(visible(f"  {name:{width}}  {said}"))
    try:
        chosen = click.prompt(
            "Enter makes it, b goes back to the questions, q leaves",
            default="",
            show_default=False,
            type=click.Choice(["", "b", "q"]),
            show_choices=False,
        )
    except click.Abort:
        chosen = "q"
    if chosen == "q":
        raise KeyboardInterrupt
    return bool(chosen != "b")


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
