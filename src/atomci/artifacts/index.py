"""artifacts/index.json: every file that runs left, with size and digest."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from atomci.artifacts.handed.runs import ROOM, Index, IndexEntry
from atomci.artifacts.handed.trends import HISTORY
from atomci.artifacts.handles import PAGE, SUMMARY
from atomci.artifacts.store import sha256, write
from atomci.tools.exclusive import LOCK

__all__ = ["entries_at_the_end", "entries_of", "write_index"]

_AT_THE_END = (PAGE.path, SUMMARY.path, HISTORY, "artifacts/audit.jsonl")
Kind = Literal["log", "events", "report", "artifact", "diff"]
# What a killed process left of a file that it was replacing.
_PARTIAL = re.compile(r"\..+\.\d+-\d+")


def write_index(root: Path, run: str, entries: Sequence[IndexEntry]) -> None:
    """Write the list of the files under artifacts/. Raises OSError."""
    files = tuple(sorted(entries, key=lambda entry: Path(entry.path).parts))
    write(root / "artifacts/index.json", Index(run=run, files=files))


def entries_of(root: Path, run: str) -> list[IndexEntry]:
    """The files under artifacts/ but for other runs', the HTML report's pages and the run's own events."""
    return [_entry(root, path) for path in sorted(_files(root, run)) if (root / path).is_file()]


def _files(root: Path, run: str) -> Iterator[str]:
    """Without a look into the folders of other runs, of which there may be many."""
    for base, folders, files in os.walk(root / "artifacts"):
        place = Path(base).relative_to(root).as_posix()
        if place == "artifacts/runs":
            folders[:] = [name for name in folders if name == run]
        yield from (path for name in files if not _left_out(path := f"{place}/{name}", run))


def entries_at_the_end(root: Path, run: str) -> list[IndexEntry]:
    """What is whole only when the run is over: the log of its events, and what is made of them."""
    return [_entry(root, path) for path in (_events(run), *_AT_THE_END) if (root / path).is_file()]


def _entry(root: Path, path: str) -> IndexEntry:
    file = root / path
    return IndexEntry(path=path, kind=_kind(path), size=file.stat().st_size, sha256=sha256(file))


def _events(run: str) -> str:
    return f"artifacts/runs/{run}/events.jsonl"


def _left_out(path: str, run: str) -> bool:
    name = path.rpartition("/")[2]
    own = (
        path in ("artifacts/index.json", *_AT_THE_END, _events(run))
        or name in (ROOM, LOCK)
        or _PARTIAL.fullmatch(name)
    )
    other_run = path.startswith("artifacts/runs/") and not path.startswith(f"artifacts/runs/{run}/")
    page = path.startswith("artifacts/reports/htmlcov/") and not path.endswith("/index.html")
    return bool(own or other_run or page)


def _kind(path: str) -> Kind:
    if path.endswith(".log"):
        return "log"
    if path.endswith("events.jsonl"):
        return "events"
    if path.endswith((".patch", ".diff")):
        return "diff"
    return "report" if path == PAGE.path or path.startswith("artifacts/reports/") else "artifact"
