"""Words by which programs say that something else than the code is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping

from atomci.artifacts.handed.failures import Kind

__all__ = ["NO_FAULT", "told"]

NO_FAULT: frozenset[Kind] = frozenset({"disk", "network"})
"""What makes a test fail without any fault of the code."""
_WORDS: Mapping[Kind, tuple[str, tuple[str, ...]]] = {
    "disk": (
        "the disk takes no more",
        (r"No space left on device", r"Disk quota exceeded", r"Read-only file system", r"\bcan't write\b"),
    ),
    "network": (
        "another machine can't be reached",
        (
            *(
                r"Could not resolve host",
                r"Temporary failure in name resolution",
                r"Name or service not known",
            ),
            *(
                r"nodename nor servname",
                r"Network is unreachable",
                r"got no answer from",
                r"can't be fetched",
            ),
            *(r"dns error", r"Max retries exceeded", r"Connection timed out", r"getaddrinfo failed"),
        ),
    ),
    "tool-missing": (
        "a program or package isn't there",
        (
            *(r"\bisn't in \S*env\b", r"\bisn't on PATH\b", r"can't be started", r"command not found"),
            r"No module named '?(?:pytest|_pytest|ruff|black|mypy|coverage|xdist)\b",
        ),
    ),
    "time-out": ("it took longer than its limit", (r"took more than [\d.,]+ s\b",)),
    "config": (
        "a tool refuses its settings",
        (
            *(r"unrecognized arguments", r"\b(?i:unknown) (?:field|key|option|config)"),
            *(r"[Ff]ailed to parse", r"[Ii]nvalid (?:configuration|value|type|toml|TOML)"),
            *(r"TOMLDecodeError", r"ConfigError", r"[Uu]nrecognized option"),
            *(r"no such option", r"pyproject\.toml: "),
        ),
    ),
}
_PATTERNS = {kind: (re.compile("|".join(words)), reason) for kind, (reason, words) in _WORDS.items()}


def told(text: str) -> tuple[Kind, str] | None:
    """The first kind whose words are in a text, with the reason in ours; None without any."""
    return next(((kind, why) for kind, (pattern, why) in _PATTERNS.items() if pattern.search(text)), None)
