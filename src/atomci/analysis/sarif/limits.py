"""What GitHub code scanning takes, and how a log is made to fit. Whatever is left out is said.

See docs.github.com, "SARIF results exceed one or more limits" and "SARIF support for code scanning".
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from typing import TypeVar

from atomci.artifacts.handed.schemas import Finding
from atomci.artifacts.json_text import json_of

__all__ = ["DESCRIPTION", "NAME", "RESULTS", "SHOWN", "SIZE", "cut", "fitting", "ranked"]

RESULTS = 25_000
"""Results of one run; more are refused."""
SHOWN = 5_000
"""Results of one run that are shown."""
SIZE = 10 * 1000 * 1000
"""Bytes of a log, packed by gzip."""
NAME = 255
"""Characters of a rule's name or id."""
DESCRIPTION = 1024
"""Characters of a rule's description."""

T = TypeVar("T")
_LEVELS = ("error", "warning", "note")


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """The gravest first, else in their order: the first are what is kept and shown."""
    return sorted(findings, key=lambda one: _LEVELS.index(one.level))


def cut(text: str, length: int) -> str:
    """A text that is no longer."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def fitting(make: Callable[[int], T], largest: int) -> tuple[T, int]:
    """The log with as many results per run as fit, and that number; `largest` is how many a run has.

    `make` returns a log with so many results per run at most.
    """
    most = min(RESULTS, max(largest, 1))
    while True:
        log = make(most)
        if most <= 1 or not _too_large(log):
            return log, most
        most //= 2


def _too_large(log: object) -> bool:
    content = json_of(log)
    return len(content) > SIZE and len(gzip.compress(content, 6)) > SIZE
