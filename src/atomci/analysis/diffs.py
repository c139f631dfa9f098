"""Where a formatter would begin to change a file, told from its diff."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from atomci.analysis.paths import relative

__all__ = ["Change", "first_changes"]

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
# A form feed or U+2028 ends no line; a lone carriage return does, for both formatters.
_LINE_END = re.compile(r"\r\n|\r|\n")
_CELL = re.compile(r"(.+):(cell[ _]\d+)")


class Change(NamedTuple):
    """The first line of a file that would change; of a notebook, the line of a cell."""

    line: int
    cell: str = ""

    @property
    def where(self) -> str:
        """The cell, to put behind a message."""
        return f" ({self.cell})" if self.cell else ""


def first_changes(diff: str, root: Path) -> dict[str, Change]:
    """The first change of each file of a unified diff, by path; lines are those of the file as it is."""
    found: dict[str, Change] = {}
    path, cell, line, old, new = "", "", 0, 0, 0
    for text in _LINE_END.split(diff):
        if old <= 0 and new <= 0:
            if text.startswith("--- "):
                path, cell = _file_and_cell(relative(text[4:].rsplit("\t", 1)[0], root))
            elif match := _HUNK.match(text):
                line, old, new = int(match[1]), int(match[2] or 1), int(match[3] or 1)
        elif text.startswith(("-", "+")):
            found.setdefault(path, Change(max(line, 1), cell))
            old -= text[0] == "-"
            new -= text[0] == "+"
        elif not text.startswith("\\"):
            line, old, new = line + 1, old - 1, new - 1
    return found


def _file_and_cell(path: str) -> tuple[str, str]:
    match = _CELL.fullmatch(path)
    return (match[1], match[2]) if match else (path, "")
