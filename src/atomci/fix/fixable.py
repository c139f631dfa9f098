"""Which failures a change of the code can mend at all, so that none of the others costs an attempt."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from atomci.artifacts.handed.failures import Failure, Kind
from atomci.catalog import ATOMS

__all__ = ["by_code", "by_tools", "fingerprint", "is_better", "lasting"]

_BY_TOOLS: frozenset[Kind] = frozenset({"lint-fixable", "format"})
_BY_CODE: frozenset[Kind] = frozenset(
    {"lint", "type", "test-assert", "test-raised", "test-error", "collection", "coverage"}
)
_TESTS: frozenset[Kind] = frozenset({"test-assert", "test-raised", "test-error", "flaky"})
_HIDING_TESTS: frozenset[Kind] = frozenset({"collection", "crash", "time-out", "test-error"})
_UNREADABLE = re.compile(r"\[(invalid-syntax|syntax|unparsable|E9\d\d)\]$")
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
    parts = [failure.atom, failure.kind, failure.path, failure.test, said]
    if failure.kind == "coverage":  # of all files together, whichever is named first
        parts = [failure.atom, failure.kind]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def is_better(before: Sequence[Failure], after: Sequence[Failure]) -> bool:
    """Something red is gone, and nothing is red that was not, but for what nobody could see before."""
    old, new = (Counter(map(fingerprint, failures)) for failures in (before, after))
    gone = [each for each in before if new[fingerprint(each)] < old[fingerprint(each)]]
    came = [each for each in after if old[fingerprint(each)] < new[fingerprint(each)]]
    return bool(gone) and all(any(_hid(was, each) for was in gone) for each in came)


def _hid(was: Failure, now: Failure) -> bool:
    """Whether a check that failed in one way didn't come to look for the other, or nobody was told of it."""
    if was.atom in _behind(now.atom):
        return True
    return any(now.kind in kinds and (not path or path == now.path) for kinds, path in _hidden_by(was))


@cache
def _behind(atom: str) -> frozenset[str]:
    """All that an atom stands on: where one of these is red, what the atom says isn't told."""
    own = [name for row in ATOMS if row.name == atom for name in (*row.needs, *row.after)]
    return frozenset(own).union(*map(_behind, own))


def _hidden_by(was: Failure) -> Iterator[tuple[frozenset[Kind], str]]:
    """Kinds of failures that it may have hidden, and in which file; empty for all."""
    if _UNREADABLE.search(was.message):
        yield _BY_TOOLS | _BY_CODE, was.path
        yield _TESTS | {"coverage", "type"}, ""
    if was.kind in _HIDING_TESTS:
        yield _TESTS | {"coverage"}, "" if was.kind in ("crash", "time-out") else was.path
    if was.kind in _TESTS | _HIDING_TESTS:
        yield frozenset({"coverage"}), ""
