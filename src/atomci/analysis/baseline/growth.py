"""A baseline can only shrink: what it holds, and that of the branch's base doesn't, needs a reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from atomci.analysis.baseline.comparison import Sighting, compare
from atomci.analysis.baseline.entries import FILE, parsed
from atomci.artifacts.handed.baseline import BaselineEntry
from atomci.artifacts.handed.schemas import Finding
from atomci.errors import InfrastructureError
from atomci.tools.git.branching import HistoryMissing, departure
from atomci.tools.git.client import Git

__all__ = ["base_entries", "grown"]


def grown(
    entries: Sequence[BaselineEntry], base: Sequence[BaselineEntry], is_there: Callable[[str], bool]
) -> tuple[Finding, ...]:
    """What was added since the base without a reason; a file of another name may take its entries along."""
    unexplained = [entry for entry in entries if not entry.why]
    compared = compare(base, _as_seen(unexplained), is_there)
    return tuple(
        Finding(
            path=FILE,
            line=1,
            tool="atomci",
            rule="baseline-grown",
            message=f"{one.kind.rule} in {one.kind.path} was added without a reason: fix the finding, or "
            "atomci baseline --grow REASON",
        )
        for one in compared.new
    )


def base_entries(
    git: Git, since: str | None, variables: Mapping[str, str] = os.environ
) -> tuple[BaselineEntry, ...] | None:
    """The baseline where the branch began; None where there was none, or no git.

    Raises InfrastructureError where a shallow clone hides it.
    """
    try:
        left = departure(git, since, variables)
    except HistoryMissing as missing:
        raise InfrastructureError(f"{FILE} may only shrink, and {missing}", missing.hint) from None
    if left is None:
        return None
    base, prefix = left.commit, git.prefix() or ""
    if git.resolve(f"{base}:{prefix}{FILE}") is None:
        return None
    return parsed(git("cat-file", "blob", f"{base}:{prefix}{FILE}"), f"{FILE} at {base[:12]}")


def _as_seen(entries: Sequence[BaselineEntry]) -> tuple[Sighting, ...]:
    return tuple(Sighting(entry.kind, mark) for entry in entries for mark in entry.lines)
