"""Claude Code: `claude -p PROMPT --output-format stream-json --verbose`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from atomci.artifacts.handed.guarded import AgentActed, AgentEnded, AgentSaid, AgentUsed, Usage
from atomci.guard.agents.events import amount, model_of, money, subject, text_of, value_of
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

NAME = "claude"
PROGRAMS = ("claude", "@anthropic-ai/claude-code")
LOG = ""
EXIT_CODE_TELLS = True
HELP = ("--help",)
INTERACTIVE = "claude -p PROMPT"
MODEL = ("--model",)
_FORMAT = "--output-format"
_KINDS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


def is_headless(words: Sequence[str]) -> bool:
    """With -p or --print."""
    return any(word in ("-p", "--print") for word in words)


def tells_events(words: Sequence[str]) -> bool:
    """With a format of streams."""
    return value_of(words, _FORMAT) == "stream-json"


def with_events(words: Sequence[str], known: Collection[str]) -> tuple[str, ...] | None:
    """A format that was asked for stays. Without --verbose it refuses to stream."""
    if value_of(words, _FORMAT) is not None or not {_FORMAT, "--verbose"} <= set(known):
        return None
    return (_FORMAT, "stream-json", *(() if "--verbose" in words else ("--verbose",)), *words)


def reader() -> Reader:
    """For one session."""
    return _Reader()


class _Reader:
    """Each block of a message repeats the usage of the whole message, so that counts once by its id."""

    def __init__(self) -> None:
        self._messages: dict[str, tuple[int, ...]] = {}

    def read(self, event: dict[str, Any]) -> Iterator[Told]:
        """Messages of the assistant, also of its subagents, and the result."""
        kind = event.get("type")
        if kind == "system" and event.get("subtype") == "init":
            yield from model_of(event.get("model"))
        elif kind == "assistant" and isinstance(message := event.get("message"), dict):
            yield from _blocks(message.get("content"))
            yield from self._used(message)
        elif kind == "result":
            yield from self._result(event)

    def _used(self, message: dict[str, Any]) -> Iterator[Told]:
        used = message.get("usage")
        if isinstance(used, dict):
            counts = tuple(amount(used.get(name)) or 0 for name in _KINDS)
            name = str(message.get("id"))
            before = self._messages.get(name, (0, 0, 0, 0))
            self._messages[name] = tuple(map(max, before, counts))
            if self._messages[name] != before:
                yield AgentUsed(usage=self._usage(None))

    def _result(self, event: dict[str, Any]) -> Iterator[Told]:
        told = event.get("usage")
        if isinstance(told, dict) and not self._messages:
            self._messages[""] = tuple(amount(told.get(name)) or 0 for name in _KINDS)
        yield AgentUsed(usage=self._usage(money(event.get("total_cost_usd"))))
        kind = str(event.get("subtype", ""))
        ok = kind == "success" and event.get("is_error") is False
        yield AgentEnded(ok=ok, kind=kind, text=text_of(event.get("result")))

    def _usage(self, usd: float | None) -> Usage:
        if not self._messages:
            return Usage(usd=usd)
        fresh, created, cached, output = map(sum, zip(*self._messages.values(), strict=True))
        total = fresh + created + cached + output
        return Usage(input=fresh + created, output=output, cached=cached, total=total, usd=usd)


def _blocks(content: object) -> Iterator[Told]:
    for block in content if isinstance(content, list) else ():
        if not isinstance(block, dict):
            continue
        if block.get("type") == "text":
            yield AgentSaid(text=text_of(block.get("text")))
        elif block.get("type") == "tool_use":
            yield AgentActed(tool=text_of(block.get("name")), on=subject(block.get("input")))
