"""Tools name files as they like; findings name them from the project's root."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["relative"]


def relative(path: str, root: Path) -> str:
    """POSIX and relative to root where it lies below it; else as given."""
    absolute = os.path.normpath(root / path)
    try:
        return Path(absolute).relative_to(root).as_posix()
    except ValueError:
        try:
            return Path(absolute).resolve().relative_to(root.resolve()).as_posix()
        except ValueError:
            return Path(path).as_posix()
