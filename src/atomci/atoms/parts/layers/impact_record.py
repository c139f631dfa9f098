"""The record of what each test runs: read to select tests, and kept up by every run of them."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from msgspec import structs

from atomci.artifacts import handles
from atomci.artifacts.handed.impact import Escapes, ImpactRecord
from atomci.artifacts.handed.testing import Selection
from atomci.artifacts.store import ArtifactError
from atomci.atoms.parts.layers.layer_runs import why_unmeasured
from atomci.atoms.parts.options import ShardOptions
from atomci.engine.cache import notes_in, own_code
from atomci.engine.context import Context
from atomci.engine.inputs.environment import packages, python_version
from atomci.project import CACHE_FOLDER
from atomci.testing import results
from atomci.testing.layers import UNIT, Layer
from atomci.testing.measurement import coverage_config
from atomci.testing.observation.observed import seen
from atomci.testing.pytest_config import read_pytest_config
from atomci.testing.selection.ci_events import Since, since_of
from atomci.testing.selection.escapes import counted, judged, why_all
from atomci.testing.selection.impact import Collecting
from atomci.testing.selection.known_blocks import KnownBlocks, known_blocks
from atomci.testing.selection.reach import Everything, Reach, Tree, reached
from atomci.testing.selection.record import make_record, read_notes
from atomci.testing.selection.settings import read_selection
from atomci.tools.atomic import replace_file

__all__ = [
    "blocks_of",
    "by_record",
    "differs",
    "file_hashes",
    "is_recorded",
    "keep_escapes",
    "keep_record",
    "known_record",
    "note_in_vain",
    "renewed",
    "seeds",
    "since_in_ci",
    "why_never_by_itself",
    "why_not_trusted",
    "why_of_no_use",
]

_MEASURED = "coverage is measured, which takes all of them"
_AT_MOST = 256 * 1024 * 1024
"""Bytes; a larger record isn't one of ours."""


def known_record(ctx: Context, layer: Layer) -> ImpactRecord | None:
    """That of earlier runs, here or in CI; None without one that can be read, and with --no-cache."""
    return _kept(ctx, layer) if ctx.options.use_cache else None


def _kept(ctx: Context, layer: Layer) -> ImpactRecord | None:
    file = ctx.root / layer.impact
    try:
        return ctx.read(layer.impact) if file.is_file() and file.stat().st_size < _AT_MOST else None
    except (ArtifactError, OSError):
        return None


def why_of_no_use(ctx: Context, record: ImpactRecord | None) -> str:
    """Why a record tells nothing of a run here and now; empty where it does."""
    if record is None:
        return "no run of all tests has left a record of what each test runs"
    if record.python != _python(ctx):
        return "the record of what each test runs is of another Python, or of other packages"
    return ""


def why_never_by_itself(ctx: Context, layer: Layer) -> str:
    """Why no run selects without --since, whatever is recorded; empty where one may."""
    if (in_ci := since_in_ci(ctx)) and not in_ci.why_all:
        return ""
    local = ctx.project.setting(read_selection).local
    if local == "never":
        return 'selection.local is "never"'
    if local == "auto" and layer.name != UNIT.name:
        return f"the {layer.name} tests select only where they are asked to"
    measured = not why_unmeasured(ctx, read_pytest_config(ctx.root, layer.folder))
    if local == "auto" and measured and not (ctx.root / handles.LINES).is_file():
        return _MEASURED
    return ""


def seeds(ctx: Context, layer: Layer) -> bool:
    """Whether a run that nobody asked for a record makes one all the same: from the second run of all tests
    on, so that the first is quick, and not where an earlier one couldn't tell which lines each test covers.
    """
    first = not (ctx.root / handles.DURATIONS).is_file()
    if first or layer.name != UNIT.name or ctx.option(ShardOptions).one or since_in_ci(ctx):
        return False
    if why_never_by_itself(ctx, layer) != _MEASURED:
        return False
    known = _in_vain(ctx)
    return not (known.is_file() and known.read_text(encoding="utf-8") == _settings(ctx))


def note_in_vain(ctx: Context, before: Mapping[str, str]) -> None:
    """After a green run that was to make the first record: whether it could, so that it isn't tried again
    before coverage, its settings or Python are others. `before` are the files' hashes before it.
    """
    if (ctx.root / handles.LINES).is_file():
        _in_vain(ctx).unlink(missing_ok=True)
    elif before == file_hashes(ctx):
        replace_file(_in_vain(ctx), _settings(ctx).encode())


def _in_vain(ctx: Context) -> Path:
    return ctx.root / CACHE_FOLDER / "notes" / "no-lines"


def _settings(ctx: Context) -> str:
    """What decides whether coverage can tell which lines a test covers."""
    hashes = (f"{name} {ctx.workspace.inputs.hash_of(name)}" for name in coverage_config.FILES)
    return "\n".join((_python(ctx), own_code(), *hashes))


def since_in_ci(ctx: Context) -> Since | None:
    """From where changes count in CI, or why all tests run there; None on a laptop."""
    if not ctx.options.in_ci and ctx.options.event == "local":
        return None
    if ctx.project.setting(read_selection).ci == "full":
        return Since(why_all="in CI all of them run")
    return since_of(ctx.options.event)


def is_recorded(ctx: Context, layer: Layer) -> bool:
    """Whether what tests run is noted, which costs: where a later run may select by it."""
    selects_in_ci = ctx.project.setting(read_selection).ci == "auto"
    if ctx.options.since is not None or selects_in_ci:
        return True
    return not why_never_by_itself(ctx, layer) or seeds(ctx, layer)


def differs(ctx: Context, record: ImpactRecord) -> bool:
    """Whether a file isn't as it was when the record was made."""
    return record.hashes != file_hashes(ctx)


def by_record(
    ctx: Context,
    record: ImpactRecord,
    how: Collecting,
    changed: Sequence[str] | None,
    base: str = "HEAD",
    standing: Collection[str] = (),
) -> Reach:
    """The tests that what changed since a commit reaches, or since the record. Raises Everything.

    `standing` are files of tests that the record doesn't know, and whose last result stands all the same.
    """
    if changed is None:
        raise Everything("git can't tell what changed (no repository, unknown ref or shallow history)")
    git = ctx.project.git

    def before(path: str) -> bytes | None:
        code, out, _ = git.code("cat-file", "blob", f"{base}:./{path}")
        return out if code == 0 else None

    edges, known = ctx.project.setting(read_selection).edges, blocks_of(ctx)
    tree = Tree(ctx.root, file_hashes(ctx), changed, how, before, edges, standing, known.of)
    try:
        return reached(record, tree)
    finally:
        known.keep()


def blocks_of(ctx: Context) -> KnownBlocks:
    """What the project's Python files hold, as they were read before."""
    return known_blocks(ctx.root / CACHE_FOLDER / "blocks", f"{own_code()} {sys.version}")


def why_not_trusted(ctx: Context, layer: Layer) -> str:
    """Why all tests run though there is a record: the selection would have missed a failure. Else empty."""
    try:
        return why_all(ctx.read_if_there(layer.escapes) or Escapes())
    except ArtifactError as error:
        return f"{error}; all of them run until one run with --all --no-cache writes it again"


def keep_escapes(
    ctx: Context, layer: Layer, before: Mapping[str, str], how: Callable[[], Collecting]
) -> None:
    """After a run of all tests: count which of its new failures the selection would have missed.

    With --no-cache the count begins anew. Raises ArtifactError where that of before can't be read.
    """
    if not ctx.options.use_cache:
        ctx.write(layer.escapes, Escapes())
        return
    record = _kept(ctx, layer)
    if record is None or why_of_no_use(ctx, record):
        return
    outcomes = {result.nodeid: result.outcome for result in results.read_results(ctx.root / layer.log)}
    if not set(results.BAD).intersection(outcomes.values()):
        return
    edges = ctx.project.setting(read_selection).edges
    run = judged(record, Tree(ctx.root, before, (), how(), edges=edges), outcomes)
    if run is not None:
        known = ctx.read_if_there(layer.escapes) or Escapes()
        ctx.write(layer.escapes, counted(known, run, ctx.project.git.commit() or ""))


def keep_record(ctx: Context, layer: Layer, before: Mapping[str, str], selection: Selection) -> bool:
    """Write what the tests of a run that came to its end were seen to run; whether there is now a record of
    the files as they are.

    After another run what an earlier record says still holds, but for tests that failed.
    """
    log, notes, now = ctx.root / layer.log, notes_in(ctx.root, ctx.atom), file_hashes(ctx)
    steady = {path: digest for path, digest in before.items() if now.get(path) == digest}
    record = renewed(ctx, _kept(ctx, layer), log=log, notes=notes, hashes=steady, left_out=selection.left_out)
    if record is not None:
        ctx.write(layer.impact, record)
    return record is not None and record.hashes == steady


def renewed(
    ctx: Context,
    earlier: ImpactRecord | None,
    *,
    log: Path,
    notes: Path,
    hashes: Mapping[str, str],
    left_out: Collection[str],
    texts: Mapping[str, bytes] | None = None,
) -> ImpactRecord | None:
    """What is known after a run: what its tests were seen to run, and of those that were `left_out` what an
    earlier record says. None where nothing is known.

    `log` are its results, `notes` the observer's. `hashes` are those of the files that were the same all the
    time; `texts` are theirs, as far as they may be others by now.
    """
    told = read_notes(notes / "functions")
    found, session = results.read_log(log)
    outcomes: dict[str, str] = {}
    for result in found:
        if outcomes.get(result.nodeid) not in results.BAD:
            outcomes[result.nodeid] = result.outcome
    if told is None or session is None or session.phase != "end" or (session.missing and earlier):
        return _with_failures(earlier, outcomes) if earlier else None
    saw = seen(notes, ctx.root)
    return make_record(
        ctx.root,
        told,
        outcomes,
        hashes,
        python=_python(ctx),
        earlier=_of(earlier, left_out),
        unseen=saw.unseen if saw and not saw.programs else "",
        whole=not session.missing,
        texts=texts or {},
    )


def _with_failures(record: ImpactRecord, outcomes: Mapping[str, str]) -> ImpactRecord:
    """What changed since the record counts as changed, what failed as failed."""
    failed = {
        nodeid: structs.replace(record.tests[nodeid], outcome=outcome)
        for nodeid, outcome in outcomes.items()
        if outcome in results.BAD and nodeid in record.tests
    }
    return structs.replace(record, tests={**record.tests, **failed})


def _of(record: ImpactRecord | None, left_out: Collection[str]) -> ImpactRecord | None:
    """What an earlier record says of tests whose last result stands."""
    if record is None or not left_out:
        return None
    kept = set(left_out)
    return structs.replace(
        record, tests={nodeid: test for nodeid, test in record.tests.items() if nodeid in kept}
    )


def file_hashes(ctx: Context) -> dict[str, str]:
    """Of all project files."""
    inputs = ctx.workspace.inputs
    return {path: inputs.hash_of(path) for path in inputs.files()}


def _python(ctx: Context) -> str:
    """The version, the packages, and pytest's options: what a record made elsewhere must share."""
    minor = ".".join(python_version(ctx.project).split(".")[:2])
    digest = hashlib.blake2b("\n".join(packages(ctx.project)).encode(), digest_size=8).hexdigest()
    asked = os.environ.get("PYTEST_ADDOPTS", "")  # it may leave tests out
    return f"{minor} {digest} {asked}".rstrip()
