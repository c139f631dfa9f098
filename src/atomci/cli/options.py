"""Options that several verbs take, and what they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli import completion
from atomci.errors import UsageError

if TYPE_CHECKING:
    from atomci.project import Project
    from atomci.template.answers import Recorded

__all__ = [
    "answers_file_option",
    "data_file_option",
    "data_option",
    "not_empty",
    "project_at",
    "project_option",
    "recorded_in",
    "rendered_folder",
    "template_option",
]


def not_empty(_: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """As it was given. Raises UsageError for an empty text, such as a variable of a script that isn't set."""
    if value == "":
        raise UsageError(f"{option.opts[0]} has an empty value", "leave it out, or give it one")
    return value


project_option = click.option(
    "--project", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Another folder."
)
answers_file_option = click.option(
    "--answers-file",
    metavar="FILE",
    callback=not_empty,
    shell_complete=completion.files,
    help="The answers file of the template, where several were rendered here.",
)
template_option = click.option(
    "--template",
    metavar="SRC",
    callback=not_empty,
    help="A path, a git URL or gh:org/name.  [default: atomci's own]",
)
data_option = click.option(
    "--data", "-d", "pairs", multiple=True, metavar="KEY=VALUE", help="Answer a question."
)
data_file_option = click.option(
    "--data-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Answers in YAML."
)


def project_at(folder: Path | None) -> Project:
    """The one in `--project`, or that the current folder lies in. Raises UsageError when there is none."""
    from atomci.project import Project, open_project

    return Project(folder.resolve()) if folder else open_project(Path.cwd())


def rendered_folder(project: Path | None) -> Path:
    """The folder of `--project`, or the nearest one upwards that was rendered from a template."""
    from atomci.template.answers import rendered_root

    return project.resolve() if project else rendered_root(Path.cwd().resolve())


def recorded_in(project: Path | None, answers_file: str | None) -> Recorded:
    """What the answers file of that folder says. Raises UsageError for none, or several."""
    from atomci.template.answers import recorded_answers

    return recorded_answers(rendered_folder(project), answers_file)
