"""The file of held findings: JSON Lines, sorted, one kind of finding in one file a line.

No line holds a line number, so that edits elsewhere don't touch it and two branches seldom meet in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from atomci.artifacts.handed.baseline import BaselineEntry, BaselineHead, Kind
from atomci.artifacts.json_text import json_of
from atomci.decoding import decoded
from atomci.errors import InfrastructureError
from atomci.tools.atomic import replace_file

__all__ = ["FILE", "parsed", "read_entries", "read_loosely", "text_of", "write_entries"]

FILE = ".atomci/baseline.jsonl"
"""Where it is, from the project's root; what is there is what counts."""

_MARKERS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
# Some editors put it there.
_BOM = b"\xef\xbb\xbf"
_HEAD = b'{"schema":'


def read_entries(root: Path) -> tuple[BaselineEntry, ...] | None:
    """What the file holds, each entry at its line; None without a file. Raises InfrastructureError."""
    content = _content(root)
    return None if content is None else parsed(content)


def parsed(content: bytes, name: str = FILE) -> tuple[BaselineEntry, ...]:
    """The entries of a text. Raises InfrastructureError on a line that is none."""
    found = []
    for number, line in _lines(content):
        if line.startswith(tuple(marker.encode() for marker in _MARKERS)):
            raise InfrastructureError(
                f"{name}:{number}: a merge left its markers", "atomci baseline removes them"
            )
        try:
            found.append(_entry(line))
        except msgspec.DecodeError as error:
            raise InfrastructureError(
                f"{name}:{number}: this is no entry: {error}", f"git checkout -- {name}, or delete the line"
            ) from None
    return _once_each(filter(None, found))


def read_loosely(root: Path) -> tuple[BaselineEntry, ...] | None:
    """The same of a file that a merge left in conflict: the entries of both sides, whatever else is there."""
    content = _content(root)
    if content is None:
        return None
    kept = (line for _, line in _lines(content) if line.startswith(b"{"))
    return parsed(b"\n".join(kept))


def write_entries(root: Path, entries: Iterable[BaselineEntry]) -> None:
    """Put them in the file's place."""
    replace_file(root / FILE, text_of(entries))


def text_of(entries: Iterable[BaselineEntry]) -> bytes:
    """The file's text: equal entries make equal bytes."""
    rows = sorted(entries, key=lambda entry: (entry.path, entry.atom, entry.rule, entry.message))
    return b"".join(line + b"\n" for line in (_json(BaselineHead()), *map(_json, rows)))


def _json(row: BaselineHead | BaselineEntry) -> bytes:
    return json_of(row).rstrip(b"\n")


def _content(root: Path) -> bytes | None:
    file = root / FILE
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InfrastructureError(f"{FILE} can't be read: {error.strerror}", "") from None


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    rows = ((number, line.strip()) for number, line in enumerate(content.removeprefix(_BOM).split(b"\n"), 1))
    return ((number, line) for number, line in rows if line)


def _entry(line: bytes) -> BaselineEntry | None:
    """None for the head, which says the version only."""
    if line.startswith(_HEAD):
        decoded(line, BaselineHead)
        return None
    return decoded(line, BaselineEntry)


def _once_each(entries: Iterable[BaselineEntry]) -> tuple[BaselineEntry, ...]:
    """Of an entry that both sides of a merge have changed, the shorter one: each can only have shrunk."""
    found: dict[Kind, BaselineEntry] = {}
    for entry in entries:
        same = found.get(entry.kind, entry)
        found[entry.kind] = min(same, entry, key=lambda one: len(one.lines))
    return tuple(entry for entry in found.values() if entry.lines)
