"""Commands of atomci in a text, as people type them in the project they stand in."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

__all__ = ["typed_here"]


def typed_here(text: str) -> str:
    """The text, its commands with what leads to the project's own atomci, where it has one.

    As it is where that can't be found out, and where `--project` names another project.
    """
    context = click.get_current_context(silent=True)
    if "atomci " not in text or (context and context.params.get("project")):
        return text
    from atomci.bootstrap.managers.choice import typed
    from atomci.errors import AtomciError
    from atomci.project import Project, find_root

    with contextlib.suppress(AtomciError, OSError):
        return typed(Project(find_root(Path.cwd())), text)
    return text
