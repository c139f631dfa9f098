"""What tests that don't run again covered in an earlier run, in terms of the files as they are now.

Reused is only what stands word for word where it can be found again. What can't be told makes more tests run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from atomci.artifacts.handed.impact import ImpactRecord
from atomci.artifacts.handed.lines import LinesRecord, Mark
from atomci.testing.measurement.line_record import Bits, CoveredLines, covered_of, merged
from atomci.testing.measurement.segments import Moved, moved, read_segments
from atomci.testing.selection.reach import Everything, Reach, runs_program

__all__ = ["Reuse", "WholeCoverage"]


@dataclass(frozen=True)
class WholeCoverage:
    """All lines of all tests. `added` are those of earlier runs alone; `lost` is a line that was covered,
    stands there still, and isn't covered any more, so that tests that were left out may do it now.
    """

    covered: CoveredLines
    added: Mapping[str, tuple[Mark, ...]]
    lost: str

    @property
    def lines(self) -> int:
        """How many lines only earlier runs cover."""
        return sum(len({abs(end) for mark in marks for end in mark}) for marks in self.added.values())


@dataclass(frozen=True)
class Reuse:
    """A record, and the files as they are; `hashes` are theirs."""

    record: LinesRecord
    root: Path
    hashes: Mapping[str, str]

    @cached_property
    def was(self) -> CoveredLines:
        """What the record says."""
        return covered_of(self.record)

    @cached_property
    def changed(self) -> Mapping[str, Moved]:
        """Measured files that are other than then."""
        found = {}
        for file in self.record.marks:
            if self.hashes.get(file) != self.record.hashes[file]:
                python = file in self.hashes and file.endswith(".py")
                after = read_segments((self.root / file).read_bytes()) if python else ()
                if after is None:
                    raise Everything(f"{file} can't be parsed")
                found[file] = moved(self.record.segments[file], after)
        return found

    @cached_property
    def _gone(self) -> Mapping[str, tuple[int, int]]:
        """Of changed files the bits that stand nowhere any more: all, and those of code that is called."""
        found = {}
        for file, how in self.changed.items():
            gone = called = 0
            for mark, bit in self.was.marks[file].items():
                if how.mark(mark) is None:
                    gone |= 1 << bit
                    called |= how.is_called(mark) << bit
            found[file] = gone, called
        return found

    def widen(self, reach: Reach, tests: ImpactRecord, imports: Mapping[str, Collection[str]]) -> None:
        """Add the tests without which the total wouldn't be exact. `imports` are those of each file now.

        Raises Everything.
        """
        if unknown := next((nodeid for nodeid in tests.tests if nodeid not in self.was.tests), None):
            raise Everything(f"no run recorded which lines {unknown} covers")
        for file, names in self.record.imports.items():
            if dropped := sorted(set(names).difference(imports.get(file, ()))):
                raise Everything(f"{file} no longer imports {dropped[0]}, whose lines may count no more")
        if file := self._lost_file(self.was.outside, called=True):
            raise Everything(f"lines of {file} that run between the tests moved")
        for nodeid, place in self.was.tests.items():
            if not _runs(reach, nodeid) and (file := self._lost_file(place)):
                reach.tests[nodeid] = [f"runs lines of {file} that don't stand there as they did"]
        for file in self._to_import():
            self._import(file, reach, tests)
        if not reach.tests and not reach.files and self.was.tests:
            reach.tests[min(self.was.tests)] = ["one runs, by which coverage is measured"]
        left_out = (test for nodeid, test in tests.tests.items() if not _runs(reach, nodeid))
        if self.was.unnoted and any(test.apart or runs_program(test) for test in left_out):
            raise Everything("programs that tests start cover lines, of which nobody knows whose they are")

    def _lost_file(self, place: Bits, *, called: bool = False) -> str:
        """A file of which something ran there that stands nowhere any more; `called`: besides what runs on
        import.
        """
        return next((file for file, bits in place.items() if bits & self._gone.get(file, (0, 0))[called]), "")

    def _to_import(self) -> Iterable[str]:
        """Modules of which what runs on import has to run again."""
        for file in self.changed:
            if file in self.hashes and (file in self.was.modules or self.was.total().get(file)):
                yield file
        for file, place in self.was.modules.items():
            if file not in self.changed and self._lost_file(place, called=True):
                yield file

    def _import(self, file: str, reach: Reach, tests: ImpactRecord) -> None:
        """See to it that a test runs that imports a module."""
        runs_it = [nodeid for nodeid, place in self.was.tests.items() if file in place]
        above, queue = {file}, [file]
        for one in queue:
            queue += [other for other in tests.importers.get(one, ()) if other not in above]
            above.update(queue)
        runs_it += [nodeid for nodeid in self.was.tests if nodeid.partition("::")[0] in above]
        if not runs_it:
            raise Everything(f"no test is known to import {file}, which changed")
        if not any(_runs(reach, nodeid) for nodeid in runs_it):
            reach.tests[min(runs_it)] = [f"imports {file}: what runs then is measured again"]

    def taken(self, place: Bits, into: CoveredLines) -> Bits:
        """What ran there then, in the numbers of another run, as far as it still stands."""
        found = {}
        for file, bits in place.items():
            how = self.changed.get(file)
            marks: Iterable[Mark | None] = self.was.marks_of(file, bits)
            if how is not None:
                marks = (how.mark(mark) for mark in marks if mark is not None)
            if own := into.bits(file, (mark for mark in marks if mark is not None)):
                found[file] = own
        return found

    def completed(self, fresh: CoveredLines, left_out: Collection[str]) -> WholeCoverage:
        """A run's lines with those of the tests that it left out."""
        own = fresh.total()
        imported = own.keys() | fresh.modules.keys()  # no line of a file of tests may be measured
        lost = next((f"{file} wasn't imported" for file in self._to_import() if file not in imported), "")
        for nodeid in left_out:
            fresh.tests[nodeid] = self.taken(self.was.tests.get(nodeid, {}), fresh)
        for file, place in self.was.modules.items():
            if file not in fresh.modules and file in self.hashes:
                fresh.modules[file] = self.taken(place, fresh)
        fresh.outside = merged([fresh.outside, self.taken(self._between(), fresh)])
        total = fresh.total()
        before = self.taken(self.was.total(), fresh)
        for file, bits in before.items():
            if missing := bits & ~total.get(file, 0):
                mark = next(iter(fresh.marks_of(file, missing)))
                lost = lost or f"line {max(mark)} of {file} isn't covered any more"
        added = {
            file: tuple(fresh.marks_of(file, more))
            for file, bits in total.items()
            if (more := bits & ~own.get(file, 0))
        }
        return WholeCoverage(fresh, added, lost)

    def _between(self) -> Bits:
        """What ran in no test, but for what of changed files runs on import: it did so again."""
        return {
            file: bits & ~self._on_import(file) if file in self.changed else bits
            for file, bits in self.was.outside.items()
        }

    def _on_import(self, file: str) -> int:
        how = self.changed[file]
        return sum(1 << bit for mark, bit in self.was.marks[file].items() if not how.is_called(mark))


def _runs(reach: Reach, nodeid: str) -> bool:
    return nodeid in reach.tests or nodeid.partition("::")[0] in reach.files
