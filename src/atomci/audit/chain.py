"""The lines of an audit log: each holds the digest of the line before it.

A line is JSON in one form only: keys in order, no spaces, no floats, UTF-8. What was edited, taken out of the
middle or put elsewhere shows by the chain alone. What was cut off at the end, or written anew from some line
on, shows only by a head that was kept elsewhere: an anchor.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "FORMAT",
    "Anchored",
    "Chain",
    "Fault",
    "FaultKind",
    "Head",
    "against_anchors",
    "line_of",
    "read_chain",
]

FORMAT = 1
"""The version of the lines that this code writes; it adds nothing to a log of a higher one."""

FaultKind = Literal["edited", "missing", "torn", "newer", "cut", "rewritten", "another log"]
"""The first four show by the chain, the others by an anchor."""

Anchored = Mapping[str, "Head"]
"""Heads that were kept, by where they were found."""

_HEAD = re.compile(r"(?P<log>[0-9a-f]{16}):(?P<n>[0-9]+):(?P<digest>[0-9a-f]{64})")


@dataclass(frozen=True)
class Head:
    """The last line of a log at some moment: which log, its number (from 0) and the SHA-256 of its bytes."""

    log: str
    n: int
    digest: str

    def __str__(self) -> str:
        return f"{self.log}:{self.n}:{self.digest}"

    @classmethod
    def parsed(cls, text: str) -> Head | None:
        """The head that a text is, as `str` writes it; None for another text."""
        match = _HEAD.fullmatch(text.strip())
        return cls(match["log"], int(match["n"]), match["digest"]) if match else None


@dataclass(frozen=True)
class Fault:
    """What is wrong, at which line of the file (from 1), in words."""

    kind: FaultKind
    line: int
    words: str


@dataclass(frozen=True)
class Chain:
    """A log as it was read, a line an entry; None for one that is no JSON object.

    `clock` are the lines, from 1, whose time goes back.
    """

    entries: tuple[Mapping[str, Any] | None, ...]
    digests: tuple[str, ...]
    faults: tuple[Fault, ...]
    clock: tuple[int, ...]

    @property
    def head(self) -> Head | None:
        """That of the last line; None for an empty log, or one whose last line can't be read."""
        last = self.entries[-1] if self.entries else None
        return Head(str(last.get("log")), _number(last.get("n")), self.digests[-1]) if last else None

    def holds(self, head: Head) -> bool:
        """Whether the log has this very line."""
        return any(
            entry is not None and entry.get("n") == head.n and digest == head.digest
            for entry, digest in zip(self.entries, self.digests, strict=True)
        )


def line_of(entry: Mapping[str, Any]) -> bytes:
    """An entry as its line, with the line feed. Raises ValueError for a float or what JSON can't say."""
    text = json.dumps(_checked(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def read_chain(data: bytes) -> Chain:
    """Read a log and hold each line against the one before it."""
    entries: list[Mapping[str, Any] | None] = []
    digests: list[str] = []
    faults: list[Fault] = []
    clock: list[int] = []
    latest = ""
    for number, line in enumerate(_lines(data), 1):
        entry = _parsed(line)
        faults.extend(_faults(number, line, entry, entries, digests))
        at = str(entry.get("at", "")) if entry else latest
        if at < latest:
            clock.append(number)
        latest = at
        entries.append(entry)
        digests.append(hashlib.sha256(line).hexdigest())
    return Chain(tuple(entries), tuple(digests), tuple(faults), tuple(clock))


def against_anchors(chain: Chain, anchors: Anchored) -> Iterator[Fault]:
    """What heads that were kept elsewhere tell of the log, in the order of their numbers."""
    last = chain.head
    for where, head in sorted(anchors.items(), key=lambda item: item[1].n):
        if last is None or head.n > last.n:
            words = f"{where} names line {head.n}, and the log ends before it"
            yield Fault("cut", len(chain.digests), words)
        elif head.log != last.log:
            yield Fault("another log", 1, f"{where} names the log {head.log}, and this one is {last.log}")
        elif not chain.holds(head):
            yield Fault("rewritten", head.n + 1, f"line {head.n} isn't the one that {where} names")


def _faults(
    number: int,
    line: bytes,
    entry: Mapping[str, Any] | None,
    before: Sequence[Mapping[str, Any] | None],
    digests: Sequence[str],
) -> Iterator[Fault]:
    if not line.endswith(b"\n"):
        yield Fault("torn", number, "the last line isn't whole: its writer was stopped")
        return
    if entry is None or line_of(entry) != line:
        yield Fault("edited", number, "the line isn't as a log's writer writes it")
        return
    if _number(entry.get("v")) > FORMAT:
        yield Fault("newer", number, f"a newer atomci wrote this line (format {entry['v']})")
    if not before:
        if entry.get("n") != 0 and "after" not in entry:
            yield Fault("missing", number, f"the log begins with line {entry.get('n')}")
        return
    last = before[-1]
    if last is None:
        return
    if entry.get("n") != _number(last.get("n")) + 1:
        yield Fault("missing", number, f"line {entry.get('n')} follows line {last.get('n')}")
    elif entry.get("prev") != digests[-1] or entry.get("log") != last.get("log"):
        yield Fault("edited", number - 1, "the line isn't the one that the next line follows")


def _lines(data: bytes) -> list[bytes]:
    *whole, tail = data.split(b"\n")
    return [*(line + b"\n" for line in whole), *([tail] if tail else [])]


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    try:
        return _checked(found) if isinstance(found, dict) else None
    except ValueError:
        return None


def _checked(entry: Mapping[str, Any]) -> dict[str, Any]:
    if any(isinstance(value, float) for value in _values(entry)):
        raise ValueError("an audit log holds no floats: two programs write them differently")
    return dict(entry)


def _values(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _values(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _values(each)
    else:
        yield value


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
