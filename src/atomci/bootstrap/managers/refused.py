"""A manager's error, in the words of this project where the reason is known."""

from __future__ import annotations

import re

from atomci.errors import InfrastructureError
from atomci.project import Project
from atomci.tools.process import Command

__all__ = ["refused"]

_LACKS_ATOMCI = re.compile(
    r"\batomci was not found in the package registry|\bno versions? of atomci\b|"
    r"\bNo matching distribution found for atomci\b"
)


def refused(project: Project, lock: str, said: str, command: Command, index: str) -> InfrastructureError:
    """What is to be raised for a lock that can't be made or installed; `index` names another index."""
    if project.answers.get("runtime_source") == "index" and _LACKS_ATOMCI.search(said):
        return InfrastructureError(
            f"{lock}: runtime_source=index needs a package index that has atomci, and none here has it",
            f"name one that has it: {index}=URL, or take the template's own: -d runtime_source=template",
        )
    return InfrastructureError(f"{lock}: {said}", str(command))
