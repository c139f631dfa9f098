"""Which agents are known, and which of them a command starts."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import PurePath
from typing import cast

from atomci.errors import UsageError
from atomci.guard.agents.events import value_of
from atomci.guard.agents.protocol import Agent

__all__ = ["GENERIC", "NAMES", "Typed", "typed"]

GENERIC = "generic"
NAMES = ("claude", "codex", "gemini", "aider")
# Programs that start another one, which may be an agent.
_STARTERS = ("npx", "bunx", "pnpm", "yarn", "uvx", "uv", "pipx", "env", "python", "python3", "node")
_LOOKED_AT = 6


class Typed:
    """A command as it was typed: which agent it starts, and the words before and behind its name."""

    def __init__(self, words: Sequence[str], agent: Agent | None, at: int) -> None:
        self.agent = agent
        self.program = tuple(words[: at + 1])
        self.words = tuple(words[at + 1 :])

    @property
    def tool(self) -> str:
        """What the session's folder is called after."""
        return GENERIC if self.agent is None else self.agent.NAME

    @property
    def model(self) -> str | None:
        """The model that the words ask for."""
        return (self.agent and value_of(self.words, *self.agent.MODEL)) or None

    @property
    def seed(self) -> str | None:
        """The seed of chance that they give."""
        return value_of(self.words, "--seed") or None


def typed(words: Sequence[str], tool: str | None) -> Typed:
    """Which agent a command starts; `tool` says so where its name doesn't. Raises UsageError."""
    if tool not in (None, GENERIC, *NAMES):
        raise UsageError(f"no profile is called {tool!r}", f"known: {', '.join((*NAMES, GENERIC))}")
    if tool == GENERIC:
        return Typed(words, None, 0)
    for name in (tool,) if tool else NAMES:
        agent = _agent(name)
        if (at := _place(words, agent)) is not None:
            return Typed(words, agent, at)
    return Typed(words, _agent(tool) if tool else None, 0)


def _place(words: Sequence[str], agent: Agent) -> int | None:
    """Where the agent's program stands: first, or behind a program that starts others."""
    starts = _name(words[0]) in _STARTERS
    for at, word in enumerate(words[: _LOOKED_AT if starts else 1]):
        package = word if word.startswith("@") else word.split("/")[-1]
        plain = package[0:1] + package[1:].split("@")[0]
        if words[at - 1] == "--from":  # the package, whose program comes behind it
            continue
        if plain in agent.PROGRAMS or _name(word) in agent.PROGRAMS:
            return at
    return None


def _name(word: str) -> str:
    return PurePath(word.replace("\\", "/")).name.lower().removesuffix(".exe").removesuffix(".cmd")


def _agent(name: str) -> Agent:
    return cast(Agent, importlib.import_module(f"atomci.guard.agents.{name}"))
