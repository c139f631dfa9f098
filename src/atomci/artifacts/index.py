"""artifacts/index.json: every file that runs left, with size and digest."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from atomci.artifacts.runs import Index, IndexEntry
from atomci.artifacts.store import sha256, write

__all__ = ["write_index"]

Kind = Literal["log", "events", "report", "artifact", "diff"]


def write_index(root: Path, run: str) -> None:
    """List the files under artifacts/ but for those of other runs and the HTML report's pages."""
    folder = root / "artifacts"
    entries = []
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(root).as_posix()
        if not file.is_file() or relative == "artifacts/index.json" or _elsewhere(relative, run):
            continue
        size = file.stat().st_size
        entries.append(IndexEntry(path=relative, kind=_kind(relative), size=size, sha256=sha256(file)))
    write(folder / "index.json", Index(run=run, files=tuple(entries)))


def _elsewhere(path: str, run: str) -> bool:
    other_run = path.startswith("artifacts/runs/") and not path.startswith(f"artifacts/runs/{run}/")
    page = path.startswith("artifacts/reports/htmlcov/") and not path.endswith("/index.html")
    return other_run or page


def _kind(path: str) -> Kind:
    if path.endswith(".log"):
        return "log"
    if path.endswith("events.jsonl"):
        return "events"
    if path.endswith((".patch", ".diff")):
        return "diff"
    return "report" if path.startswith("artifacts/reports/") else "artifact"
