"""What this project needs programs of the host for, and whether there is anything of that here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from atomci.atoms.parts.host.machine import powershell_is_tested
from atomci.bootstrap import programs
from atomci.bootstrap.programs import Program
from atomci.engine.context import Context
from atomci.testing.provision.settings import read_services

__all__ = ["USES", "ProgramUse", "why_needless"]


@dataclass(frozen=True)
class ProgramUse:
    """What a program is for, and whether there is something of that here."""

    program: Program
    text: str
    is_here: Callable[[Context], bool]


def why_needless(ctx: Context, program: Program) -> str:
    """What the program is for, where nothing of that is here; empty where something asks for it."""
    idle = [use.text for use in USES if use.program is program and not use.is_here(ctx)]
    return f"not needed here: {program.name} is for {idle[0]}" if idle else ""


def _has(*globs: str) -> Callable[[Context], bool]:
    return lambda ctx: bool(ctx.files(*globs))


def _has_containers(ctx: Context) -> bool:
    rows = ctx.project.setting(read_services).values()
    dockered = ctx.files("Dockerfile", ".devcontainer/devcontainer.json")
    return bool(dockered) or any(row.image for row in rows)


USES = (
    ProgramUse(programs.GH, "branch protection and pull requests on GitHub", _has(".github/**/*")),
    ProgramUse(programs.TASK, "the short commands of Taskfile.yml", _has("Taskfile.yml", "Taskfile.yaml")),
    ProgramUse(programs.POWERSHELL, "Pester tests, which CI runs in any case", powershell_is_tested),
    ProgramUse(programs.DOCKER, "images, and services of the end-to-end tests", _has_containers),
    ProgramUse(programs.NODE, "extensions of VS Code that need it", _has(".vscode/*.json")),
)
