"""Which lines each test covered: read from the notes of the tests' processes, and from earlier runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from atomci.artifacts.handed.lines import LinesRecord, Mark
from atomci.decoding import decoded

__all__ = ["Bits", "CoveredLines", "covered_of", "merged", "read_line_notes"]

Bits = dict[str, int]
"""By file a number whose bits say which of its marks."""


class _Place(msgspec.Struct, frozen=True):
    covered: dict[str, str] = {}


class _Raw(msgspec.Struct, frozen=True):
    """One process's file, as observation/functions.py writes it."""

    tests: dict[str, _Place]
    modules: dict[str, _Place]
    outside: _Place
    marks: dict[str, tuple[Mark, ...]] = {}
    abroad: str = ""


@dataclass
class CoveredLines:
    """Of a run, or of a record: the marks of each file with their bits, and who has which."""

    marks: dict[str, dict[Mark, int]] = field(default_factory=dict)
    tests: dict[str, Bits] = field(default_factory=dict)
    modules: dict[str, Bits] = field(default_factory=dict)
    outside: Bits = field(default_factory=dict)
    unnoted: Bits = field(default_factory=dict)
    abroad: str = ""
    """A file that was measured and isn't the project's: of such lines nothing can be reused."""

    def bits(self, file: str, marks: Iterable[Mark]) -> int:
        """The bits of marks, which are known from then on."""
        known = self.marks.setdefault(file, {})
        found = 0
        for mark in marks:
            found |= 1 << known.setdefault(mark, len(known))
        return found

    def marks_of(self, file: str, bits: int) -> Iterator[Mark]:
        """What bits stand for."""
        return (mark for mark, bit in self.marks.get(file, {}).items() if bits >> bit & 1)

    def total(self) -> Bits:
        """What anybody covered."""
        return merged([*self.tests.values(), *self.modules.values(), self.outside, self.unnoted])


def merged(places: Iterable[Bits]) -> Bits:
    """All of them together."""
    found: Bits = {}
    for place in places:
        for file, bits in place.items():
            found[file] = found.get(file, 0) | bits
    return found


def read_line_notes(folder: Path) -> CoveredLines | None:
    """All processes together; None where one left none, or none that can be read."""
    try:
        raws = [decoded(file.read_bytes(), _Raw) for file in sorted(folder.glob("*.json"))]
        found = CoveredLines()
        for raw in raws:
            _add(found, raw)
    except (OSError, ValueError, IndexError, msgspec.DecodeError):
        return None
    return found if any(raw.marks for raw in raws) else None


def _add(found: CoveredLines, raw: _Raw) -> None:
    numbers = {file: [found.bits(file, [mark]) for mark in marks] for file, marks in raw.marks.items()}

    def own(place: _Place) -> Bits:
        return {file: _renumbered(int(text, 16), numbers[file]) for file, text in place.covered.items()}

    for nodeid, place in raw.tests.items():
        found.tests[nodeid] = merged([found.tests.get(nodeid, {}), own(place)])
    for file, place in raw.modules.items():
        found.modules[file] = merged([found.modules.get(file, {}), own(place)])
    found.outside = merged([found.outside, own(raw.outside)])
    found.abroad = found.abroad or raw.abroad


def _renumbered(bits: int, numbers: Sequence[int]) -> int:
    found, position = 0, 0
    while bits:
        if bits & 1:
            found |= numbers[position]
        bits, position = bits >> 1, position + 1
    return found


def covered_of(record: LinesRecord) -> CoveredLines:
    """A record's, as it was. Raises ValueError on one that isn't sound."""

    def own(place: Mapping[str, str]) -> Bits:
        found = {file: int(text, 16) for file, text in place.items()}
        for file, bits in found.items():
            if bits < 0 or bits.bit_length() > len(record.marks.get(file, ())):
                raise ValueError(f"{file} has fewer lines in the record than a test covered")
        return found

    return CoveredLines(
        {file: {mark: bit for bit, mark in enumerate(marks)} for file, marks in record.marks.items()},
        {nodeid: own(place) for nodeid, place in record.tests.items()},
        {file: own(place) for file, place in record.modules.items()},
        own(record.outside),
        own(record.unnoted),
    )
