"""Which tests a cycle runs, and in what order."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from atomci.artifacts.handed.testing import Selection, TestResult
from atomci.artifacts.printed.watching import Kind

__all__ = ["Cycle", "Filter", "TestsOf", "cycle_of"]


@dataclass(frozen=True)
class Filter:
    """What somebody typed: a pattern of paths, and a word or an expression for names, as -k takes it."""

    path: str = ""
    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.path or self.name)

    def __str__(self) -> str:
        parts = [f"path {self.path}"] if self.path else []
        return ", ".join([*parts, *([f"name {self.name}"] if self.name else [])])

    def files(self, every: Sequence[str]) -> tuple[str, ...]:
        """Those whose paths match; what is no regular expression is taken literally."""
        try:
            wanted = re.compile(self.path, re.IGNORECASE)
        except re.error:
            wanted = re.compile(re.escape(self.path), re.IGNORECASE)
        return tuple(path for path in every if wanted.search(path))


class TestsOf(Protocol):
    """A project's tests, as they are now."""

    def reached_by(self, changed: Sequence[str] | None) -> Selection:
        """The tests that changed paths reach; None where nobody can tell what changed."""

    @property
    def everything(self) -> Selection:
        """All of them."""

    @property
    def files(self) -> list[str]:
        """Files that pytest collects."""


@dataclass(frozen=True)
class Cycle:
    """`files` run whole; of those in `only`, the tests in `first` alone. `every` are all files of tests."""

    kind: Kind
    changed: tuple[str, ...]
    reason: str
    files: tuple[str, ...]
    only: tuple[str, ...]
    first: tuple[str, ...]
    every: tuple[str, ...]
    keyword: str = ""
    left_out: tuple[str, ...] = ()
    """Tests in `files` whose last result stands."""
    known: int = 0
    """How many tests there are, where a record of earlier runs tells."""

    @classmethod
    def of_nothing(cls, kind: Kind, changed: tuple[str, ...]) -> Cycle:
        """One that couldn't be worked out."""
        return cls(kind, changed, "", (), (), (), ())

    @property
    def is_all(self) -> bool:
        """Whether it leaves nothing out."""
        return self.settles and not self.left_out and set(self.files) == set(self.every)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to run."""
        return not self.files and not self.only

    @property
    def settles(self) -> bool:
        """Whether its end tells all about what changed."""
        return self.kind in ("impacted", "all")


def cycle_of(
    tests: TestsOf,
    kind: Kind,
    changed: Sequence[str] | None,
    failed: Mapping[str, TestResult],
    asked: Filter = Filter(),
) -> Cycle:
    """What to run of the tests as they are now."""
    every = tuple(tests.files)
    first = tuple(nodeid for nodeid in failed if _file(nodeid) in every)
    if kind == "failed":
        return _cycle(kind, changed, "tests that failed", (), first, every)
    if kind == "matching":
        files = asked.files(every)
        return _cycle(kind, changed, f"tests that match {asked}", files, (), every, asked.name)
    if kind == "impacted" and changed is not None and not changed:
        return _cycle(kind, changed, "nothing changed", (), first, every)
    selection = tests.everything if kind == "all" else tests.reached_by(changed)
    if selection.mode == "none":  # but for tests that failed: they may pass now
        return _cycle(kind, changed, selection.reason, (), first, every)
    if selection.mode == "full":
        first += tuple(path for path in changed or () if path in every and path not in first)
    picked = every if selection.mode == "full" else tuple(_picked(selection))
    stands = tuple(nodeid for nodeid in selection.left_out if nodeid not in failed)
    cycle = _cycle(kind, changed, selection.reason, picked, first, every)
    return replace(cycle, left_out=stands, known=selection.known)


def _cycle(
    kind: Kind,
    changed: Sequence[str] | None,
    reason: str,
    files: Sequence[str],
    first: Sequence[str],
    every: Sequence[str],
    keyword: str = "",
) -> Cycle:
    # A file that couldn't be collected failed as a whole.
    files = tuple(dict.fromkeys([*files, *(nodeid for nodeid in first if nodeid == _file(nodeid))]))
    only = tuple(dict.fromkeys(file for file in map(_file, first) if file not in files))
    return Cycle(kind, tuple(changed or ()), reason, files, only, tuple(first), tuple(every), keyword)


def _picked(selection: Selection) -> Collection[str]:
    """The changed tests first, then those that are nearest to what changed, as far as the reasons tell."""
    return [test.path for test in sorted(selection.tests, key=lambda test: _distance(test.reasons))]


def _distance(reasons: Sequence[str]) -> int:
    if any(reason == "it changed" for reason in reasons):
        return 0
    if any(reason.startswith("is named after") for reason in reasons):
        return 1
    return 3 if all(" through " in reason for reason in reasons) else 2


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]
