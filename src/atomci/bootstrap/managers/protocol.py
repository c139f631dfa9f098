"""What a package manager answers. A module that has these functions is one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from atomci.artifacts.handed.schemas import ManagerName, ToolFound
from atomci.project import Project
from atomci.tools.process import Command, Completed

if TYPE_CHECKING:
    from atomci.bootstrap.programs import Ask

__all__ = ["Manager", "Run", "Unmet", "Way"]

Run = Callable[[Command], Completed]
"""Runs a command in the project's root."""


@dataclass(frozen=True)
class Unmet:
    """Why the environment isn't what it should be, and what to type."""

    why: str
    remedy: str


class Way(NamedTuple):
    """How a command comes to what was installed: by how many of its words, and whether the lock has a say."""

    words: int
    locked: bool


class Manager(Protocol):
    """How one package manager locks and installs a project's tools.

    Functions that run programs raise InfrastructureError when one fails.
    """

    NAME: ManagerName
    LOCK: str
    """The lock's path, from the project's root."""
    LOCKS: tuple[str, ...]
    """Globs of the files that it installs from."""
    FILES: tuple[str, ...]
    """Globs of the files that show whose project it is."""
    SOURCE: str
    """What the lock is made from."""
    RENEW: str
    """What someone types to make the lock anew when an update changed its source."""
    BEGIN: str
    """What someone types to make the first lock, where an update brought this manager."""
    PREFIX: str
    """What people type before a locked tool's name; empty where that is the environment's folder."""
    SLOW: str
    """Why a first lock takes long; empty where it doesn't."""
    SPEAKS: re.Pattern[str]
    """Lines of scripts, tasks, hooks and workflows that go with it."""

    def sign(self, files: Iterable[str]) -> str | None:
        """The file that shows that the project is its, None when none does."""

    def way_in(self, words: Sequence[str]) -> Way | None:
        """How a command begins that runs what it installed; None for other commands."""

    def relock(self, root: Path) -> str:
        """What someone types to bring the lock up to date."""

    def to_add(self, root: Path, name: str, *, dev: bool) -> str:
        """What someone types or does to get one more distribution; `dev`: for tests and tools alone."""

    def to_render(self, project: Project) -> str:
        """What people type before an atomci that can render, as `atomci update` does; else PREFIX."""

    def pins(self, lock: Path) -> Iterable[tuple[str, str]]:
        """Names and versions in the lock. Raises UsageError when it can't be read."""

    def places(self, lock: Path) -> Iterable[tuple[str, str]]:
        """What the lock takes from where: its name, and the address or path. Raises UsageError."""

    def make_environment(self, python: str, environment: Path) -> tuple[str, ...]:
        """The words that make a virtual environment, also in place of one that is there."""

    def commands(self, project: Project, *, in_ci: bool) -> Sequence[Command]:
        """What locks and installs, in order; in CI the lock is taken as it is."""

    def sync(self, project: Project, run: Run, *, in_ci: bool) -> str | None:
        """Lock and install. In CI, why the lock is stale; None when all is well."""

    def unmet(self, project: Project, run: Run) -> Unmet | None:
        """Why the lock isn't up to date, or the environment doesn't hold what it says; None when they are."""

    def own_row(self, project: Project, ask: Ask) -> ToolFound:
        """The manager itself: which version is wanted, which is there. Raises UsageError."""
