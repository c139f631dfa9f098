"""`[tool.atomci] secrets`: the secrets that workflows use. Every run reads it, so it imports little."""

from __future__ import annotations

import re

from atomci.project import Project
from atomci.tables import table_error, value_of

__all__ = ["read_secrets"]


def read_secrets(project: Project) -> tuple[str, ...]:
    """The names. Raises UsageError."""
    names = value_of(project, "secrets", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise table_error(project, ("secrets",), 'expected names: secrets = ["SLACK_WEBHOOK_URL"]')
    for name in names:
        if not re.fullmatch(r"(?!GITHUB_)[A-Z_]\w*", name, re.IGNORECASE | re.ASCII):
            why = "isn't a secret's name: letters, digits and underscores; GITHUB_ in front is GitHub's own"
            raise table_error(project, ("secrets",), f"{name!r} {why}")
    return tuple(names)
