"""The headings of a Markdown document."""

import re
from dataclasses import dataclass
from pathlib import Path

from .slug import unique_slugs

_HEADING = re.compile(r"(#{1,6})\s+(.+?)(?:\s+#+)?\s*")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")


@dataclass(frozen=True)
class Heading:
    """One heading: its level from 1 to 6, its text, and its anchor, unique in the document."""

    level: int
    title: str
    slug: str


def outline(markdown: str) -> list[Heading]:
    """The headings in order, those inside fenced code left out."""
    found: list[tuple[int, str]] = []
    fence = ""
    for line in markdown.splitlines():
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark[1]
            elif fence == mark[1]:
                fence = ""
        elif not fence and (heading := _HEADING.fullmatch(line)):
            found.append((len(heading[1]), heading[2]))
    slugs = unique_slugs([title for _, title in found])
    return [Heading(level, title, slug) for (level, title), slug in zip(found, slugs, strict=True)]


def read_outline(path: Path) -> list[Heading]:
    """The outline of a UTF-8 file; raises OSError when it can't be read."""
    return outline(path.read_text(encoding="utf-8"))
