"""Under which names of the project's files a path that somebody used may change."""

from __future__ import annotations

import os
from collections.abc import Iterator

__all__ = ["Places"]

_HOPS = 40
"""So many links are followed, as Linux does."""


class Places:
    """Of a project whose root's absolute path is `start`, with or without a separator at its end."""

    def __init__(self, start: str) -> None:
        self._top = os.path.normpath(start)
        self._links: dict[str, str | None] = {}

    def of(self, path: str) -> frozenset[str]:
        """From the root: the file itself, and each link on the way to it, as they are now; none for what is
        outside. A folder that was listed ends in a separator, and so does its name.
        """
        *links, place = self._way(path)
        is_folder = path.endswith(("/", os.sep))
        own = [self._name(one) for one in links]
        own += [f"{self._name(place)}/" if is_folder else self._name(place)] if self._name(place) else []
        return frozenset(own) - {"", "."}

    def _name(self, place: str) -> str:
        """From the root; empty outside."""
        if place == self._top:
            return "."
        above = self._top.rstrip(os.sep) + os.sep
        return place.removeprefix(above).replace(os.sep, "/") if place.startswith(above) else ""

    def _way(self, path: str) -> Iterator[str]:
        """Absolute paths of the links that are followed, then of where they lead."""
        place, left = self._parts(path)
        hops = 0
        while left:
            part = left.pop(0)
            place = os.path.dirname(place) if part == os.pardir else os.path.join(place, part)
            leads = self._leads(place) if hops < _HOPS else None
            if leads is not None:
                yield place
                hops += 1
                above, more = _split(leads)
                place, left = above or os.path.dirname(place), [*more, *left]
        yield place

    def _parts(self, path: str) -> tuple[str, list[str]]:
        """Where to begin, and what follows: most begin at the root, whose own links nobody asks for."""
        path = path.replace("/", os.sep)
        below = path.removeprefix(self._top.rstrip(os.sep) + os.sep)
        above, parts = _split(below)
        return above or self._top, parts

    def _leads(self, place: str) -> str | None:
        """Where a link leads; None where there is none."""
        if place not in self._links:
            try:
                self._links[place] = os.readlink(place).removeprefix("\\\\?\\")  # as Windows says it
            except (OSError, ValueError):
                self._links[place] = None
        return self._links[place]


def _split(path: str) -> tuple[str, list[str]]:
    """The top of an absolute path, empty of others, and the names below it."""
    drive, rest = os.path.splitdrive(path)
    top = drive + os.sep if rest.startswith(os.sep) else ""
    return top, [part for part in rest.split(os.sep) if part not in ("", os.curdir)]
