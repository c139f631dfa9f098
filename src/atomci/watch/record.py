"""The record of what each test runs, which the loop keeps in its process and every cycle renews."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from msgspec import structs

from atomci.artifacts import handles
from atomci.artifacts.handed.impact import ImpactRecord
from atomci.artifacts.handed.testing import Selection
from atomci.artifacts.store import ArtifactError, read, write
from atomci.atoms.parts.layers.impact_record import blocks_of, known_record, renewed, why_of_no_use
from atomci.atoms.parts.layers.layer_selection import impacted, impacted_by_imports, impacted_by_record
from atomci.engine.cache import clear_notes, notes_in
from atomci.engine.context import Context
from atomci.testing.layers import unit_tests_of
from atomci.testing.selection.imports import read_graph
from atomci.watch.cycle import Cycle
from atomci.watch.snapshot import TreeSnapshot

__all__ = ["begun", "is_to_learn_of", "keep", "learned", "reached_by", "reading_ahead", "texts_of"]


_FEW = 30
"""Tests."""
_BETWEEN = 0.5
"""Seconds."""


def begun(ctx: Context) -> ImpactRecord | None:
    """What earlier runs, or an earlier loop, left last, and is of use here; None without any."""
    own = _own(ctx)
    artifact = ctx.root / handles.IMPACT
    record = None
    if not artifact.is_file() or (own.is_file() and own.stat().st_mtime > artifact.stat().st_mtime):
        with contextlib.suppress(ArtifactError, OSError):
            record = read(own, ImpactRecord)
    record = record or known_record(ctx, unit_tests_of(ctx.project))
    return None if why_of_no_use(ctx, record) else record


def reading_ahead(ctx: Context) -> Callable[[], None]:
    """Begin to parse all Python files, so that the first save need not wait; what it gives waits for the end.

    The selection remembers what they say. Without waiting it would parse them too, which takes twice as long.
    """
    thread = threading.Thread(target=_read_ahead, args=(ctx,), daemon=True)
    thread.start()

    def wait() -> None:
        while thread.is_alive():
            thread.join(_BETWEEN)  # Ctrl-C interrupts no wait without an end on Windows

    return wait


def _read_ahead(ctx: Context) -> None:
    """Parse all Python files."""
    python = ctx.files("**/*.py")
    read_graph(ctx.root, python)
    known = blocks_of(ctx)
    for path in python:
        with contextlib.suppress(OSError):
            known.of((ctx.root / path).read_bytes())
    known.keep()


def keep(ctx: Context, record: ImpactRecord) -> None:
    """For the next loop, which does without it where it can't be written."""
    with contextlib.suppress(OSError):
        clear_notes(ctx.root, ctx.atom)
        write(_own(ctx), record, ctx.redactor.clean_json)


def _own(ctx: Context) -> Path:
    return notes_in(ctx.root, ctx.atom) / "record.json"


def reached_by(
    ctx: Context, record: ImpactRecord | None, changed: Sequence[str] | None, files: Collection[str]
) -> Selection:
    """The tests that changed paths reach: those that the record knows by what they ran, others by imports.

    `files` are all files of tests.
    """
    layer = unit_tests_of(ctx.project)
    if record is None or changed is None or why_of_no_use(ctx, record):
        return impacted(ctx, layer, changed)
    return impacted_by_record(ctx, layer, record, changed, standing=_standing(ctx, record, changed, files))


def _standing(
    ctx: Context, record: ImpactRecord, changed: Sequence[str], files: Collection[str]
) -> Collection[str]:
    """Files of which no test ran since the loop began, and which the change doesn't reach by imports."""
    known = _files_in(record)
    now = ctx.workspace.inputs.hash_of
    unknown = {path for path in files if path not in known and record.hashes.get(path) == now(path)}
    if not unknown:
        return ()
    found = impacted_by_imports(ctx, unit_tests_of(ctx.project), changed)
    return () if found.mode == "full" else unknown - {test.path for test in found.tests}


def _files_in(record: ImpactRecord) -> set[str]:
    """Those whose tests it knows."""
    return {nodeid.partition("::")[0] for nodeid in record.tests}


def is_to_learn_of(record: ImpactRecord | None, cycle: Cycle, files: TreeSnapshot) -> bool:
    """Whether what its tests run is noted, which takes longer than few tests do.

    While it isn't, what changed since the record counts as changed at each save, so that more and more tests
    run, until there are enough of them.
    """
    if record is None or cycle.is_all or len(record.tests) - len(cycle.left_out) > _FEW:
        return True
    bare = {path for path in record.bare if record.hashes.get(path) == files.files.get(path)}
    return bool({*cycle.files} - _files_in(record) - bare)


def texts_of(root: Path, record: ImpactRecord | None, files: TreeSnapshot) -> Mapping[str, bytes]:
    """Of the Python files that aren't as the record knows them: when it is renewed, they may be others."""
    known = record.hashes if record else {}
    other = [path for path, digest in files.files.items() if known.get(path) != digest]
    found = {}
    for path in other:
        if path.endswith(".py"):
            with contextlib.suppress(OSError):
                found[path] = (root / path).read_bytes()
    return found


def learned(
    ctx: Context,
    record: ImpactRecord | None,
    *,
    notes: Path,
    log: Path,
    files: TreeSnapshot,
    texts: Mapping[str, bytes],
    cycle: Cycle,
) -> ImpactRecord | None:
    """The record after a cycle that came to its end, and `files` that were the same all the time."""
    now = files.files
    found = renewed(ctx, record, log=log, notes=notes, hashes=now, texts=texts, left_out=cycle.left_out)
    if found is None:
        return None
    before = {path for path in record.bare if record.hashes.get(path) == now.get(path)} if record else set()
    bare = {path for path in (*before, *cycle.files) if path in found.hashes} - _files_in(found)
    return structs.replace(found, bare=tuple(sorted(bare)))
