"""Values of other people's events, which may be anything."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from atomci.artifacts.handed.guarded import AgentModel

__all__ = ["amount", "model_of", "money", "subject", "text_of", "value_of"]

_LONGEST = 200
# What a tool works on, by the names that tools give to it; the first that is there.
_NAMES = (
    "command",
    "file_path",
    "path",
    "absolute_path",
    "notebook_path",
    "pattern",
    "query",
    "url",
    "description",
)


def amount(value: object) -> int | None:
    """A whole number that isn't negative, None for all else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def money(value: object) -> float | None:
    """US dollars above nothing. Nothing is unknown: so tools write what a subscription pays for."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None


def model_of(value: object) -> Iterator[AgentModel]:
    """The model, where one is named."""
    if name := text_of(value).strip():
        yield AgentModel(model=name)


def text_of(value: object) -> str:
    """A text, empty for all else."""
    return value if isinstance(value, str) else ""


def subject(value: object) -> str:
    """What a tool works on, in one short line."""
    if isinstance(value, dict):
        value = next((value[name] for name in _NAMES if value.get(name)), "")
    if isinstance(value, list):
        value = " ".join(part for part in value if isinstance(part, str))
    line = " ".join(text_of(value).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def value_of(words: Sequence[str], *options: str) -> str | None:
    """What is given for an option, as the next word or behind `=`; None where it isn't there."""
    for at, word in enumerate(words):
        if word in options:
            return words[at + 1] if at + 1 < len(words) else ""
        name, equals, value = word.partition("=")
        if equals and name in options:
            return value
    return None
