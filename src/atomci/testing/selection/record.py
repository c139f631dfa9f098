"""Makes the record of what each test ran, read and started, from the notes that the tests' processes left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from atomci.artifacts.handed.impact import FileRecord, ImpactRecord, PlaceRecord, TestRecord
from atomci.decoding import decoded
from atomci.testing.selection.blocks import MODULE, Blocks, read_blocks

__all__ = ["Notes", "Used", "file_record", "make_record", "numbers", "read_notes"]


class _Place(msgspec.Struct, frozen=True):
    ran: tuple[int, ...] = ()
    read: tuple[str, ...] = ()
    started: tuple[str, ...] = ()


class _Raw(msgspec.Struct, frozen=True):
    """One process's file, as functions.py writes it."""

    start: str
    tests: dict[str, _Place]
    modules: dict[str, _Place]
    outside: _Place
    importers: dict[str, tuple[str, ...]]
    lost: tuple[str, ...]
    blocks: tuple[tuple[str, str], ...]


@dataclass
class Used:
    """What ran, by file and name; what was read; what was started."""

    ran: set[tuple[str, str]] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)


@dataclass
class Notes:
    """Those of all processes."""

    tests: dict[str, Used] = field(default_factory=dict)
    modules: dict[str, Used] = field(default_factory=dict)
    importers: dict[str, set[str]] = field(default_factory=dict)
    outside: Used = field(default_factory=Used)
    lost: set[str] = field(default_factory=set)


def read_notes(folder: Path) -> Notes | None:
    """All processes together; None where one left none, or none that can be read."""
    try:
        raws = [decoded(file.read_bytes(), _Raw) for file in sorted(folder.glob("*.json"))]
    except (OSError, msgspec.DecodeError):
        return None
    notes = Notes()
    for raw in raws:
        notes.lost.update(raw.lost)
        _add(notes.outside, raw, raw.outside)
        for nodeid, place in raw.tests.items():
            _add(notes.tests.setdefault(nodeid, Used()), raw, place)
        for file, place in raw.modules.items():
            _add(notes.modules.setdefault(file, Used()), raw, place)
        for file, importers in raw.importers.items():
            notes.importers.setdefault(file, set()).update(importers)
    return notes if raws else None


def _add(found: Used, raw: _Raw, place: _Place) -> None:
    found.ran.update(raw.blocks[number] for number in place.ran)
    found.read.update(_from(raw.start, path) for path in place.read)
    found.started.update(place.started)


def _from(start: str, path: str) -> str:
    return path.removeprefix(start).replace("\\", "/")


def make_record(
    root: Path,
    notes: Notes,
    outcomes: Mapping[str, str],
    hashes: Mapping[str, str],
    *,
    python: str,
    earlier: ImpactRecord | None = None,
    unseen: str = "",
    texts: Mapping[str, bytes] = MappingProxyType({}),
) -> ImpactRecord:
    """The record of a run. Tests that didn't run are as an `earlier` one knows them, which was of this very
    code as far as they are concerned.

    `hashes` are those of all project files, from before the run; `texts` are theirs, where they may be others
    by now.
    """
    known = _Known(earlier) if earlier else None
    tests = {nodeid: notes.tests[nodeid] for nodeid in outcomes if nodeid in notes.tests}
    modules, outside = dict(notes.modules), notes.outside
    importers = {file: set(found) for file, found in notes.importers.items()}
    followed = {nodeid: nodeid in tests and nodeid not in notes.lost for nodeid in outcomes}
    results = dict(outcomes)
    if known and earlier:
        for nodeid, test in earlier.tests.items():
            if nodeid not in results:
                tests[nodeid], results[nodeid] = known.found(test), test.outcome
                followed[nodeid] = test.followed
        for file, place in earlier.modules.items():
            modules.setdefault(file, known.found(place))
        for file, names in earlier.importers.items():
            importers.setdefault(file, set()).update(names)
        was = known.found(earlier.outside)
        outside = Used(outside.ran | was.ran, outside.read | was.read, outside.started | was.started)
        unseen = unseen or earlier.unseen
    writer = _Writer.of([*tests.values(), *modules.values(), outside], hashes)
    return ImpactRecord(
        python=python,
        hashes=dict(hashes),
        files=dict(_files(root, hashes, earlier, texts)),
        blocks=tuple(f"{path}::{name}" for path, name in writer.blocks),
        paths=tuple(writer.paths),
        tests={
            nodeid: TestRecord(
                outcome=results[nodeid],
                followed=followed[nodeid],
                **writer.words(tests.get(nodeid, Used())),
            )
            for nodeid in sorted(results)
        },
        modules={file: PlaceRecord(**writer.words(modules[file])) for file in sorted(modules)},
        importers={file: tuple(sorted(importers[file])) for file in sorted(importers)},
        outside=PlaceRecord(**writer.words(outside)),
        unseen=unseen,
    )


@dataclass(frozen=True)
class _Known:
    """An earlier record, by names again."""

    record: ImpactRecord

    def found(self, place: PlaceRecord) -> Used:
        blocks, paths = self.record.blocks, self.record.paths
        ran = {_split(blocks[number]) for number in numbers(place.ran, len(blocks))}
        read = {paths[number] for number in numbers(place.read, len(paths))}
        return Used(ran, read, set(place.started))


@dataclass(frozen=True)
class _Writer:
    """Numbers the names, in an order in which what is used together stands together."""

    blocks: Mapping[tuple[str, str], int]
    paths: Mapping[str, int]

    @classmethod
    def of(cls, places: Iterable[Used], hashes: Mapping[str, str]) -> _Writer:
        places = list(places)
        blocks = sorted({name for place in places for name in place.ran if name[0] in hashes})
        paths = sorted({path for place in places for path in place.read})
        return cls(
            {name: number for number, name in enumerate(blocks)},
            {path: number for number, path in enumerate(paths)},
        )

    def words(self, found: Used) -> dict[str, Any]:
        ran = (self.blocks[name] for name in found.ran if name in self.blocks)
        read = (self.paths[path] for path in found.read)
        return {"ran": _ranges(ran), "read": _ranges(read), "started": tuple(sorted(found.started))}


def _files(
    root: Path, hashes: Mapping[str, str], earlier: ImpactRecord | None, texts: Mapping[str, bytes]
) -> Iterator[tuple[str, FileRecord]]:
    for path, digest in hashes.items():
        if not path.endswith(".py"):
            continue
        if earlier and earlier.hashes.get(path) == digest and path in earlier.files:
            yield path, earlier.files[path]
            continue
        text = texts[path] if path in texts else (root / path).read_bytes()
        if (blocks := read_blocks(text)) is not None:
            yield path, file_record(blocks)


def file_record(blocks: Blocks) -> FileRecord:
    """What is kept of a file's blocks."""
    statements = {digest: " ".join(sorted(one.binds)) for digest, one in blocks.statements.items()}
    return FileRecord(
        blocks=dict(blocks.hashes),
        statements=statements,
        suites={name: dict(suites) for name, suites in blocks.suites.items() if suites},
        keeping=tuple(sorted(blocks.keeping)),
    )


def _split(block: str) -> tuple[str, str]:
    path, _, name = block.rpartition("::")
    return path, name or MODULE


def _ranges(found: Iterable[int]) -> str:
    """Numbers as text: `0-3,7`."""
    told: list[list[int]] = []
    for number in sorted(found):
        if told and told[-1][1] == number - 1:
            told[-1][1] = number
        else:
            told.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in told)


def numbers(text: str, count: int) -> Iterator[int]:
    """The numbers again. Raises ValueError on what isn't one below `count`."""
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if not 0 <= low <= high < count:
            raise ValueError(f"{part} isn't a range of numbers below {count}")
        yield from range(low, high + 1)
