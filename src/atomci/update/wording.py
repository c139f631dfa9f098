"""Paths in the words of a message."""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["are", "some_of"]


def some_of(paths: Collection[str]) -> str:
    """The first five by name, and how many more there are."""
    names = sorted(paths)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def are(paths: Collection[str]) -> str:
    """The same with the verb that fits."""
    return f"{some_of(paths)} {'is' if len(paths) == 1 else 'are'}"
