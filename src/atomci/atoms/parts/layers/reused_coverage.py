"""The record of which lines each test covers: what tests that don't run again covered counts in the total."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec
from msgspec import structs

from atomci.artifacts import handles
from atomci.artifacts.handed.impact import ImpactRecord
from atomci.artifacts.handed.lines import LinesRecord, Mark, Segment
from atomci.artifacts.handed.testing import Selection
from atomci.artifacts.store import ArtifactError
from atomci.atoms.parts.layers.coverage_runs import reused_command
from atomci.atoms.parts.layers.impact_record import file_hashes
from atomci.decoding import decoded
from atomci.engine.cache import notes_in
from atomci.engine.context import Context
from atomci.testing.layers import Layer
from atomci.testing.measurement.line_record import Bits, CoveredLines, read_line_notes
from atomci.testing.measurement.reuse import Reuse, WholeCoverage
from atomci.testing.measurement.segments import read_segments
from atomci.testing.selection.impact import Collecting
from atomci.testing.selection.imports import read_graph
from atomci.testing.selection.reach import Everything, Reach
from atomci.tools.atomic import replace_file

__all__ = ["keep_lines", "known_lines", "widen_for_lines"]


class _Told(msgspec.Struct, frozen=True):
    """What the program says of the data (reused.py)."""

    unnoted: dict[str, tuple[Mark, ...]] = {}
    traced: tuple[str, ...] = ()


def known_lines(ctx: Context, record: ImpactRecord) -> Reuse | None:
    """Of the very run that the record of impact is of; None without one that can be read."""
    try:
        lines = ctx.read_if_there(handles.LINES)
    except ArtifactError:
        return None
    if lines is None or any(record.hashes.get(file) != digest for file, digest in lines.hashes.items()):
        return None
    return Reuse(lines, ctx.root, file_hashes(ctx))


def widen_for_lines(ctx: Context, reuse: Reuse, reach: Reach, record: ImpactRecord, how: Collecting) -> None:
    """Add the tests without which the total wouldn't be exact. Raises Everything."""
    try:
        reuse.widen(reach, record, _imports(ctx, how))
    except (ValueError, KeyError) as error:
        raise Everything(f"the record of covered lines isn't sound: {error}") from None


def keep_lines(
    ctx: Context, layer: Layer, before: Mapping[str, str], how: Collecting, selection: Selection
) -> str:
    """After a run: write down which lines its tests covered, with those that others covered earlier, which
    are added to coverage's data.

    Why the total isn't exact, so that all tests have to run; empty where it is, or where nobody asked.
    """
    data = layer.data and ctx.root / layer.data
    fresh = read_line_notes(notes_in(ctx.root, ctx.atom) / "functions")
    if not data or not data.is_file() or fresh is None or fresh.abroad:
        return "no line was noted" if selection.exact else ""
    done: WholeCoverage | None = None
    if selection.exact:
        record = ctx.read(handles.LINES)
        own = CoveredLines({file: dict(marks) for file, marks in fresh.marks.items()}, outside=fresh.total())
        done = Reuse(record, ctx.root, file_hashes(ctx)).completed(fresh, selection.left_out)
        if done.lost:
            return done.lost
        noted = own
    elif selection.mode == "full":
        noted = fresh
    else:
        return ""
    told = _asked(ctx, data, noted, done.added if done else {})
    if told is None or told.traced:
        return "coverage's data can't be completed" if selection.exact else ""
    for file, marks in told.unnoted.items():
        fresh.unnoted[file] = fresh.unnoted.get(file, 0) | fresh.bits(file, marks)
    _write(ctx, fresh, before, how)
    if done:
        summary = ctx.read(layer.summary)
        ctx.write(layer.summary, structs.replace(summary, reused=done.lines))
    return ""


def _asked(
    ctx: Context, data: Path, noted: CoveredLines, added: Mapping[str, Collection[Mark]]
) -> _Told | None:
    total = noted.total()
    asked = {
        "noted": {file: list(noted.marks_of(file, bits)) for file, bits in total.items()},
        "added": {file: list(marks) for file, marks in added.items()},
    }
    given = notes_in(ctx.root, ctx.atom).parent / f"{ctx.atom.name}.lines.json"
    replace_file(given, json.dumps(asked).encode())
    done = ctx.run(reused_command(ctx, data.as_posix(), given.as_posix()))
    given.unlink(missing_ok=True)
    try:
        return decoded(done.stdout.strip().rpartition("\n")[2], _Told) if done.code == 0 else None
    except msgspec.DecodeError:
        return None


def _write(ctx: Context, covered: CoveredLines, before: Mapping[str, str], how: Collecting) -> None:
    """Nothing where a measured file changed meanwhile, or can't be parsed: then all tests run next."""
    (ctx.root / handles.LINES).unlink(missing_ok=True)
    now = file_hashes(ctx)
    hashes = {file: now.get(file, "") for file in covered.marks}
    segments = {}
    for file, digest in hashes.items():
        found = _segments(ctx.root / file) if before.get(file) == digest else None
        if found is None:
            return
        segments[file] = found
    ctx.write(
        handles.LINES,
        LinesRecord(
            hashes=hashes,
            segments=segments,
            marks={file: tuple(marks) for file, marks in covered.marks.items()},
            tests={nodeid: _told(place) for nodeid, place in sorted(covered.tests.items())},
            modules={file: _told(place) for file, place in sorted(covered.modules.items())},
            outside=_told(covered.outside),
            unnoted=_told(covered.unnoted),
            imports=_imports(ctx, how),
        ),
    )


def _segments(file: Path) -> tuple[Segment, ...] | None:
    """A template that became code has none: any change of it is one of all its lines."""
    return read_segments(file.read_bytes()) if file.suffix == ".py" else ()


def _told(place: Bits) -> dict[str, str]:
    return {file: f"{bits:x}" for file, bits in sorted(place.items()) if bits}


def _imports(ctx: Context, how: Collecting) -> dict[str, tuple[str, ...]]:
    python = [path for path in file_hashes(ctx) if path.endswith(".py")]
    graph = read_graph(ctx.root, python, how.searched)
    return {file: tuple(sorted(names)) for file, names in sorted(graph.imports.items()) if names}
