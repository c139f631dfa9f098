"""Makes the record of what each test ran, read and started, from the notes that the tests' processes left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from atomci.artifacts.handed.impact import FileRecord, ImpactRecord, PlaceRecord, TestRecord, numbers
from atomci.decoding import decoded
from atomci.testing.selection.blocks import MODULE, Blocks, read_blocks
from atomci.testing.selection.places import Places
from atomci.testing.selection.programs import Start, Used, name_of, read_programs

__all__ = ["Notes", "file_record", "make_record", "read_notes"]


class _Place(msgspec.Struct, frozen=True):
    ran: tuple[int, ...] = ()
    read: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()
    carried: tuple[str, ...] | None = None


class _Raw(msgspec.Struct, frozen=True):
    """One process's file, as functions.py writes it."""

    start: str
    tests: dict[str, _Place]
    modules: dict[str, _Place]
    outside: _Place
    importers: dict[str, tuple[str, ...]]
    lost: tuple[str, ...]
    blocks: tuple[tuple[str, str], ...]
    process: int = 0
    starts: tuple[Start, ...] = ()


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
    notes, programs = Notes(), read_programs(folder / "programs")
    by_key = programs.by_key()
    for raw in raws:
        notes.lost.update(raw.lost)
        told = _Told(raw, by_key, programs.unfollowed(raw.process, raw.starts), Places(raw.start))
        told.add(notes.outside, raw.outside)
        for nodeid, place in raw.tests.items():
            told.add(notes.tests.setdefault(nodeid, Used()), place)
        for file, place in raw.modules.items():
            told.add(notes.modules.setdefault(file, Used()), place)
        for file, importers in raw.importers.items():
            notes.importers.setdefault(file, set()).update(importers)
    return notes if raws else None


@dataclass(frozen=True)
class _Told:
    """One process's notes, what programs with each key used, and the starts of which nobody knows that."""

    raw: _Raw
    by_key: Mapping[str, Used]
    unfollowed: Collection[int]
    places: Places

    def add(self, found: Used, place: _Place) -> None:
        raw = self.raw
        found.ran.update(raw.blocks[number] for number in place.ran)
        for path in place.read:
            found.read |= self.places.of(path)
        found.started.update(place.started)
        lost = (raw.starts[number][1] for number in place.starts if number in self.unfollowed)
        found.started.update(map(name_of, lost))
        for key in place.keys:
            if key in self.by_key:
                found.take(self.by_key[key])
        if place.carried is not None:
            found.carry(place.carried)


def make_record(
    root: Path,
    notes: Notes,
    outcomes: Mapping[str, str],
    hashes: Mapping[str, str],
    *,
    python: str,
    earlier: ImpactRecord | None = None,
    unseen: str = "",
    whole: bool = False,
    texts: Mapping[str, bytes] = MappingProxyType({}),
) -> ImpactRecord:
    """The record of a run. Tests that didn't run are as an `earlier` one knows them, which was of this very
    code as far as they are concerned.

    `whole` says that no test which should have run lacks its result.
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
                tests[nodeid], results[nodeid] = known.found_of(test), test.outcome
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
                apart=nodeid in tests and tests[nodeid].apart,
                carried=_carried(tests.get(nodeid)),
                **writer.words(tests.get(nodeid, Used())),
            )
            for nodeid in sorted(results)
        },
        modules={file: PlaceRecord(**writer.words(modules[file])) for file in sorted(modules)},
        importers={file: tuple(sorted(importers[file])) for file in sorted(importers)},
        outside=PlaceRecord(**writer.words(outside)),
        unseen=unseen,
        whole=whole and (earlier is None or earlier.whole),
    )


@dataclass(frozen=True)
class _Known:
    """An earlier record, by names again."""

    record: ImpactRecord

    def found_of(self, test: TestRecord) -> Used:
        used = self.found(test)
        return replace(used, apart=test.apart, carried=None if test.carried is None else {*test.carried})

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


def _carried(found: Used | None) -> tuple[str, ...] | None:
    """Of the classes that had objects when a test began, those whose methods it ran without making one."""
    if found is None or found.carried is None:
        return None
    ran = {f"{file}::{name.partition('#')[0]}" for file, name in found.ran}
    above = {name.rpartition(".")[0] for name in ran}
    had = (name for name in above if not found.carried.isdisjoint({name, f"*::{_last(name)}"}))
    return tuple(sorted(name for name in had if f"{name}.__init__" not in ran))


def _last(name: str) -> str:
    return name.rpartition("::")[2].rpartition(".")[2]


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
