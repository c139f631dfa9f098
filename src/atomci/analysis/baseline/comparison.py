"""Which findings a baseline holds, which are new, and what of the baseline isn't found any more.

Findings are compared by what they say and where: the atom, the file, the rule, and the message without its
numbers. Where one kind has fewer entries than findings, the text of their lines tells which are new. What is
in a file that is gone holds the same finding, on a line of the same text, in another file: it was renamed.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from atomci.artifacts.handed.baseline import BaselineEntry, Kind
from atomci.artifacts.handed.schemas import Finding

__all__ = ["Matched", "Sighting", "compare", "entries_of", "seen_in"]

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)*(?![\w.]*\w)")
_BLANKS = re.compile(r"\s+")
_CELL = re.compile(r"\bcell_(?=\d)")
_SHOWN = 200
# They are about no line, so that its text says nothing.
_WHOLE_FILE = ("unformatted",)


@dataclass(frozen=True)
class Sighting:
    """A finding as it is compared: its kind, and a hash of the text of its line."""

    kind: Kind
    mark: str
    finding: Finding | None = None


@dataclass(frozen=True)
class Matched:
    """What a baseline means for findings."""

    new: tuple[Sighting, ...]
    held: tuple[Sighting, ...]
    entries: tuple[BaselineEntry, ...]
    """The baseline that holds the same findings, where they are now, and nothing else."""
    gone: tuple[Sighting, ...]
    """What it holds and nobody finds any more."""
    moved: int
    """How many of the held are in a file of another name."""
    altered: int = 0
    """How many are on a line of another text: edited, or fixed there and made again here."""


def seen_in(root: Path, atom: str, findings: Iterable[Finding]) -> tuple[Sighting, ...]:
    """Findings as they are compared; their files are read below the root."""
    marks = _Marks(root)
    return tuple(
        Sighting(
            Kind(atom, _written(one.path), one.rule, _plain(_written(one.message))),
            marks.of(one.path, one.line),
            one,
        )
        for one in findings
    )


def entries_of(seen: Iterable[Sighting], why: str = "") -> tuple[BaselineEntry, ...]:
    """Entries that hold them."""
    kinds: dict[Kind, list[str]] = defaultdict(list)
    for one in seen:
        kinds[one.kind].append(one.mark)
    return tuple(
        BaselineEntry(
            path=kind.path,
            atom=kind.atom,
            rule=kind.rule,
            message=kind.message,
            lines=tuple(sorted(marks)),
            why=why,
        )
        for kind, marks in kinds.items()
    )


def compare(
    entries: Sequence[BaselineEntry], seen: Sequence[Sighting], is_there: Callable[[str], bool]
) -> Matched:
    """What entries hold of what was seen; `is_there` tells whether a file of the project exists."""
    left = {entry.kind: Counter(entry.lines) for entry in entries}
    why = {entry.kind: entry.why for entry in entries}
    held: dict[int, str] = {}
    altered = 0
    for pair in (_same_line, _same_kind):
        for index, one in enumerate(seen):
            if index not in held and (mark := pair(left.get(one.kind, ()), one.mark)) is not None:
                _take(left[one.kind], mark)
                held[index] = why[one.kind]
                altered += mark != one.mark and one.kind.rule not in _WHOLE_FILE
    gone_files = {kind.path for kind, marks in left.items() if marks and not is_there(kind.path)}
    places = _by_line(left, gone_files)
    moved = 0
    for index, one in enumerate(seen):
        from_there = places.get(_without_path(one), []) if index not in held else []
        if from_there:
            kind = from_there.pop()
            _take(left[kind], one.mark)
            held[index] = why[kind]
            moved += 1
    return Matched(
        new=tuple(one for index, one in enumerate(seen) if index not in held),
        held=tuple(seen[index] for index in sorted(held)),
        entries=_with_reasons(seen, held),
        gone=tuple(Sighting(kind, mark) for kind, marks in left.items() for mark in marks.elements()),
        moved=moved,
        altered=altered,
    )


def _take(marks: Counter[str], mark: str) -> None:
    marks[mark] -= 1
    if not marks[mark]:
        del marks[mark]


def _same_line(marks: Collection[str], mark: str) -> str | None:
    return mark if mark in marks else None


def _same_kind(marks: Collection[str], mark: str) -> str | None:
    return next(iter(marks), None)


def _without_path(one: Sighting) -> tuple[str, str, str, str]:
    return one.kind.atom, one.kind.rule, one.kind.message, one.mark


def _by_line(
    left: dict[Kind, Counter[str]], files: Collection[str]
) -> dict[tuple[str, str, str, str], list[Kind]]:
    found: dict[tuple[str, str, str, str], list[Kind]] = defaultdict(list)
    for kind in (kind for kind in left if kind.path in files):
        for mark in left[kind].elements():
            found[_without_path(Sighting(kind, mark))].append(kind)
    return found


def _with_reasons(seen: Sequence[Sighting], held: dict[int, str]) -> tuple[BaselineEntry, ...]:
    """Entries of what is held; of findings of one kind that were held for several reasons, the first."""
    reasons: dict[Kind, str] = {}
    for index, why in held.items():
        reasons[seen[index].kind] = reasons.get(seen[index].kind) or why
    entries = entries_of(seen[index] for index in sorted(held))
    return tuple(structs.replace(entry, why=reasons[entry.kind]) for entry in entries)


def _plain(message: str) -> str:
    """A message without what changes when nothing else does: line numbers, counts, blanks."""
    text = _NUMBER.sub("N", _CELL.sub("cell ", _BLANKS.sub(" ", message))).strip()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…{_hash(text)}"


def _written(text: str) -> str:
    """As the file can hold it, which is UTF-8: see artifacts/json_text.py."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


class _Marks:
    """Hashes of lines of files, each file read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, list[str]] = {}

    def of(self, path: str, line: int) -> str:
        """Blanks don't count; empty where the line can't be read."""
        if path not in self._files:
            self._files[path] = list(self._read(path))
        lines = self._files[path]
        return _hash(_BLANKS.sub("", lines[line - 1])) if 0 < line <= len(lines) else ""

    def _read(self, path: str) -> Iterator[str]:
        try:
            text = (self._root / path).read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            return iter(())
        return iter(text.split("\n"))
