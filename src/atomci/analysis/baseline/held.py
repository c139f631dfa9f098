"""What one atom's findings are once the baseline has been asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from atomci.analysis.baseline.comparison import compare, seen_in
from atomci.analysis.baseline.entries import FILE, read_entries
from atomci.artifacts.handed.schemas import Finding, Lane

__all__ = ["OUT_OF_DATE", "Standing", "held_back"]

OUT_OF_DATE = "baseline-out-of-date"
"""The rule of the finding that stands for entries of the baseline that nothing matches as it is."""


@dataclass(frozen=True)
class Standing:
    """Findings that count, and those that the baseline holds."""

    counting: tuple[Finding, ...]
    held: tuple[Finding, ...] = ()
    said: str = ""
    """The numbers, such as `3 new, 120 held by the baseline`; empty without a baseline."""


def held_back(root: Path, atom: str, findings: Sequence[Finding], tool: str, lane: Lane) -> Standing:
    """What counts of an atom's findings. Entries that aren't found are a finding themselves: while they
    stay, what is added later in their place would be held too.

    Raises InfrastructureError on a file that can't be read.
    """
    entries = read_entries(root)
    if entries is None:
        return Standing(tuple(findings))
    own = [entry for entry in entries if entry.atom == atom]
    unread = [one for one in findings if one.unread]
    readable = [one for one in findings if not one.unread]
    compared = compare(own, seen_in(root, atom, readable), lambda path: (root / path).is_file())
    new = tuple(one.finding for one in compared.new if one.finding)
    held = tuple(one.finding for one in compared.held if one.finding)
    # Of a file that it can't read a tool finds nothing else, and mypy stops altogether.
    gone = () if unread else compared.gone
    moved = 0 if unread else compared.moved
    counts = {
        "new": len(new) + len(unread),
        "held by the baseline": len(held),
        "fixed": len(gone),
        "renamed": moved,
    }
    said = ", ".join(
        f"{count} {what}" for what, count in counts.items() if count or what == "held by the baseline"
    )
    if compared.altered:
        said += f" ({compared.altered} on a line that was edited)"
    stale = _stale([one.kind.path for one in gone], moved, tool, lane)
    return Standing((*unread, *new, *stale), held, said)


def _stale(gone: Sequence[str], moved: int, tool: str, lane: Lane) -> tuple[Finding, ...]:
    """One finding for all of it, since one command fixes it."""
    if not gone and not moved:
        return ()
    parts = []
    if gone:
        (path, _), *others = Counter(gone).most_common()
        where = path + (f" and {len(others)} more" if others else "")
        parts.append(f"{len(gone)} of its findings are fixed (in {where})")
    if moved:
        parts.append(f"{moved} are in files of another name")
    text = f"{' and '.join(parts)}: atomci baseline brings the file up to date"
    return (Finding(path=FILE, line=1, tool=tool, rule=OUT_OF_DATE, message=text, lane=lane, fixable=False),)
