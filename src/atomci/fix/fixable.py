"""Which failures a change of the code can mend at all, so that none of the others costs an attempt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from atomci.artifacts.handed.failures import Failure, Kind

__all__ = ["by_code", "by_tools", "fingerprint", "lasting"]

_BY_TOOLS: frozenset[Kind] = frozenset({"lint-fixable", "format"})
_BY_CODE: frozenset[Kind] = frozenset(
    {"lint", "type", "test-assert", "test-raised", "test-error", "collection", "coverage"}
)
_CHANGING = re.compile(r"0x[0-9a-f]+|/[\w./-]*/(?=[\w.-]+)|\d+(?:\.\d+)?", re.IGNORECASE)


def by_tools(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Those that a tool mends by itself."""
    return tuple(each for each in failures if each.kind in _BY_TOOLS)


def by_code(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Those that are about the code, whoever mends it."""
    return tuple(each for each in failures if each.kind in _BY_TOOLS | _BY_CODE)


def lasting(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Those that no change of the code mends: a missing tool, the network, the disk, a flaky test."""
    return tuple(each for each in failures if each.kind not in _BY_TOOLS | _BY_CODE)


def fingerprint(failure: Failure) -> str:
    """The same for the same failure in another run: without lines, numbers, addresses and folders."""
    said = _CHANGING.sub("", failure.message)
    parts = (failure.atom, failure.kind, failure.path, failure.test, said)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
