"""That a back-end confined a program in a trial, kept with all that this was seen to depend on.

It only spares the trial: each program is started by a shell that first tries to write outside, within the
very bounds of the session, and starts nothing where it can.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from atomci.guard.confinement.bounds import Backend, Bounds
from atomci.tools.atomic import replace_file

__all__ = ["Remembered", "can_prove", "dependencies", "proving"]

_PROOF = "within"
_OUTSIDE = "outside"
_FIRST = (
    'if (echo touched > "$2") 2>/dev/null; then echo "atomci guard: nothing was started, since it could write'
    ' outside" >&2; exit 126; fi; echo within > "$1" || exit 126; shift 2; exec "$@"'
)
_SETTINGS = (
    "kernel/unprivileged_userns_clone",
    "kernel/apparmor_restrict_unprivileged_userns",
    "user/max_user_namespaces",
)


def proving(bounds: Bounds, argv: tuple[str, ...]) -> tuple[str, ...]:
    """The words that start a program once it is proven that it can't write beside its scratch folder.

    Raises OSError where nothing can be put there.
    """
    outside = bounds.scratch.parent / _OUTSIDE
    if not can_prove(bounds):
        return argv
    outside.write_text("untouched\n", encoding="utf-8")
    return ("/bin/sh", "-c", _FIRST, "sh", str(bounds.scratch / _PROOF), str(outside), *argv)


def can_prove(bounds: Bounds) -> bool:
    """Whether what lies beside the scratch folder is outside: not where a setting makes it writable."""
    return not any(bounds.scratch.parent.is_relative_to(path) for path in bounds.writable)


def dependencies(backend: Backend, bounds: Bounds, cwd: Path) -> str:
    """A digest of what a trial depends on: kernel and its settings, the user, programs, bounds."""
    if sys.platform == "win32":
        return ""
    words = "\0".join(backend.confined(bounds, (), cwd))
    programs = [backend.program(), sys.executable, __file__]
    system = os.uname()
    told = (
        backend.NAME, system.release, system.version, system.machine, str(os.getuid()), str(os.getgroups()),
        *(_setting(name) for name in _SETTINGS), *map(_state, programs),
        words.replace(str(bounds.scratch.parent), "@"),
    )  # fmt: skip
    return hashlib.sha256("\0".join(told).encode("utf-8", "surrogateescape")).hexdigest()


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text(encoding="utf-8")
    except OSError:
        return ""


def _state(program: str) -> str:
    try:
        found = Path(program).stat()
    except OSError:
        return program
    return f"{program} {found.st_size} {found.st_mtime_ns} {found.st_ino} {found.st_mode}"


@dataclass(frozen=True)
class Remembered:
    """The digest of the last trial that went well, in a file that needn't be writable."""

    path: Path

    def holds(self, digest: str) -> bool:
        """Whether nothing has changed since."""
        try:
            return bool(digest) and self.path.read_text(encoding="utf-8").strip() == digest
        except (OSError, ValueError):
            return False

    def keep(self, digest: str) -> None:
        """From now on that is it."""
        with contextlib.suppress(OSError):
            replace_file(self.path, f"{digest}\n".encode())

    def doubt(self, scratch: Path) -> None:
        """Forget it, where a session's program left no sign that it was started within its bounds."""
        if not (scratch / _PROOF).exists():
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
