"""Runs in the audit log: an entry for each that ends, and whether the log and what the runs left agree."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import DecodeError

from atomci.artifacts.handed.manifests import MANIFEST, Manifest
from atomci.artifacts.handed.runs import Event, RunFinished, RunStarted
from atomci.artifacts.store import ArtifactError, read_if_there
from atomci.audit.chain import Chain
from atomci.audit.log import append
from atomci.audit.people import who
from atomci.decoding import decoded
from atomci.errors import AtomciError
from atomci.project import Project

__all__ = ["KIND", "disagreements", "logged_at_the_end"]

KIND = "run"
_EVENTS = "events.jsonl"


def logged_at_the_end(
    project: Project, clean: Callable[[str], str], told: Callable[[str], None]
) -> Callable[[Event], None]:
    """A listener that adds a run's entry when the run is over; `clean` takes secrets out of what was typed.

    A log that can't be written changes no verdict: `told` is given the reason.
    """
    started: RunStarted | None = None

    def listen(event: Event) -> None:
        nonlocal started
        if isinstance(event, RunStarted):
            started = event
        elif isinstance(event, RunFinished) and started is not None:
            try:
                append(project.root / "artifacts", _entry(project, started, event, clean))
            except Exception as error:  # whatever it is, the run's own verdict stands
                if event.exit_code != 3:  # where the run itself tells what went wrong
                    known = isinstance(error, AtomciError)
                    told(str(error) if known else f"the audit log has no entry of this run: {error}")

    return listen


def disagreements(root: Path, chain: Chain) -> Iterator[str]:
    """Runs that are still there and that the log doesn't know, or knows with other events.

    A run that goes on, or was killed, has no entry and isn't over in its own log either.
    """
    entries = {entry["run"]: entry for entry in chain.entries if entry and entry.get("what") == KIND}
    folder = root / "artifacts" / "runs"
    first = min(entries, default=None)
    for run in sorted(path.name for path in folder.iterdir()) if folder.is_dir() else ():
        log = folder / run / _EVENTS
        ended = _end_of(log) if log.is_file() else None
        if ended is None:
            continue
        entry = entries.get(run)
        if entry is None and first is not None and run >= first:
            yield f"artifacts/runs/{run} is over, and the audit log has no entry of it"
        elif entry is not None and entry.get("events") != _digest(log):
            yield f"artifacts/runs/{run}/{_EVENTS} isn't as it was when the run ended"
        elif entry is not None and (entry.get("exit"), entry.get("verdict")) != ended:
            yield f"the entry of {run} says exit {entry.get('exit')}, and the run ended with {ended[0]}"


def _entry(
    project: Project, started: RunStarted, finished: RunFinished, clean: Callable[[str], str]
) -> dict[str, Any]:
    folder = project.root / "artifacts" / "runs" / started.run
    manifest = _manifest(folder)
    overrides = {atom: clean(text) for atom, text in sorted(finished.overridden.items())}
    return {
        "what": KIND,
        "run": started.run,
        "words": [clean(word) for word in started.words],
        "targets": [clean(target) for target in started.targets],
        "trigger": started.trigger,
        "exit": finished.exit_code,
        "verdict": finished.verdict,
        "ms": round(finished.seconds * 1000),
        "counts": finished.counts,
        "overridden": overrides,
        "commit": (manifest.commit if manifest else None) or "",
        "uncommitted": len((manifest.uncommitted if manifest else None) or ()),
        "atomci": started.version,
        "python": started.python,
        "system": started.system,
        "events": _digest(folder / _EVENTS),
        "manifest": _digest(folder / MANIFEST),
        "who": who(project.git, os.environ),
    }


def _manifest(folder: Path) -> Manifest | None:
    try:
        return read_if_there(folder / MANIFEST, Manifest)
    except ArtifactError:
        return None


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _end_of(log: Path) -> tuple[int, str] | None:
    """Exit code and verdict of the last event, if that is the end: a killed run has none."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - (1 << 16)))
        last = file.read().rstrip(b"\0 \n").rpartition(b"\n")[2]
    try:
        ended = decoded(last, RunFinished)
    except DecodeError:
        return None
    return ended.exit_code, ended.verdict
