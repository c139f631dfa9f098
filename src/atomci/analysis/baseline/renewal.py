"""A baseline brought up to date: made, made shorter, and made longer only with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from atomci.analysis.baseline.comparison import Sighting, compare, entries_of, seen_in
from atomci.analysis.baseline.entries import FILE, parsed, read_loosely
from atomci.analysis.baseline.held import OUT_OF_DATE
from atomci.analysis.table import ATOMS
from atomci.artifacts.handed.baseline import BaselineEntry
from atomci.artifacts.handed.schemas import Finding, Findings
from atomci.tools.git.client import Git

__all__ = ["Renewal", "held_before", "renewed"]


@dataclass(frozen=True)
class Renewal:
    """The baseline as it should be, and how it differs from the one before."""

    entries: tuple[BaselineEntry, ...]
    new: tuple[Finding, ...]
    """Found, and not held."""
    unread: tuple[Finding, ...]
    """What can't be held: because of it a tool looked no further."""
    added: int
    fixed: int
    moved: int
    altered: int = 0
    """How many of the held are on a line of another text."""

    @property
    def held(self) -> int:
        """How many findings the entries hold."""
        return sum(len(entry.lines) for entry in self.entries)


def held_before(root: Path, git: Git) -> tuple[BaselineEntry, ...] | None:
    """The baseline so far, also of a merge in conflict; of a deleted one what HEAD has. None without."""
    here = read_loosely(root)
    place = f"HEAD:{git.prefix() or ''}{FILE}"
    if here is not None or git.resolve(place) is None:
        return here
    return parsed(git("cat-file", "blob", place))


def renewed(
    root: Path, before: Sequence[BaselineEntry] | None, runs: Sequence[Findings], why: str | None = None
) -> Renewal:
    """Each tool's entries by what it found. Those of a tool that gave no answer, or couldn't read a file,
    stay as they are; those of atoms that there aren't go.

    Without a baseline before, all that is found is held; later what is new only with a reason.
    """
    answered = {run.atom: run for run in runs if run.examined}
    adding = before is None or why is not None
    known = before or ()
    parts = [
        _of_tool(root, [entry for entry in known if entry.atom == atom], run, adding, why or "")
        for atom, run in answered.items()
    ]
    kept = tuple(entry for entry in known if entry.atom in ATOMS and entry.atom not in answered)
    lost = sum(len(entry.lines) for entry in known if entry.atom not in ATOMS)
    return Renewal(
        entries=(*kept, *(entry for part in parts for entry in part.entries)),
        new=tuple(one for part in parts for one in part.new),
        unread=tuple(one for part in parts for one in part.unread),
        added=sum(part.added for part in parts),
        fixed=sum(part.fixed for part in parts) + lost,
        moved=sum(part.moved for part in parts),
        altered=sum(part.altered for part in parts),
    )


def _of_tool(root: Path, own: Sequence[BaselineEntry], run: Findings, adding: bool, why: str) -> Renewal:
    found = [one for one in (*run.findings, *(run.held or ())) if one.rule != OUT_OF_DATE]
    unread = tuple(one for one in found if one.unread)
    seen = seen_in(root, run.atom, [one for one in found if not one.unread])
    compared = compare(own, seen, lambda path: (root / path).is_file())
    entries = tuple(own) if unread else compared.entries
    return Renewal(
        entries=_with(entries, compared.new, why) if adding else entries,
        new=() if adding else tuple(one.finding for one in compared.new if one.finding),
        unread=unread,
        added=len(compared.new) if adding else 0,
        fixed=0 if unread else len(compared.gone),
        moved=0 if unread else compared.moved,
        altered=0 if unread else compared.altered,
    )


def _with(entries: Sequence[BaselineEntry], new: Sequence[Sighting], why: str) -> tuple[BaselineEntry, ...]:
    """The entries, and those of what is new; one that holds such findings already becomes longer."""
    rows = {entry.kind: entry for entry in entries}
    for added in entries_of(new, why):
        known = rows.get(added.kind)
        lines = (*known.lines, *added.lines) if known else added.lines
        rows[added.kind] = structs.replace(added, lines=tuple(sorted(lines)))
    return tuple(rows.values())
