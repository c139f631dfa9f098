"""A run that was stopped: which it is, and which of its results another run may continue with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from atomci.artifacts.handed.runs import Event, Result, RunFinished, RunStarted
from atomci.artifacts.handles import result_of
from atomci.artifacts.store import ArtifactError, read_if_there, sha256
from atomci.catalog import Atom
from atomci.decoding import decoded
from atomci.engine.cache import TakenOver, goes_by_its_files
from atomci.engine.inputs.dependencies import Surroundings
from atomci.errors import UsageError

__all__ = ["result_in", "stopped_run"]


def stopped_run(root: Path, only_tells: Callable[[Sequence[str]], bool] = lambda atoms: False) -> RunStarted:
    """The last run, if it didn't end green. Raises UsageError where there is nothing to continue.

    One whose atoms only tell of other runs isn't meant.
    """
    folders = sorted((root / "artifacts/runs").glob("*/"), reverse=True)
    for started, finished in map(_ends, folders):
        if started is None or started.within or only_tells(started.atoms):
            continue
        if finished is not None and finished.exit_code == 0:
            raise UsageError(
                f"--resume: the last run, {started.run}, ended {finished.verdict}", "atomci run TARGET"
            )
        if not started.words:
            raise UsageError(
                f"--resume: run {started.run} doesn't say what it was asked for",
                f"atomci run {' '.join(started.targets)}",
            )
        return started
    raise UsageError("--resume: no run was stopped here", "atomci run TARGET")


def result_in(run: str, root: Path, atom: Atom, now: Surroundings) -> TakenOver:
    """What an atom left in a stopped run, where that was a pass and still holds; else why it doesn't.

    Of an atom that changes files or talks to other machines nothing is taken over: it runs again.
    """
    try:
        result = read_if_there(root / result_of(atom.name), Result)
    except ArtifactError:
        return TakenOver(None)
    if result is None or (result.run, result.status) != (run, "pass") or atom.last:
        return TakenOver(None)
    seen = result.observed
    if seen is None or seen.unkept or seen.unsettled or not goes_by_its_files(atom):
        return TakenOver(None)
    if difference := now.difference(seen):
        return TakenOver(None, difference)
    for output in result.outputs:
        path = root / output.path
        if not path.is_file() or sha256(path) != output.sha256:
            return TakenOver(None, f"{output.path} isn't as run {run} left it")
    return TakenOver(result)


def _ends(folder: Path) -> tuple[RunStarted | None, RunFinished | None]:
    """The first and the last event of a run, where they are whole."""
    try:
        lines = (folder / "events.jsonl").read_bytes().splitlines()
        first, last = decoded(lines[0], Event), _event(lines[-1])
    except (OSError, IndexError, msgspec.DecodeError):
        return None, None
    return (
        first if isinstance(first, RunStarted) else None,
        last if isinstance(last, RunFinished) else None,
    )


def _event(line: bytes) -> Event | None:
    try:
        return decoded(line, Event)  # type: ignore[no-any-return]
    except msgspec.DecodeError:  # the process died while it wrote it
        return None
