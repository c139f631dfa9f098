"""Codex: `codex exec --json PROMPT`. It waits for the end of its input, so it must have none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from atomci.artifacts.handed.guarded import AgentActed, AgentEnded, AgentSaid, AgentUsed, Usage
from atomci.guard.agents.events import amount, subject, text_of
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

NAME = "codex"
PROGRAMS = ("codex", "@openai/codex")
LOG = ""
EXIT_CODE_TELLS = True
HELP = ("exec", "--help")
INTERACTIVE = "codex exec PROMPT"
MODEL = ("--model", "-m")
_EXEC = ("exec", "e")
_SUBJECTS = {
    "command_execution": "command",
    "file_change": "changes",
    "mcp_tool_call": "tool",
    "web_search": "query",
}


def is_headless(words: Sequence[str]) -> bool:
    """By its verb."""
    return any(word in _EXEC for word in words)


def tells_events(words: Sequence[str]) -> bool:
    """By --json, under its old name too."""
    return "--json" in words or "--experimental-json" in words


def with_events(words: Sequence[str], known: Collection[str]) -> tuple[str, ...] | None:
    """The option comes behind the verb."""
    at = next((at for at, word in enumerate(words) if word in _EXEC), None)
    if at is None or "--json" not in known:
        return None
    return (*words[: at + 1], "--json", *words[at + 1 :])


def reader() -> Reader:
    """For one session."""
    return _Reader()


class _Reader:
    """Its turns tell what the whole thread has used; an `error` is a try that failed, and not the end."""

    def __init__(self) -> None:
        self._input = self._cached = self._output = 0

    def read(self, event: dict[str, Any]) -> Iterator[Told]:
        """Items that are completed, and the end of a turn."""
        kind, item = event.get("type"), event.get("item")
        if kind == "item.completed" and isinstance(item, dict):
            yield from _item(item)
        elif kind == "turn.completed":
            if isinstance(used := event.get("usage"), dict):
                yield self._used(used)
            yield AgentEnded(ok=True, kind=str(kind))
        elif kind == "turn.failed":
            error = event.get("error")
            text = error.get("message") if isinstance(error, dict) else error
            yield AgentEnded(ok=False, kind=str(kind), text=text_of(text))
        elif kind == "error":
            yield AgentSaid(text=text_of(event.get("message")))

    def _used(self, used: dict[str, Any]) -> AgentUsed:
        self._input = max(self._input, amount(used.get("input_tokens")) or 0)
        self._cached = max(self._cached, amount(used.get("cached_input_tokens")) or 0)
        self._output = max(self._output, amount(used.get("output_tokens")) or 0)
        total = self._input + self._output
        return AgentUsed(
            usage=Usage(input=self._input, output=self._output, cached=self._cached, total=total)
        )


def _item(item: dict[str, Any]) -> Iterator[Told]:
    kind = text_of(item.get("type") or item.get("item_type"))
    if kind in ("agent_message", "assistant_message"):
        yield AgentSaid(text=text_of(item.get("text")))
    elif kind == "file_change":
        for change in item.get("changes") or ():
            if isinstance(change, dict):
                yield AgentActed(tool=text_of(change.get("kind")), on=text_of(change.get("path")))
    elif kind in _SUBJECTS:
        yield AgentActed(tool=kind, on=subject(item.get(_SUBJECTS[kind])))
