"""sandbox-exec of macOS: a profile in which the last rule that fits decides."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from atomci.guard.confinement.bounds import Bounds, Level
from atomci.guard.confinement.rules import launched, limits

__all__ = ["LEVEL", "NAME", "NAMES_HOSTS", "confined", "gaps", "missing", "profile"]

NAME = "sandbox-exec"
LEVEL: Level = "os-fs"
NAMES_HOSTS = False

_PROGRAM = "/usr/bin/sandbox-exec"
_DEVICES = ("null", "zero", "tty", "ptmx", "dtracehelper")
_RESOLVER = "/private/var/run/mDNSResponder"
"""Where programs ask for the addresses of names."""


def missing() -> str:
    """Why it can't be tried."""
    if sys.platform != "darwin":
        return "sandbox-exec is for macOS"
    return "" if shutil.which(_PROGRAM) else "sandbox-exec isn't there"


def program() -> str:
    """It comes with the system."""
    return _PROGRAM


def confined(bounds: Bounds, argv: tuple[str, ...], cwd: Path) -> tuple[str, ...]:
    """The words."""
    return launched((_PROGRAM, "-p", profile(bounds), *argv), limit=limits(bounds.caps, processes=True))


def gaps(bounds: Bounds) -> tuple[str, ...]:
    """What remains."""
    return ("the machine's temporary folders aren't the program's own, though it can't write there",)


def profile(bounds: Bounds) -> str:
    """The rules, as sandbox-exec reads them."""
    lines = [
        "(version 1)",
        "(allow default)",
        "(deny file-write*)",
        *_rule("allow file-write*", (*bounds.writable, bounds.scratch)),
        f"(allow file-write* {' '.join(_literal(f'/dev/{name}') for name in _DEVICES)} "
        '(regex #"^/dev/ttys[0-9]+$"))',
        *_rule("deny file-write*", bounds.protected),
        *_rule("deny file-read*", bounds.hidden),
        *_rule("allow file-read*", bounds.readable),
    ]
    if bounds.network == "off":
        lines.append("(deny network*)")
    elif not bounds.sockets:
        # Connecting to a socket is no operation on a file, so no rule about files is asked.
        lines.append('(deny network-outbound (remote unix-socket (subpath "/")))')
        lines.append(f"(allow network-outbound (remote unix-socket (path-literal {_text(_RESOLVER)})))")
    return "\n".join(lines)


def _rule(what: str, paths: Iterable[Path]) -> list[str]:
    places = [f"(subpath {_text(str(path))})" for path in paths]
    return [f"({what} {' '.join(places)})"] if places else []


def _literal(path: str) -> str:
    return f"(literal {_text(path)})"


def _text(words: str) -> str:
    """A path in quotes."""
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'
