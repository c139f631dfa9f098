"""aider: `aider --message-file FILE --yes-always`. Its exit code tells nothing; its events go to a file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from atomci.artifacts.handed.guarded import AgentEnded, AgentUsed, Usage
from atomci.guard.agents.events import amount, model_of, money, text_of, value_of
from atomci.guard.agents.protocol import Reader, Told

__all__ = [
    "EXIT_CODE_TELLS",
    "HELP",
    "INTERACTIVE",
    "LOG",
    "MODEL",
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
MODEL = ("--model",)
LOG = "--analytics-log"
EXIT_CODE_TELLS = False
# What it prints is for a log, and nobody is there to be asked. Commits are the user's.
_PLAINLY = (
    "--yes-always",
    "--no-auto-commits",
    "--no-dirty-commits",
    "--no-gitignore",
    "--no-pretty",
    "--no-check-update",
    "--no-show-model-warnings",
    "--no-suggest-shell-commands",
)
_TEXT = ("-m", "--message", "--msg", "-f", "--message-file")


def is_headless(words: Sequence[str]) -> bool:
    """With a message, as text or as a file."""
    return value_of(words, *_TEXT) is not None


def tells_events(words: Sequence[str]) -> bool:
    """Never on its output: they go to a file."""
    return False


def with_events(words: Sequence[str], known: Collection[str]) -> tuple[str, ...] | None:
    """What it prints stays text; the guard names the file of its events."""
    if LOG not in known or value_of(words, LOG) is not None:
        return None
    return (*words, *(option for option in _PLAINLY if option in known and option not in words))


def reader() -> Reader:
    """For one session, by the lines of its analytics log."""
    return _Reader()


class _Reader:
    """That a model answered is what shows that it did something: its exit code doesn't."""

    def __init__(self) -> None:
        self._input = self._output = self._answers = 0

    def read(self, event: dict[str, Any]) -> Iterator[Told]:
        """Each answer of a model, the cost that it has counted, and its end."""
        properties = event.get("properties")
        if not isinstance(properties, dict):
            return
        if event.get("event") == "message_send":
            if not self._answers:
                yield from model_of(properties.get("main_model"))
            self._answers += 1
            self._input += amount(properties.get("prompt_tokens")) or 0
            self._output += amount(properties.get("completion_tokens")) or 0
            usd = money(properties.get("total_cost"))
            total = self._input + self._output
            yield AgentUsed(usage=Usage(input=self._input, output=self._output, total=total, usd=usd))
        elif event.get("event") == "exit":
            reason = text_of(properties.get("reason")) or "exit"
            kind = reason if self._answers else "no answer of a model"
            yield AgentEnded(ok=self._answers > 0, kind=kind)
