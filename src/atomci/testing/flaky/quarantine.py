"""`.atomci/quarantine.toml`: tests that may fail for a while, each with a reason, an owner and a last day.

They run as always, and are always shown. Dates are days in UTC.
"""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

import msgspec

from atomci.artifacts.handed.testing import InQuarantine
from atomci.deadlines import LONGEST, today, too_far
from atomci.project import Project
from atomci.tables import Problems, file_rows, own_table, table_error
from atomci.testing.flaky.plan import without_parameters

__all__ = ["FILE", "Quarantine", "Quarantined", "quarantine_today", "read_quarantine"]

FILE = ".atomci/quarantine.toml"


class QuarantineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tool.atomci.quarantine]`."""

    days: int = 30
    """How far ahead the last day of an entry may be."""


class Quarantined(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry. `test` is a node id, without parameters for all of them, `until` the last day on which it
    holds.
    """

    test: str
    reason: str
    owner: str
    until: date

    @property
    def today(self) -> InQuarantine:
        """What is shown of it."""
        return InQuarantine(
            owner=" ".join(self.owner.split()),
            until=self.until.isoformat(),
            days_left=(self.until - today()).days,
            reason=self._why,
        )

    def covers(self, nodeid: str) -> bool:
        """Whether it is about a test."""
        return self.test in (nodeid, without_parameters(nodeid))

    @property
    def lapse(self) -> str:
        """What is said of it when it is over."""
        mend = f"{self.owner} repairs the test and deletes the entry, or gives a new date and the reason"
        return f"the quarantine of {self.test} expired on {self.until}: {self._why}; {mend} ({FILE})"

    @property
    def path(self) -> str:
        """The test's file."""
        return self.test.partition("::")[0]

    @property
    def _why(self) -> str:
        return " ".join(self.reason.split())


@dataclass(frozen=True)
class Quarantine:
    """The entries of a project on one day: those that hold, and those that are over."""

    in_force: tuple[Quarantined, ...]
    lapsed: tuple[Quarantined, ...]

    @classmethod
    def on(cls, day: date, rows: Iterable[Quarantined]) -> Quarantine:
        """Sorted by whether they hold on a day."""
        rows = tuple(rows)
        return cls(
            tuple(row for row in rows if row.until >= day), tuple(row for row in rows if row.until < day)
        )

    @property
    def conditions(self) -> tuple[str, ...]:
        """What results depend on: a test that holds today may be red tomorrow."""
        return tuple(f"quarantined: {row.test} {row.until} {row.owner}" for row in self.in_force) + tuple(
            f"expired: {row.test}" for row in self.lapsed
        )


def quarantine_today(project: Project) -> Quarantine:
    """What holds now. Raises UsageError."""
    return Quarantine.on(today(), project.setting(read_quarantine))


def read_quarantine(project: Project) -> tuple[Quarantined, ...]:
    """The entries, also those that are over. Raises UsageError with the line."""
    settings = own_table(project, "quarantine", QuarantineSettings)
    if not 1 <= settings.days <= LONGEST:
        raise table_error(project, ("quarantine", "days"), f"give a number of days from 1 to {LONGEST}")

    def problems(row: Quarantined, before: Collection[str]) -> Problems:
        if "::" not in row.test:
            yield "test", f"{row.test!r} is no test", "give its node id, such as tests/unit/test_a.py::test_b"
        if (meant := _as_pytest_writes(row.path)) != row.path:
            yield "test", f"pytest has no path {row.path}", f"write it from the project's root: {meant}"
        if row.test in before:
            yield "test", f"{row.test} is quarantined already", "one test, one entry"
        if not (project.root / row.path).is_file():
            yield "test", f"there is no file {row.path}", _close_to(row.path, project.git.files() or ())
        for key in ("reason", "owner"):
            if not getattr(row, key).strip():
                yield key, "is empty", "say how it fails" if key == "reason" else "say who repairs it"
        yield from too_far(row.until, settings.days)

    return file_rows(project, FILE, "quarantine", Quarantined, "test", problems)


def _as_pytest_writes(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/")).lstrip("/") if path else path


def _close_to(path: str, files: Iterable[str]) -> str:
    tests = [file for file in files if file.endswith(".py")]
    close = difflib.get_close_matches(path, tests, 1)
    return f"did you mean {close[0]}?" if close else "delete the entry"
