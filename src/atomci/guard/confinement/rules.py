"""What the launcher is told: limits, capabilities, Landlock and the filter, as the words that start it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from atomci.guard.confinement.bounds import Bounds, Caps

__all__ = ["OWN_PROGRAM", "families", "is_root", "launched", "limits"]

_LAUNCHER = Path(__file__).with_name("launcher.py")
OWN_PROGRAM = (Path(sys.base_prefix), Path(sys.prefix), _LAUNCHER.parent)
"""What the launcher needs to see where it runs inside."""
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16


def launched(argv: tuple[str, ...], **rules: Iterable[object]) -> tuple[str, ...]:
    """The words that start a program through the launcher; a rule without a value has an empty one."""
    told = (f"{name}={value}" for name, values in rules.items() for value in values)
    return (sys.executable, "-IS", str(_LAUNCHER), *told, "--", *argv)


def limits(caps: Caps, *, processes: bool) -> list[str]:
    """The limits of the system as NAME:NUMBER, by the names of theirs without RLIMIT_.

    Not RLIMIT_AS: Node reserves more than it ever uses, and doesn't start with a limit of 8 GB.
    """
    asked = {
        "CORE": 0,
        "DATA": caps.memory,
        "CPU": caps.cpu,
        "FSIZE": caps.file_size,
        "NPROC": caps.processes if processes and sys.platform == "linux" else None,
    }
    return [f"{name}:{value}" for name, value in asked.items() if value is not None]


def families(bounds: Bounds, *, sockets: bool) -> list[int]:
    """The families of sockets that may be opened; pairs of connected ones always may."""
    network = [] if bounds.network == "off" else [_INET, _INET6]
    return [*([_UNIX] if sockets else []), *network, _NETLINK]


def is_root() -> bool:
    """Whether the number of processes isn't counted, since it is root that runs them."""
    return sys.platform != "win32" and os.getuid() == 0
