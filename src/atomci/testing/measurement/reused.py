"""Adds lines of earlier runs to a file of coverage's data, and tells which lines there nobody noted.

`python -m atomci.testing.measurement.reused DATA FILE`: the file is JSON with `noted` and `added`, both marks
by file (line_record.py). It runs in the project's environment; it needs the standard library and coverage,
nothing else.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coverage import CoverageData

__all__ = ["main"]


def main(words: list[str]) -> int:
    """One line of JSON: what of the data isn't noted, by file; files that some plugin of coverage traced."""
    place, given = words
    asked: dict[str, dict[str, list[list[int]]]] = json.loads(Path(given).read_text(encoding="utf-8"))
    data = CoverageData(place)
    data.read()
    names = {_own(name): name for name in data.measured_files()}
    noted = {file: {tuple(mark) for mark in marks} for file, marks in asked["noted"].items()}
    unnoted = {
        file: [list(mark) for mark in _marks(data, name) if mark not in noted.get(file, ())]
        for file, name in names.items()
    }
    traced = [file for file, name in names.items() if data.file_tracer(name)]
    if added := asked["added"]:
        _add(data, {names.get(file, _named(file, names)): marks for file, marks in added.items()})
        data.write()
    sys.stdout.write(
        json.dumps({"unnoted": {file: rows for file, rows in unnoted.items() if rows}, "traced": traced})
    )
    return 0


def _add(data: CoverageData, added: dict[str, list[list[int]]]) -> None:
    arcs = any(len(mark) > 1 for marks in added.values() for mark in marks)
    if arcs:
        data.add_arcs({name: [(mark[0], mark[1]) for mark in marks] for name, marks in added.items()})
    else:
        data.add_lines({name: [mark[0] for mark in marks] for name, marks in added.items()})


def _marks(data: CoverageData, name: str) -> Iterator[tuple[int, ...]]:
    if data.has_arcs():
        yield from data.arcs(name) or ()
    else:
        yield from ((line,) for line in data.lines(name) or ())


def _own(name: str) -> str:
    return os.path.relpath(os.path.realpath(name), os.path.realpath(os.curdir)).replace(os.sep, "/")


def _named(file: str, names: dict[str, Any]) -> str:
    """As the other files of the data are named: from the folder, or from the root of all."""
    relative = any(not Path(name).is_absolute() for name in names.values())
    return file.replace("/", os.sep) if relative else os.path.realpath(file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
