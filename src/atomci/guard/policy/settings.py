"""`[tool.atomci.guard]`, read and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from atomci.guard.confinement.bounds import Caps, Network
from atomci.guard.policy.defaults import API_HOSTS
from atomci.project import Project
from atomci.tables import own_table, table_error

__all__ = ["GuardSettings", "caps_of", "hosts_of", "place_of", "read_guard"]

_SIZE = re.compile(r"(\d+)\s*(|k|m|g|t)b?", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(:\d{1,5})?")
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_HTTPS = 443
_SMALLEST_MEMORY = 64 * 1000**2


class GuardSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a guarded session may touch. Paths count from the project, or begin with `~/` or `/`."""

    writable: tuple[str, ...] = ()
    """What it may change besides the place that it works in."""
    protected: tuple[str, ...] = ()
    """What it may not change there."""
    hidden: tuple[str, ...] = ()
    """What it can't read, besides the keys and tokens that are known."""
    readable: tuple[str, ...] = ()
    """What it can, though it is hidden otherwise."""
    network: Network = "on"
    """`api`: for the hosts of models and those of `hosts` alone."""
    hosts: tuple[str, ...] = ()
    """As HOST or HOST:PORT; without a port, that of https."""
    sockets: bool = False
    """Whether it may speak to programs of this machine over their sockets, such as Docker or a database."""
    refused: tuple[str, ...] = ()
    """Programs, or a program and its first word (`git push`), that say no. It can get around that."""
    environment: tuple[str, ...] = ()
    """Variables that it gets though they look secret or lead to other programs; `*` stands for anything."""
    memory: str = "8 GB"
    """Of data, for each of its processes; "" for as much as there is."""
    file_size: str = "4 GB"
    processes: int = 2048
    """With their threads; 0 for no cap."""
    cpu: int = 0
    """Seconds of processor time for each of its processes; 0 for no cap."""
    kept_days: int = 30
    """How long the snapshots of sessions are kept."""


def read_guard(project: Project) -> GuardSettings:
    """`[tool.atomci.guard]`. Raises UsageError."""
    settings = own_table(project, "guard", GuardSettings)
    for key, problem, hint in _problems(settings):
        raise table_error(project, ("guard", key), problem, hint)
    return settings


def caps_of(settings: GuardSettings) -> Caps:
    """The caps, as numbers."""
    return Caps(
        memory=_bytes(settings.memory),
        file_size=_bytes(settings.file_size),
        processes=settings.processes or None,
        cpu=settings.cpu or None,
    )


def hosts_of(settings: GuardSettings) -> tuple[str, ...]:
    """The hosts that a network of `api` is open for, as HOST:PORT."""
    return tuple(
        (host if ":" in host else f"{host}:{_HTTPS}").lower() for host in (*API_HOSTS, *settings.hosts)
    )


def place_of(path: str, root: Path) -> Path:
    """What a path of the settings means."""
    return Path(path).expanduser() if path.startswith("~/") else root / path


def _problems(settings: GuardSettings) -> Iterator[tuple[str, str, str]]:
    yield from _of_caps(settings)
    for key in ("writable", "protected", "hidden", "readable"):
        for path in getattr(settings, key):
            for problem, hint in _of_path(path):
                yield key, problem, hint
    for path in settings.writable:
        if place_of(path, Path("/project")).resolve() in (Path("/"), Path.home().resolve()):
            yield "writable", f"{path!r} is all that there is to guard", "name the folders below it"
    for host in settings.hosts:
        if not _HOST.fullmatch(host):
            yield "hosts", f"not a host: {host!r}", 'such as hosts = ["pypi.org", "localhost:8080"]'
    for words in settings.refused:
        if not 1 <= len(words.split()) <= 2 or not all(map(_NAME.fullmatch, words.split())):
            yield "refused", f"not a program: {words!r}", 'such as refused = ["docker", "git push"]'


def _of_caps(settings: GuardSettings) -> Iterator[tuple[str, str, str]]:
    for key in ("memory", "file_size"):
        text = getattr(settings, key)
        if text and _bytes(text) is None:
            yield key, f"not a size: {text!r}", f'such as {key} = "4 GB"'
    memory = _bytes(settings.memory)
    if memory is not None and memory < _SMALLEST_MEMORY:
        yield "memory", "hardly a program starts with less than 64 MB", 'such as memory = "4 GB"'
    for key in ("processes", "cpu"):
        if getattr(settings, key) < 0:
            yield key, "give a whole number, or 0 for no cap", ""
    if settings.kept_days < 1:
        yield "kept_days", "snapshots are kept for a day at least", "kept_days = 30"


def _of_path(path: str) -> Iterator[tuple[str, str]]:
    if not path or (path.startswith("~") and not path.startswith("~/")):
        yield f"not a path: {path!r}", "from the project, or one that begins with ~/ or /"
    elif any(sign in path for sign in "*?["):
        yield f"{path!r} is a pattern, and a path is needed", "name the folder that holds them"


def _bytes(text: str) -> int | None:
    found = _SIZE.fullmatch(text.strip())
    return int(found[1]) * _UNITS[found[2].lower()] if found else None
