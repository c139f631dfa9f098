"""What is asked of an update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from atomci.tools.process import shell_line

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """No `to`: the newest version, or the recorded one where answers or the template's address change.

    `start` takes the place of the recorded version, and of its lock, where that was removed.
    `answers` count over the recorded ones. `excepted` managed files, relative to the project, are merged
    instead of replaced.
    """

    to: str | None = None
    start: str | None = None
    prereleases: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    template: str | None = None
    skip: frozenset[str] = frozenset()
    excepted: frozenset[str] = frozenset()

    @property
    def only_version(self) -> bool:
        """Whether nothing but the version is to change."""
        return not self.answers and not self.template

    def typed(self, *more: str) -> str:
        """The command that asks for the same answers, and for more."""
        given = [word for name, value in self.answers.items() for word in ("-d", f"{name}={value}")]
        return shell_line(["atomci", "update", *more, *given])
