"""Errors that people can cause. Each knows its exit code and what to type next."""

from __future__ import annotations

__all__ = ["AtomciError", "InfrastructureError", "RefusedError", "UsageError"]


class AtomciError(Exception):
    """Printed without a traceback as `error: MESSAGE`, then `  HINT` when there is one."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AtomciError):
    """A mistake in the command or a table: an unknown target, a bad answer, an unknown key."""

    exit_code = 2


class InfrastructureError(AtomciError):
    """A tool or this machine failed: a missing program, no network, a full disk."""

    exit_code = 3


class RefusedError(AtomciError):
    """atomci could do it and doesn't: it would lose work, run untrusted code or undo what others did."""

    exit_code = 4
