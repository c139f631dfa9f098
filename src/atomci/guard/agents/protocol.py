"""What a coding agent's command line is to the guard: a module with these names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

from atomci.artifacts.handed.guarded import AgentActed, AgentEnded, AgentModel, AgentSaid, AgentUsed

__all__ = ["Agent", "Reader", "Told"]

Told = AgentSaid | AgentActed | AgentModel | AgentUsed | AgentEnded


class Reader(Protocol):
    """Reads what one session prints, an event after the other, and keeps count of what it used."""

    def read(self, event: dict[str, Any]) -> Iterator[Told]:
        """What an event tells; nothing for one that isn't known."""


class Agent(Protocol):
    """One tool."""

    NAME: str
    PROGRAMS: tuple[str, ...]
    """What its program is called, also as a package that npx, uvx and the like start."""
    HELP: tuple[str, ...]
    """Words behind the program that print its help for a session without a person."""
    LOG: str
    """The option that names a file for its events; empty where they are its output."""
    MODEL: tuple[str, ...]
    """The options that choose a model."""
    EXIT_CODE_TELLS: bool
    """Whether an exit code of 0 means that it did something."""
    INTERACTIVE: str
    """What to type for a session without a person, where that isn't what was typed."""

    def is_headless(self, words: Sequence[str]) -> bool:
        """Whether the words behind the program ask for a session without a person."""

    def tells_events(self, words: Sequence[str]) -> bool:
        """Whether they ask for events on its output."""

    def with_events(self, words: Sequence[str], known: Collection[str]) -> tuple[str, ...] | None:
        """The words with which it tells events; None where the options that its help knows don't allow it."""

    def reader(self) -> Reader:
        """For a session's events."""
