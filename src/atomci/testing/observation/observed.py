"""What the observer saw in the tests' processes, as names of what their result depends on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import msgspec

from atomci.decoding import decoded
from atomci.testing.observation.compiled import CONNECT_THEMSELVES, LEAVE_FILES_ALONE, OPEN_FILES_THEMSELVES

__all__ = ["FOLDER_VARIABLE", "Seen", "seen", "unknown_compiled"]

FOLDER_VARIABLE = "ATOMCI_OBSERVED"
"""Names the folder to the observer; spelt there once more, since it imports nothing of ours."""

_OF_THE_SYSTEM = ("/dev/", "/proc/", "/sys/", "/run/")


class _Raw(msgspec.Struct, frozen=True, kw_only=True):
    """One process's file, as observer.py writes it; times are ns."""

    started_at: int
    libraries: tuple[str, ...] = ()
    standard: tuple[str, ...] = ()
    temporary: str
    compiled_to: str = ""
    read: tuple[str, ...]
    texts: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()
    wrote: dict[str, str] = {}
    databases: tuple[str, ...] = ()
    listed: tuple[str, ...]
    searched: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    every_variable: bool = False
    programs: dict[str, str] = {}
    connections: dict[str, str] = {}
    loaded: dict[str, str] = {}
    modules: tuple[str, ...] = ()
    compiled: dict[str, str] = {}
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
    texts: tuple[str, ...] = ()
    """Files that were opened, and not to import them."""
    states: tuple[str, ...] = ()
    """Files of which more than the content may count: times, owner, links."""
    programs: bool = False
    """Whether they started any."""
    wrote: Mapping[str, str] = field(default_factory=dict)
    """Files that they may have changed in any way, each with the test that did it first."""
    changed: tuple[str, ...] = ()
    """Files that they read and then changed."""
    outside: str = ""
    """What they asked beyond this machine's files, which no hash holds."""


def seen(folder: Path, root: Path) -> Seen | None:
    """All processes together; None when none left its notes."""
    try:
        raws = [decoded(file.read_bytes(), _Raw) for file in sorted(folder.glob("*.json"))]
    except (OSError, msgspec.DecodeError):
        return None
    if not raws:
        return None
    changed = {path for raw in raws for path in _own(raw, root, _changed(raw))}
    entries = {entry for raw in raws for entry in _own(raw, root, _entries(raw))}
    files = {path for raw in raws for path in _own(raw, root, _sources(raw))} - changed
    files = {path for path in files if not (PurePath(path).is_absolute() and Path(path).is_dir())}
    folders = {path for raw in raws for path in _own(raw, root, raw.listed)}
    states = {path for raw in raws for path in _own(raw, root, raw.states)} | entries
    unseen = next(filter(None, (_unseen(raw, root) for raw in raws)), "")
    blind = any(raw.programs or raw.spawned or raw.loaded or _early(raw, root) for raw in raws)
    return Seen(
        tuple(sorted(files | (entries - changed))),
        tuple(sorted(folders)),
        tuple(sorted({path for raw in raws for path in _own(raw, root, raw.searched)})),
        None if blind or any(raw.every_variable for raw in raws) else _variables(raws),
        unseen,
        tuple(sorted({path for raw in raws for path in _own(raw, root, raw.texts)} - changed)),
        tuple(sorted(states - changed)),
        any(raw.programs for raw in raws),
        {
            path: test or "the collection"
            for raw in raws
            for place, test in raw.wrote.items()
            for path in _own(raw, root, [place])
        },
        tuple(sorted(changed)),
        next(filter(None, map(_outside, raws)), ""),
    )


def _variables(raws: Iterable[_Raw]) -> tuple[str, ...]:
    return tuple(sorted({name for raw in raws for name in raw.variables}))


def _unseen(raw: _Raw, root: Path) -> str:
    for program, test in raw.programs.items():
        return _by(test, f"starts {program}")
    if raw.spawned:
        return "a test starts processes of its own"
    for library, test in raw.loaded.items():
        return _by(test, f"calls {library} by ctypes")
    for file in _early(raw, root):
        return f"{file} was imported before anything could be seen"
    opening = unknown_compiled(raw.compiled, raw.standard, raw.modules)
    return f"{min(opening)} may open files by itself" if opening else ""


def unknown_compiled(
    compiled: Mapping[str, str], standard: Iterable[str], modules: Iterable[str]
) -> frozenset[str]:
    """Packages that may open files unseen: of those that are `compiled`, by their files, the ones that aren't
    Python's own (`standard` are its folders) and of which nothing is known.
    """
    standard = tuple(standard)
    found = set(OPEN_FILES_THEMSELVES.intersection(modules))
    for file, package in compiled.items():
        of_python = _is_below(file, standard) and "site-packages" not in PurePath(file).parts
        if not (of_python or "__mypyc" in package or package in LEAVE_FILES_ALONE):
            found.add(package)
    return frozenset(found)


def _outside(raw: _Raw) -> str:
    for what, test in raw.connections.items():
        return _by(test, f"asks {what}")
    connecting = CONNECT_THEMSELVES.intersection(raw.compiled.values())
    return f"{min(connecting)} connects by itself" if connecting else ""


def _early(raw: _Raw, root: Path) -> tuple[str, ...]:
    return tuple(_own(raw, root, raw.early))


def _by(test: str, does: str) -> str:
    return f"{test or 'the collection'} {does}"


def _sources(raw: _Raw) -> Iterator[str]:
    """What was read; for a compiled module its source."""
    return (_source(path, raw.compiled_to) for path in (*raw.read, *raw.imported, *raw.databases))


def _entries(raw: _Raw) -> Iterator[str]:
    """What the folders hold whose entries may have been asked for their states."""
    for folder in raw.entries:
        try:
            yield from (entry.path for entry in os.scandir(folder))
        except OSError:
            continue


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
    if not os.path.lexists(path):  # it was never there where the session left the folder alone
        path = str(PurePath(path).parent)
    return not os.path.lexists(path) or _is_newer(path, raw.started_at)


def _is_newer(path: str, then: int) -> bool:
    try:
        found = Path(path).stat()
    except OSError:
        return False
    return max(found.st_mtime_ns, found.st_ctime_ns) > then
