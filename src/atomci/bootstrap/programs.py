"""Programs of the host: how to ask for their version, how each package manager installs them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from msgspec import structs
from packaging.version import Version

from atomci.artifacts.handed.schemas import ToolFound

__all__ = [
    "DOCKER",
    "GH",
    "GIT",
    "NODE",
    "POWERSHELL",
    "TASK",
    "Ask",
    "Program",
    "install_command",
    "is_new_enough",
    "look_for",
    "on_path",
    "questions",
    "version_in",
]


class Ask(Protocol):
    """Starts a program with arguments; what it prints, None when it can't be started or fails."""

    def __call__(self, path: str, /, *arguments: str) -> str | None: ...


@dataclass(frozen=True)
class Program:
    """A program: names on PATH, the oldest version that will do, what package managers call it."""

    name: str
    commands: tuple[str, ...]
    minimum: str
    packages: Mapping[str, str]
    page: str


GIT = Program(
    "git",
    ("git",),
    "2.38",
    {
        "apt-get": "git",
        "dnf": "git",
        "pacman": "git",
        "apk": "git",
        "brew": "git",
        "winget": "Git.Git",
        "choco": "git",
        "scoop": "git",
    },
    "https://git-scm.com/downloads",
)
POWERSHELL = Program(
    "powershell",
    ("pwsh",),
    "7",
    {"brew": "powershell", "winget": "Microsoft.PowerShell", "choco": "powershell-core", "scoop": "pwsh"},
    "https://learn.microsoft.com/powershell/scripting/install/installing-powershell",
)
NODE = Program(
    "node",
    ("node", "nodejs"),
    "20",
    {
        "apt-get": "nodejs",
        "dnf": "nodejs",
        "pacman": "nodejs",
        "apk": "nodejs",
        "brew": "node",
        "winget": "OpenJS.NodeJS.LTS",
        "choco": "nodejs-lts",
        "scoop": "nodejs-lts",
    },
    "https://nodejs.org/en/download",
)
DOCKER = Program(
    "docker",
    ("docker",),
    "20",
    {
        "apt-get": "docker.io",
        "dnf": "moby-engine",
        "pacman": "docker",
        "apk": "docker",
        "brew": "--cask docker-desktop",  # the formula is the client alone
        "winget": "Docker.DockerDesktop",
        "choco": "docker-desktop",
    },
    "https://docs.docker.com/get-docker",
)
GH = Program(
    "gh",
    ("gh",),
    "2.20",
    {
        "apt-get": "gh",
        "dnf": "gh",
        "pacman": "github-cli",
        "apk": "github-cli",
        "brew": "gh",
        "winget": "GitHub.cli",
        "choco": "gh",
        "scoop": "gh",
    },
    "https://cli.github.com",
)
TASK = Program(
    "task",
    ("task", "go-task"),
    "3",
    {
        "dnf": "go-task",
        "pacman": "go-task",
        "apk": "go-task",
        "brew": "go-task",
        "winget": "Task.Task",
        "choco": "go-task",
        "scoop": "task",
    },
    "https://taskfile.dev/installation",
)

_INSTALL = {
    "apt-get": ("apt-get", "install", "-y"),
    "dnf": ("dnf", "install", "-y"),
    "pacman": ("pacman", "-S", "--noconfirm"),
    "apk": ("apk", "add"),
    "brew": ("brew", "install"),
    "winget": (
        *("winget", "install", "--accept-source-agreements", "--accept-package-agreements"),
        *("--exact", "--id"),
    ),
    "choco": ("choco", "install", "-y"),
    "scoop": ("scoop", "install"),
}
_VERSION = ("--version",)
_ENGINE = ("version", "--format", "{{.Server.Version}}")
_NEEDS_ROOT = ("apt-get", "dnf", "pacman", "apk")


def install_command(program: Program, manager: str | None, *, root: bool) -> tuple[str, ...] | None:
    """The exact words that install it here; None where this host's package manager doesn't have it."""
    if manager is None or manager not in program.packages:
        return None
    words = (*_INSTALL[manager], *program.packages[manager].split())
    return words if root or manager not in _NEEDS_ROOT else ("sudo", *words)


def version_in(text: str) -> str | None:
    """The first version number in what a program prints."""
    match = re.search(r"\d+(?:\.\d+)+", text)
    return match[0] if match else None


def is_new_enough(program: Program, version: str | None) -> bool:
    """Whether a version that was found will do."""
    return version is not None and Version(version) >= Version(program.minimum)


def on_path(program: Program) -> str | None:
    """Where the program is on PATH."""
    return next((place for name in program.commands if (place := shutil.which(name))), None)


def questions(program: Program) -> tuple[tuple[str, ...], ...]:
    """What the program is asked, as its arguments."""
    return (_VERSION, _ENGINE) if program is DOCKER else (_VERSION,)


def look_for(program: Program, ask: Ask, *, required: bool) -> ToolFound:
    """The program on PATH and its version; for Docker also whether its engine answers."""
    path = on_path(program)
    row = _row(program, path, ask(path, *_VERSION) if path else None, required=required)
    if program is not DOCKER or not row.usable or path is None:
        return row
    engine = version_in(ask(path, *_ENGINE) or "")
    if engine is None:
        note = f"the client {row.found} is here, no engine is running"
        return structs.replace(row, usable=False, note=note)
    return structs.replace(row, note=f"engine {engine}")


def _row(program: Program, path: str | None, text: str | None, *, required: bool) -> ToolFound:
    version = version_in(text or "")
    return ToolFound(
        tool=program.name,
        wanted=f">={program.minimum}",
        found=version,
        path=path,
        usable=is_new_enough(program, version),
        required=required,
        note="it can't be started" if path and version is None else "",
    )
