"""What is installed on sys.path, by the folders that tell of it: importlib.metadata takes longer to import
than most commands to run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

__all__ = ["info_folders", "own_version"]


def info_folders(search: Sequence[str]) -> Iterator[Path]:
    """`NAME-VERSION.dist-info` and `NAME.egg-info` folders, in the order in which Python searches."""
    for folder in search:
        try:
            with os.scandir(folder or ".") as entries:
                found = sorted(entry.path for entry in entries if entry.name.endswith("-info"))
        except OSError:  # a zip file, or nothing
            continue
        yield from map(Path, found)


@cache
def own_version() -> str:
    """The version of atomci that runs."""
    for folder in info_folders(sys.path):
        name, _, version = folder.name.removesuffix(".dist-info").partition("-")
        if name == "atomci" and version:
            return version
    from importlib.metadata import version as told

    return told("atomci")
