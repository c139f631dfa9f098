"""aider: `aider --message-file FILE --yes-always`. It ends with 0 whatever happened, and tells no result."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from atomci.artifacts.guarded import AgentUsed, Usage
from atomci.guard.agents.events import amount, money, value_of
from atomci.guard.agents.protocol import Reader, Told

__all__ = [
    "HELP",
    "INTERACTIVE",
    "NAME",
    "PROGRAMS",
    "is_headless",
    "reader",
    "tells_events",
    "with_events",
]

NAME = "aider"
PROGRAMS = ("aider", "aider-chat", "aider.exe")
HELP = ("--help",)
INTERACTIVE = "aider --message TEXT --yes-always"
_LOG = "--analytics-log"
_TEXT = ("-m", "--message", "--msg", "-f", "--message-file")


def is_headless(words: Sequence[str]) -> bool:
    """With a message, as text or as a file."""
    return value_of(words, *_TEXT) is not None


def tells_events(words: Sequence[str]) -> bool:
    """Never on its output: they go to a file."""
    return False


def with_events(words: Sequence[str], known: Collection[str]) -> tuple[str, ...] | None:
    """Its events go to a file; what it prints stays text."""
    return None


def reader() -> Reader:
    """For one session, by the lines of its analytics log."""
    return _Reader()


class _Reader:
    def __init__(self) -> None:
        self._input = self._output = 0

    def read(self, event: dict[str, Any]) -> Iterator[Told]:
        """Each call of a model, and the cost that it has counted."""
        properties = event.get("properties")
        if event.get("event") == "message_send" and isinstance(properties, dict):
            self._input += amount(properties.get("prompt_tokens")) or 0
            self._output += amount(properties.get("completion_tokens")) or 0
            usd = money(properties.get("total_cost"))
            total = self._input + self._output
            yield AgentUsed(usage=Usage(input=self._input, output=self._output, total=total, usd=usd))
