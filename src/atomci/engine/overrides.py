"""`[[tool.atomci.override]]`: a red atom that doesn't make the run red, for a reason and until a date.

An override changes no outcome: red stays red, and says so wherever it is shown. Dates are days in UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import msgspec

from atomci.deadlines import too_far
from atomci.project import Project
from atomci.tables import Problems, close_to, own_rows

__all__ = ["EXCUSABLE", "Override", "Overrides", "read_overrides"]

EXCUSABLE = ("fail", "vacuous")
"""An error says nothing about the project, so there is nothing to override."""


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry. `until` is the last day on which it holds."""

    atom: str
    reason: str
    until: date
    owner: str

    def __str__(self) -> str:
        return f"overridden until {self.until}: {self._why}"

    @property
    def lapse(self) -> str:
        """What is said of it when it is over."""
        return f"its override expired on {self.until}: {self._why}"

    @property
    def _why(self) -> str:
        return " ".join(self.reason.split())


@dataclass(frozen=True)
class Overrides:
    """The overrides of a project on one day, by atom: those that hold, and those that are over."""

    in_force: Mapping[str, Override] = field(default_factory=dict)
    lapsed: Mapping[str, Override] = field(default_factory=dict)

    @classmethod
    def on(cls, day: date, overrides: Iterable[Override]) -> Overrides:
        """Sorted by whether they hold on a day."""
        rows = {override.atom: override for override in overrides}
        return cls(
            {name: row for name, row in rows.items() if row.until >= day},
            {name: row for name, row in rows.items() if row.until < day},
        )

    def excuse(self, atom: str, status: str) -> str:
        """What is said of an atom that ended so: empty when no override holds for it."""
        holds = status in EXCUSABLE and atom in self.in_force
        return str(self.in_force[atom]) if holds else ""


def read_overrides(project: Project, names: Collection[str]) -> tuple[Override, ...]:
    """`[[tool.atomci.override]]`, also those that are over; `names`: all atoms. Raises UsageError."""

    def problems(override: Override, before: Collection[str]) -> Problems:
        if override.atom not in names:
            yield "atom", f"no atom is called {override.atom!r}", close_to(override.atom, names)
        if override.atom in before:
            yield "atom", f"{override.atom} has an override already", "one atom, one override"
        for key in ("reason", "owner"):
            if not getattr(override, key).strip():
                yield key, "is empty", "say why it is red" if key == "reason" else "say who fixes it"
        yield from too_far(override.until)

    return own_rows(project, "override", Override, "atom", problems)
