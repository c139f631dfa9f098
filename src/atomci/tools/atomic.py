"""A file replaced as a whole or not at all, whenever the process is killed."""

from __future__ import annotations

import os
from pathlib import Path
from threading import get_ident

__all__ = ["replace_file"]


def replace_file(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Put content in place of path's; parents are made. `durable`: it is on the disk before that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
