"""The Python and the packages that a project's tools run with, and what of it lies outside."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from atomci.project import Project

__all__ = ["fingerprint", "installed_files", "linked", "of_the_process", "packages", "python_version"]

_SITE = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
# An installation writes these last; who made it, and from where, stands in the second.
_OF_A_PACKAGE = ("RECORD", "direct_url.json")


def fingerprint(project: Project) -> str:
    """A hash of the interpreter and of all that is installed beside it, in hex.

    An installation makes and removes folders, so that the times of the folders above tell of it.
    """
    home = project.environment
    places = [home / "pyvenv.cfg", Path(project.python), *sorted(home.glob(_SITE))]
    return _hash_of(home, project.python, tuple(map(_time_of, places)))


@lru_cache(maxsize=4)
def _hash_of(home: Path, python: str, times: tuple[int, ...]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for line in _lines(home, python):
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def linked(project: Project) -> tuple[Path, ...]:
    """Folders outside the root that the environment imports from, such as a package installed editable."""
    root = project.root.resolve()
    found = []
    for file in sorted(path for site in project.environment.glob(_SITE) for path in site.glob("*.pth")):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            folder = Path(line.strip())
            if line.strip() and folder.is_absolute() and folder.is_dir():
                place = folder.resolve()
                if not place.is_relative_to(root) and not root.is_relative_to(place):
                    found.append(place)
    return tuple(dict.fromkeys(found))


def packages(project: Project) -> list[str]:
    """The packages that are installed, each with its version, as `NAME-VERSION`."""
    found = (entry.stem for site in project.environment.glob(_SITE) for entry in site.glob("*.dist-info"))
    return sorted(found)


def python_version(project: Project) -> str:
    """The version of the environment's Python, as its pyvenv.cfg names it; empty where nothing names it."""
    if project.environment == Path(sys.prefix):
        return platform.python_version()
    named = re.search(
        r"^version(?:_info)?\s*=\s*(\S+)", _text(project.environment / "pyvenv.cfg"), re.MULTILINE
    )
    return named[1] if named else ""


def _lines(home: Path, interpreter: str) -> Iterator[str]:
    python = Path(os.path.realpath(interpreter))
    found = python.stat() if python.is_file() else None
    yield f"{python} {found.st_size} {found.st_mtime_ns}" if found else "no interpreter"
    yield _text(home / "pyvenv.cfg")
    for site in sorted(home.glob(_SITE)):
        yield site.relative_to(home).as_posix()
        for entry in sorted(site.iterdir()):
            if entry.suffix == ".dist-info":
                yield "\0".join((entry.name, *(_text(entry / name) for name in _OF_A_PACKAGE)))
            elif entry.suffix in (".pth", ".egg-link"):
                yield f"{entry.name}\0{_text(entry)}"
        yield from sorted(installed_files(str(site)))


def installed_files(folder: str) -> Iterator[str]:
    """What is imported from there, by size and time: somebody may edit it, or put more beside it."""
    queue = [folder]
    while queue:
        with os.scandir(queue.pop()) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        queue.append(entry.path)
                elif not entry.name.endswith(".pyc"):
                    at = entry.stat(follow_symlinks=False)
                    yield f"{entry.path[len(folder) :]} {at.st_size} {at.st_mtime_ns}"


def of_the_process() -> str:
    """Whose the processes are, which rights new files have, and how much of the system they may use."""
    if sys.platform == "win32":
        return ""
    import resource

    limits = {
        name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name[:7] == "RLIMIT_"
    }
    return f"{os.getuid()} {os.getgroups()} {_umask():o} {os.cpu_count()} {sorted(limits.items())}"


def _umask() -> int:
    """Linux tells it; elsewhere one has to set it, which other threads feel, so that it is done once."""
    told = re.search(r"^Umask:\s*(\d+)", _text(Path("/proc/self/status")), re.MULTILINE)
    return int(told[1], 8) if told else _set_umask()


@lru_cache(maxsize=1)
def _set_umask() -> int:
    os.umask(found := os.umask(0o077))
    return found


def _time_of(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
