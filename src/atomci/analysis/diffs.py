"""Where a formatter would begin to change a file, told from its diff."""

from __future__ import annotations

import re
from pathlib import Path

from atomci.analysis.paths import relative

__all__ = ["first_changes"]

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")


def first_changes(diff: str, root: Path) -> dict[str, int]:
    """The first line that a unified diff changes, by path; lines are those of the file as it is."""
    found: dict[str, int] = {}
    path, line, old, new = "", 0, 0, 0
    for text in diff.split("\n"):  # a form feed doesn't end a line
        if old <= 0 and new <= 0:
            if text.startswith("--- "):
                path = relative(text[4:].rsplit("\t", 1)[0].rstrip("\r"), root)
            elif match := _HUNK.match(text):
                line, old, new = int(match[1]), int(match[2] or 1), int(match[3] or 1)
        elif text.startswith(("-", "+")):
            found.setdefault(path, max(line, 1))
            old -= text[0] == "-"
            new -= text[0] == "+"
        elif not text.startswith("\\"):
            line, old, new = line + 1, old - 1, new - 1
    return found
