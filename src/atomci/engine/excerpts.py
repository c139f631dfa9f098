"""The lines that findings are about, kept among a run's events: the files may be others later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from atomci.artifacts.handed.runs import Excerpt
from atomci.artifacts.handed.schemas import Finding

__all__ = ["excerpts"]

_AROUND = 3
_WIDTH = 240
# Findings and bytes of a file; what lies beyond is shown without its lines.
_FINDINGS = 2_000
_SIZE = 2_000_000


def excerpts(root: Path, atom: str, findings: Sequence[Finding]) -> Iterator[Excerpt]:
    """For each file of the project that has findings, their lines and three around each."""
    wanted: dict[str, set[int]] = {}
    for finding in findings[:_FINDINGS]:
        near = range(max(1, finding.line - _AROUND), finding.line + _AROUND + 1)
        wanted.setdefault(finding.path, set()).update(near)
    for path, numbers in wanted.items():
        lines = _lines(root, path)
        kept = {number: lines[number - 1][:_WIDTH] for number in sorted(numbers) if number <= len(lines)}
        if kept:
            yield Excerpt(atom=atom, path=path, lines=kept)


def _lines(root: Path, path: str) -> list[str]:
    """Of a file that can't be read, that is large, or that isn't the project's, none."""
    file = root / path
    try:
        if not file.resolve().is_relative_to(root.resolve()) or file.stat().st_size > _SIZE:
            return []
        text = file.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return []
    return text.split("\n")
