"""Long lines at a terminal: broken between words, with what follows set in."""

from __future__ import annotations

import re
import shutil
import sys

__all__ = ["fits", "folded", "is_narrow"]

_NARROWEST = 40
_COLUMNS_FIT = 80
# Cells are apart by two spaces and more.
_CELL = re.compile(r"\s*\S+(?:\s\S+)*")
_WORD = re.compile(r"(\s*)(\S+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def is_narrow() -> bool:
    """Whether a terminal has no room for columns."""
    return sys.stdout.isatty() and shutil.get_terminal_size().columns < _COLUMNS_FIT


def fits(line: str) -> bool:
    """Whether the line stays one: at a terminal as wide, and wherever there is none."""
    return not sys.stdout.isatty() or _length(line) <= shutil.get_terminal_size().columns


def folded(line: str, hang: int = 8) -> str:
    """The line as several where the terminal is narrower; as it is where standard output is no terminal.

    It breaks between columns, or else between words. No word is broken, so paths and addresses can be copied.
    Not for a command to paste, nor for a finding, which editors read from their terminal: such a line must
    stay one, and the terminal breaks it without a trace.
    """
    width = shutil.get_terminal_size().columns
    if width < _NARROWEST or fits(line):
        return line
    rows, row = list[str](), ""
    for cell in _CELL.finditer(line):
        if row and _length(row + cell[0]) > width:
            rows.append(row)
            row = ""
        for gap, word in _WORD.findall(cell[0]):
            if row and _length(row + gap + word) > width:
                rows.append(row)
                row = ""
            begins = gap if not rows else " " * hang
            row += gap + word if row else begins + word
    return "\n".join([*rows, row])


def _length(text: str) -> int:
    return len(_COLOUR.sub("", text))
