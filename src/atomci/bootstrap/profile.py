"""What a rendered project has by its profile: the answers say it, and what they don't say counts as there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atomci.bootstrap.managers.choice import typed
from atomci.project import Project

__all__ = ["EVERYTHING", "MINIMAL", "has_layers", "has_scripts", "left_out", "systems", "works_with"]

MINIMAL, EVERYTHING = "minimal", "everything"


def works_with(answers: Mapping[str, Any], integration: str) -> bool:
    """Whether the answers bring an integration such as `vscode`."""
    if answers.get("profile") in (MINIMAL, EVERYTHING):
        return bool(answers["profile"] == EVERYTHING)
    chosen = answers.get("integrations")
    return not isinstance(chosen, list) or integration in chosen


def systems(answers: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the answers have the unit tests run besides Linux; what they don't say isn't asked for."""
    if answers.get("profile") in (MINIMAL, EVERYTHING):
        return ("windows", "macos") if answers["profile"] == EVERYTHING else ()
    chosen = answers.get("systems")
    return tuple(map(str, chosen)) if isinstance(chosen, list) else ()


def has_scripts(answers: Mapping[str, Any]) -> bool:
    """Whether the tasks are scripts too."""
    return has_layers(answers) and (
        answers.get("wrapper_scripts") is not False or works_with(answers, "powershell")
    )


def has_layers(answers: Mapping[str, Any]) -> bool:
    """Whether there are other layers of tests than the unit tests, and all else that the smallest lacks."""
    return bool(answers.get("profile") != MINIMAL)


def left_out(project: Project, what: str) -> str:
    """That the smallest profile lacks something, and how it comes."""
    return typed(project, f"the profile {MINIMAL} leaves out {what}: atomci update -d profile=standard")
