"""What the observer saw in the tests' processes, as names of what their result depends on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

import msgspec

__all__ = ["FOLDER_VARIABLE", "Seen", "seen"]

FOLDER_VARIABLE = "ATOMCI_OBSERVED"
"""Names the folder to the observer; spelt there once more, since it imports nothing of ours."""

# They open files in code that Python doesn't see.
_OPEN_FILES_THEMSELVES = {"cv2", "duckdb", "fiona", "h5py", "lxml", "netCDF4", "osgeo", "polars", "pyarrow"}
_OPEN_FILES_THEMSELVES |= {"pyogrio", "rasterio", "tables"}
_OF_THE_SYSTEM = ("/dev/", "/proc/", "/sys/", "/run/")


class _Raw(msgspec.Struct, frozen=True, kw_only=True):
    """One process's file, as observer.py writes it; times are ns."""

    started_at: int
    libraries: tuple[str, ...] = ()
    temporary: str
    compiled_to: str = ""
    read: tuple[str, ...]
    rewritten: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    listed: tuple[str, ...]
    searched: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    every_variable: bool = False
    programs: dict[str, str] = {}
    connections: dict[str, str] = {}
    modules: tuple[str, ...] = ()
    spawned: bool = False


@dataclass(frozen=True)
class Seen:
    """Paths are relative to the root where they lie below it, else absolute; all are POSIX.

    `variables` None stands for every one of them.
    """

    files: tuple[str, ...]
    folders: tuple[str, ...]
    searched: tuple[str, ...]
    """Folders where modules were looked for."""
    variables: tuple[str, ...] | None
    unseen: str = ""
    """Why they may have read more than was seen; empty when they can't have."""
    changed: tuple[str, ...] = ()
    """Files that they read and then changed."""
    outside: str = ""
    """What they asked beyond this machine's files, which no hash holds."""


def seen(folder: Path, root: Path) -> Seen | None:
    """All processes together; None when none left its notes."""
    try:
        raws = [msgspec.json.decode(file.read_bytes(), type=_Raw) for file in sorted(folder.glob("*.json"))]
    except (OSError, msgspec.MsgspecError):
        return None
    if not raws:
        return None
    changed = {path for raw in raws for path in _own(raw, root, _changed(raw))}
    files = {path for raw in raws for path in _own(raw, root, _sources(raw))} - changed
    files = {path for path in files if not (PurePath(path).is_absolute() and Path(path).is_dir())}
    folders = {path for raw in raws for path in _own(raw, root, raw.listed)}
    every = any(raw.every_variable or raw.programs or raw.spawned for raw in raws)
    return Seen(
        tuple(sorted(files)),
        tuple(sorted(folders)),
        tuple(sorted({path for raw in raws for path in _own(raw, root, raw.searched)})),
        None if every else tuple(sorted({name for raw in raws for name in raw.variables})),
        next(filter(None, map(_unseen, raws)), ""),
        tuple(sorted(changed)),
        next((_by(test, f"asks {what}") for raw in raws for what, test in raw.connections.items()), ""),
    )


def _unseen(raw: _Raw) -> str:
    for program, test in raw.programs.items():
        return _by(test, f"starts {program}")
    if raw.spawned:
        return "a test starts processes of its own"
    libraries = sorted(_OPEN_FILES_THEMSELVES.intersection(raw.modules))
    return f"{libraries[0]} opens files by itself" if libraries else ""


def _by(test: str, does: str) -> str:
    return f"{test or 'the collection'} {does}"


def _sources(raw: _Raw) -> Iterator[str]:
    """What was read; for a compiled module its source."""
    return (_source(path, raw.compiled_to) for path in (*raw.read, *raw.databases))


def _changed(raw: _Raw) -> Iterator[str]:
    """What was read before it was written, as far as one can tell."""
    yield from raw.rewritten
    yield from (path for path in raw.databases if _is_newer(path, raw.started_at))


def _source(path: str, compiled_to: str) -> str:
    compiled = PurePath(path)
    if compiled.suffix != ".pyc":
        return path
    name = f"{compiled.name.partition('.')[0]}.py"
    if compiled_to and compiled.is_relative_to(compiled_to):
        return str(PurePath(compiled.anchor) / compiled.relative_to(compiled_to).with_name(name))
    return str(compiled.parent.with_name(name)) if compiled.parent.name == "__pycache__" else path


def _own(raw: _Raw, root: Path, paths: Iterable[str]) -> Iterator[str]:
    """Those that aren't the interpreter's, the packages', the system's or the session's own."""
    top = os.path.normpath(root)
    for path in map(os.path.normpath, paths):
        if path == top or path.startswith(top + os.sep):
            relative = "." if path == top else PurePath(path).relative_to(top).as_posix()
            if not _is_below(path, raw.libraries):
                yield relative
        elif not (_is_below(path, raw.libraries) or path.startswith(_OF_THE_SYSTEM) or _passing(raw, path)):
            yield PurePath(path).as_posix()


def _is_below(path: str, tops: Iterable[str]) -> bool:
    return any(path == top or path.startswith(top + os.sep) for top in tops)


def _passing(raw: _Raw, path: str) -> bool:
    """Whether it is a temporary file or folder that the session made, or that many share."""
    if not _is_below(path, (os.path.normpath(raw.temporary),)):
        return False
    return not os.path.lexists(path) or _is_newer(path, raw.started_at)


def _is_newer(path: str, then: int) -> bool:
    try:
        found = Path(path).stat()
    except OSError:
        return False
    return max(found.st_mtime_ns, found.st_ctime_ns) > then
