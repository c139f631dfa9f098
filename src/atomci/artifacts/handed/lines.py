"""The record of which lines each test covered, by which the total is known when only some run again."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["LinesRecord", "Mark", "Segment"]

Mark = tuple[int, ...]
"""A line, or a branch from one to another; a negative one is entry or exit of the code that begins there."""


class Segment(Struct, frozen=True, kw_only=True, array_like=True):
    """A function, or a statement that runs on import: its lines, a digest of its text, and whether it is
    called.
    """

    first: int
    last: int
    digest: str
    is_code: bool


class LinesRecord(Struct, frozen=True, kw_only=True):
    """atom_037: by test which lines and branches it covered, and of which files.

    `marks` are numbered by their place, and of each test, module (while it was imported) and what ran
    `outside` of both, a hexadecimal number has their bits. `unnoted` were covered by programs that tests
    started. `imports` are the project's files that each file imports.
    """

    schema: Literal["atomci/impact-lines/1"] = "atomci/impact-lines/1"
    hashes: dict[str, str]
    segments: dict[str, tuple[Segment, ...]]
    marks: dict[str, tuple[Mark, ...]]
    tests: dict[str, dict[str, str]]
    modules: dict[str, dict[str, str]]
    outside: dict[str, str]
    unnoted: dict[str, str]
    imports: dict[str, tuple[str, ...]]
