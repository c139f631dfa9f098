"""Symbolic links as git stores them."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["link_text"]


def link_text(link: Path) -> bytes:
    """Where a link leads, to the letter: a `Path` would drop the `./` of `./a` and the last slash of `a/`."""
    text = os.readlink(link)  # noqa: PTH115
    return os.fsencode(text.replace(os.sep, "/"))
