"""The file that outlives the folders of runs: a line for each, bounded, and readable where one is torn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from atomci.artifacts.handed.trends import PastRun
from atomci.artifacts.json_text import json_of
from atomci.artifacts.printed.reported import RunReport
from atomci.decoding import decoded
from atomci.tools.atomic import replace_file
from atomci.tools.exclusive import exclusive

__all__ = ["appended", "past_run", "past_runs"]

# Of a thousand bytes a run, some thousand runs.
_LARGEST = 4_000_000
_FLAKY = 50


def past_run(report: RunReport) -> PastRun:
    """What is kept of a run that ended."""
    return PastRun(
        run=report.run,
        time=report.time,
        verdict=report.verdict,
        targets=report.targets,
        seconds=report.seconds,
        python=report.python,
        system=report.system,
        cores=os.cpu_count() or 1,
        event=report.event,
        atoms={
            atom.name: round(atom.ended - atom.began, 3)
            for atom in report.atoms
            if atom.began is not None and atom.ended is not None and _really_ran(atom.status, atom.cached)
        },
        tests=len(report.tests),
        flaky=tuple(test.nodeid for test in report.tests if test.flaky)[:_FLAKY],
        quarantined=dict(_quarantined(report)),
    )


def _quarantined(report: RunReport) -> Iterator[tuple[str, str]]:
    for test in [test for test in report.tests if test.quarantine][:_FLAKY]:
        yield test.nodeid, "flaky" if test.flaky else test.outcome


def _really_ran(status: str, cached: bool) -> bool:
    return not cached and status in ("pass", "fail")


def appended(file: Path, row: PastRun) -> None:
    """Add a run. Of a file that has grown too large the older half goes.

    Raises OSError, and InfrastructureError where another process holds the file for ten seconds.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(file.parent, f"another run is writing {file}"):
        line = json_of(row) + b"\n"
        if file.is_file() and file.stat().st_size + len(line) > _LARGEST:
            lines = file.read_bytes().splitlines(keepends=True)
            replace_file(file, b"".join(lines[len(lines) // 2 :]))
        with file.open("ab", buffering=0) as history:
            # What a full disk or a kill left of a line must not take the next one with it.
            history.write(line if _ends_whole(file) else b"\n" + line)


def _ends_whole(file: Path) -> bool:
    with file.open("rb") as history:
        size = history.seek(0, os.SEEK_END)
        if not size:
            return True
        history.seek(size - 1)
        return history.read() == b"\n"


def past_runs(file: Path) -> tuple[PastRun, ...]:
    """The runs that are kept, the oldest first, each once; a torn line is left out.

    Ids sort as runs were made, also where the clock was put back.
    """
    try:
        lines = file.read_bytes().splitlines()
    except OSError:
        return ()
    found: dict[str, PastRun] = {}
    for line in lines:
        try:
            row = decoded(line, PastRun)
        except msgspec.DecodeError:
            continue
        found[row.run] = row
    return tuple(sorted(found.values(), key=lambda row: row.run))
