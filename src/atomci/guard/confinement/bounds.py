"""What a program may touch, and what became of that wish on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

__all__ = ["LEVELS", "Backend", "Bounds", "Caps", "Confined", "Level", "Network"]

Network = Literal["on", "off", "api"]
Level = Literal["os-strict", "os-fs", "detect"]

LEVELS: tuple[Level, ...] = ("os-strict", "os-fs", "detect")
"""From what stops most: files, processes and sockets; files; nothing, so that harm can only be seen."""


@dataclass(frozen=True, kw_only=True)
class Caps:
    """The most that a program may take; None is no cap.

    `memory` in bytes of data, for each process; `cpu` in seconds of processor time, for each process;
    `processes` with their threads; `file_size` in bytes, for each file.
    """

    memory: int | None = None
    cpu: int | None = None
    processes: int | None = None
    file_size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a program may touch. Everything that isn't hidden can be read; nothing else can be written.

    `writable`: files and folders. `protected`: what lies in a writable folder and still can't be written.
    `hidden`: what can't be read, with all below it. `readable`: what can, though it lies in a hidden folder.
    `scratch`: an existing folder for temporary files; it is writable, and /tmp where the back-end can give
    one of its own. `hosts`: as HOST:PORT, those that a network of `api` is open for. `environment` is all
    that the program gets. `sockets`: whether it may speak to other programs over sockets of this machine,
    such as those of Docker or an ssh agent. `terminal`: a person types to it.
    """

    writable: tuple[Path, ...]
    scratch: Path
    protected: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    network: Network = "on"
    hosts: tuple[str, ...] = ()
    sockets: bool = False
    terminal: bool = False
    caps: Caps = field(default_factory=Caps)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Confined:
    """A program as it is to be started, and what stops it then.

    `gaps` says, one sentence each, which of the bounds nothing enforces.
    """

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    backend: str
    level: Level
    gaps: tuple[str, ...] = ()


class Backend(Protocol):
    """One way to confine a program; a module with these names is one."""

    NAME: str
    LEVEL: Level
    NAMES_HOSTS: bool
    """Whether it can open the network for some hosts alone."""

    def missing(self) -> str:
        """Why it can't be tried here at all; empty where it can."""

    def program(self) -> str:
        """The path of the program that does it; empty where the system itself does."""

    def confined(self, bounds: Bounds, argv: tuple[str, ...], cwd: Path) -> tuple[str, ...]:
        """The words that start the program within its bounds."""

    def gaps(self, bounds: Bounds) -> tuple[str, ...]:
        """Which of the bounds it can't enforce."""
