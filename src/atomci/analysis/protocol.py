"""What a static tool answers. A module that has these names is one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from atomci.analysis.settings import Setting
from atomci.artifacts.handed.schemas import Finding, Lane
from atomci.tools.process import Command, Completed

__all__ = ["Reading", "Site", "Tool"]


@dataclass(frozen=True)
class Reading:
    """What a tool says that it saw."""

    findings: tuple[Finding, ...] = ()
    examined: int | None = None
    """How many files it says that it looked at; None where it doesn't tell."""
    broken: str = ""
    """Why it can't be believed: it failed, its output can't be read, or it ended before its end."""
    left_out: str = ""
    """What it didn't look at, and for want of what."""
    mend: str = ""
    """What people type to mend what it found, or to see it, where that isn't the tool's MEND."""


class Site(Protocol):
    """Where a tool is run; an atom's context is one."""

    @property
    def root(self) -> Path:
        """The project's root."""

    @property
    def processors(self) -> int | None:
        """How many a program should use, since others run beside it; None: as many as it likes."""

    def files(self, *globs: str) -> list[str]:
        """Project files that match a glob."""

    def tool(self, name: str) -> str:
        """A program's path. Raises ToolMissing."""

    def run(self, command: Command) -> Completed:
        """Run a program in the root."""


class Tool(Protocol):
    """One static tool: how it is run and read, and what the rest of a project has to say to it."""

    NAME: str
    """What its findings bear, and `reads` of a swap names."""
    PROGRAM: str
    """What is started; its distribution and its table of pyproject.toml have the same name."""
    LANE: Lane
    MEND: str
    """What people type to mend what it finds, or to see it."""
    HOOK: str
    """The words of a hook that runs it at a commit; empty where none has to."""
    FILE_CHECK: tuple[str, ...]
    """The arguments, before a file's path, that look at that file alone; empty where it mends nothing."""
    FILE_MEND: tuple[str, ...]
    """Those that mend it."""
    FILES: tuple[str, ...]
    """Globs of the files that it looks at."""
    READS: tuple[str, ...]
    """Globs of all that it may read below the root, also where git ignores it."""
    SETTINGS: tuple[str, ...]
    """Names of its files of settings, which it looks for in the folders above as well."""
    OF_THE_USER: tuple[str, ...]
    """Its settings for all projects of a user: below the home where they begin with ~, else where programs
    keep their settings.
    """
    FOLLOWS_IMPORTS: bool
    """Whether it reads modules of the environment as well."""
    OVERRIDING: tuple[str, ...]
    """Files that it reads instead of pyproject.toml."""
    LINE_LENGTH: str
    """The key of its line length; empty where it has none."""
    TARGET: str
    """The key of the Python that it goes by."""

    def commands(self, program: str) -> tuple[Command, ...]:
        """What it is asked first; `program` is its path."""

    def examine(self, site: Site, since: str | None) -> Reading:
        """Run it on the project, and count what it looked at; changes are those since a commit."""

    def parse(self, done: Completed, root: Path, tool: str) -> Reading:
        """What its output says; `tool` is the name that its findings bear."""

    def target(self, value: object, oldest: str) -> str | None:
        """The Python, such as 3.11, that TARGET's value means; `oldest` is the project's."""

    def own_settings(self, table: Mapping[str, Any], packages: Collection[str]) -> Iterator[Setting]:
        """What it asks of its own table; `packages` are the import names that the project ships."""
