"""Gemini CLI: `gemini -p PROMPT -o stream-json`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from atomci.artifacts.handed.guarded import AgentActed, AgentEnded, AgentSaid, AgentUsed, Usage
from atomci.guard.agents.events import amount, model_of, subject, text_of, value_of
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

NAME = "gemini"
PROGRAMS = ("gemini", "@google/gemini-cli")
LOG = ""
EXIT_CODE_TELLS = True
HELP = ("--help",)
INTERACTIVE = "gemini -p PROMPT"
MODEL = ("--model", "-m")
_FORMAT = "--output-format"


def is_headless(words: Sequence[str]) -> bool:
    """With -p or --prompt."""
    return value_of(words, "-p", "--prompt") is not None


def tells_events(words: Sequence[str]) -> bool:
    """With a format of streams."""
    return value_of(words, "-o", _FORMAT) == "stream-json"


def with_events(words: Sequence[str], known: Collection[str]) -> tuple[str, ...] | None:
    """A format that was asked for stays."""
    if value_of(words, "-o", _FORMAT) is not None or _FORMAT not in known:
        return None
    return (_FORMAT, "stream-json", *words)


def reader() -> Reader:
    """For one session."""
    return _Reader()


class _Reader:
    """Messages come in pieces; tokens only with the result."""

    def read(self, event: dict[str, Any]) -> Iterator[Told]:
        """Messages of the assistant, the tools that it uses, and the result."""
        kind = event.get("type")
        if kind == "init":
            yield from model_of(event.get("model"))
        elif kind == "message" and event.get("role") == "assistant":
            yield AgentSaid(text=text_of(event.get("content")))
        elif kind == "tool_use":
            yield AgentActed(tool=text_of(event.get("tool_name")), on=subject(event.get("parameters")))
        elif kind == "error":
            yield AgentSaid(text=text_of(event.get("message")))
        elif kind == "result":
            if isinstance(stats := event.get("stats"), dict):
                yield AgentUsed(usage=_usage(stats))
            status, error = str(event.get("status", "")), event.get("error")
            text = error.get("message") if isinstance(error, dict) else error
            yield AgentEnded(ok=status == "success", kind=status, text=text_of(text))


def _usage(stats: dict[str, Any]) -> Usage:
    return Usage(
        input=amount(stats.get("input_tokens")),
        output=amount(stats.get("output_tokens")),
        cached=amount(stats.get("cached")),
        total=amount(stats.get("total_tokens")),
    )
