"""The record of which test runs, reads and starts what, by which later runs know what a change reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

__all__ = ["Escape", "Escapes", "FileRecord", "ImpactRecord", "PlaceRecord", "TestRecord", "numbers"]


class FileRecord(Struct, frozen=True, kw_only=True):
    """A Python file: the hashes of its functions and methods by name, the empty one for what runs on import,
    and of that each statement with the names that it only binds.
    """

    blocks: dict[str, str]
    statements: dict[str, str] = {}
    suites: dict[str, dict[str, str]] = {}
    """The hashes of the suites of functions, by their places; the empty one is what is in none."""
    keeping: tuple[str, ...] = ()
    """Functions that keep what they once gave."""


class PlaceRecord(Struct, frozen=True, kw_only=True):
    """What ran somewhere. `ran` and `read` are numbers of the record's `blocks` and `paths`, as `0-3,7`."""

    ran: str = ""
    read: str = ""
    started: tuple[str, ...] = ()


class TestRecord(PlaceRecord, frozen=True, kw_only=True):
    """A test's. `followed` is False where not all that it ran could be seen, `apart` says whether a part ran
    in programs that it started; `started` are those that couldn't be followed. `carried` are classes, as
    `PATH::NAME`, of which it used objects and made none, and which had some when it began; None where nobody
    knows.
    """

    outcome: str
    followed: bool = True
    apart: bool = False
    carried: tuple[str, ...] | None = None


class ImpactRecord(Struct, frozen=True, kw_only=True):
    """atom_037: by node id what each test ran, read and started the last time, and how the project was then.

    `blocks` are `PATH::NAME`, also `PATH::NAME#2.1` for the first suite in the second one of a function, and
    `PATH::NAME#` where nobody knows which suites ran. `paths` are from the root; a folder that was listed
    ends in a slash. `modules` is what ran while a module was imported, `importers` who imported it first,
    `outside` what ran between tests. `unseen` says why tests may have read more than was seen. `bare` are
    files of tests that left none to run, as `atomci watch` saw.
    """

    schema: Literal["atomci/impact/1"] = "atomci/impact/1"
    python: str
    hashes: dict[str, str]
    files: dict[str, FileRecord]
    blocks: tuple[str, ...]
    paths: tuple[str, ...]
    tests: dict[str, TestRecord]
    modules: dict[str, PlaceRecord]
    importers: dict[str, tuple[str, ...]]
    outside: PlaceRecord
    unseen: str = ""
    bare: tuple[str, ...] = ()
    whole: bool = False
    """Whether each test that pytest found then has its result here."""

    def ran_by(self, test: TestRecord) -> tuple[str, ...]:
        """The blocks that it ran. Raises ValueError or IndexError where the record isn't sound."""
        return tuple(self.blocks[number] for number in numbers(test.ran, len(self.blocks)))


def numbers(text: str, count: int) -> Iterator[int]:
    """The numbers of `0-3,7`. Raises ValueError on what isn't one below `count`."""
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if not 0 <= low <= high < count:
            raise ValueError(f"{part} isn't a range of numbers below {count}")
        yield from range(low, high + 1)


class Escape(Struct, frozen=True, kw_only=True):
    """A test that passed in the record and failed, though no change since then seemed to reach it."""

    test: str
    commit: str
    changed: tuple[str, ...]
    """The first paths that differ from the record."""


class Escapes(Struct, frozen=True, kw_only=True):
    """atom_037: what the selection would have missed, by runs of all tests that had an earlier record.

    `runs` counts those with new failures, `failures` these, and `escaped` those that it would have left out.
    `escapes` are kept until `clean` later runs with new failures had none.
    """

    schema: Literal["atomci/impact-escapes/1"] = "atomci/impact-escapes/1"
    runs: int = 0
    failures: int = 0
    escaped: int = 0
    clean: int = 0
    escapes: tuple[Escape, ...] = ()
