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
    """Wrong words: an unknown target, a bad answer, a bad table."""

    exit_code = 2


class InfrastructureError(AtomciError):
    """The surroundings broke: a missing tool, no network, a full disk."""

    exit_code = 3


class RefusedError(AtomciError):
    """A policy says no."""

    exit_code = 4
