"""Findings as annotations on GitHub: the few that it shows, taken from all atoms, and how many more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

from atomci.artifacts.handed.runs import AtomFinished
from atomci.artifacts.handed.schemas import Finding

__all__ = ["annotated", "annotation"]

_KINDS = {"error": "error", "warning": "warning", "note": "notice"}
# GitHub shows ten of a kind per step and drops the rest silently; of notices, one says what is left out.
_MOST = {"error": 10, "warning": 10, "note": 9}


def annotated(finished: Sequence[AtomFinished], below: str) -> Iterator[str]:
    """The workflow commands. Each atom has its turn, so that many findings of one hide no other atom's;
    an atom's own come in its order.
    """
    shown: list[tuple[str, Finding]] = []
    for level, most in _MOST.items():
        turns = zip_longest(*(_of_level(row, level) for row in finished))
        shown += [pair for pair in chain.from_iterable(turns) if pair is not None][:most]
    yield from (_on_its_line(finding, below) for _, finding in shown)
    more = [
        f"{count} in {row.atom}"
        for row in finished
        if (count := len(row.findings) - sum(atom == row.atom for atom, _ in shown)) > 0
    ]
    if more:
        yield annotation("notice", f"GitHub shows no more annotations of a step. More: {', '.join(more)}")


def annotation(kind: str, text: str, path: str = "") -> str:
    """A workflow command that marks a file, or the whole job."""
    return f"::{kind}{f' file={_escape(path)}' if path else ''}::{_escape(text, data=True)}"


def _of_level(row: AtomFinished, level: str) -> list[tuple[str, Finding]]:
    return [(row.atom, finding) for finding in row.findings if finding.level == level]


def _on_its_line(finding: Finding, below: str) -> str:
    place = f"file={_escape(below + finding.path)},line={finding.line},col={finding.column}"
    title = _escape(f"{finding.tool} {finding.rule}")
    return f"::{_KINDS[finding.level]} {place},title={title}::{_escape(finding.message, data=True)}"


def _escape(text: str, *, data: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text if data else text.replace(":", "%3A").replace(",", "%2C")
