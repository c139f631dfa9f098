"""Which segments of a file stand elsewhere after a change, word for word: what ran of them, ran there.

A segment is a function with its decorators, or a statement that runs on import. Its text decides, comments
and layout too, since coverage numbers lines.
"""

from __future__ import annotations

import ast
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from atomci.artifacts.handed.lines import Mark, Segment

__all__ = ["Moved", "moved", "read_segments"]

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_HOLDING = (ast.If, ast.Try, ast.With, ast.For, ast.While)


def read_segments(source: bytes) -> tuple[Segment, ...] | None:
    """Of a file's text; None where it can't be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tuple(_Reader(source.split(b"\n")).of(tree.body, ""))


@dataclass(frozen=True)
class _Reader:
    lines: Sequence[bytes]

    def of(self, body: Sequence[ast.stmt], prefix: str) -> Iterator[Segment]:
        for node in body:
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
            if isinstance(node, ast.ClassDef):
                yield self._segment(first, max(node.body[0].lineno - 1, node.lineno), f"{prefix}class", False)
                yield from self.of(node.body, f"{prefix}{node.name}.")
            else:
                holds = isinstance(node, _FUNCTION) or (
                    isinstance(node, _HOLDING) and any(isinstance(part, _FUNCTION) for part in ast.walk(node))
                )
                yield self._segment(first, node.end_lineno or node.lineno, prefix, holds)

    def _segment(self, first: int, last: int, prefix: str, is_code: bool) -> Segment:
        text = b"\n".join(self.lines[first - 1 : last])
        digest = hashlib.blake2b(prefix.encode("utf-8", "replace") + b"\0" + text, digest_size=12).hexdigest()
        return Segment(first=first, last=last, digest=digest, is_code=is_code)


@dataclass(frozen=True)
class Moved:
    """A file before and after: by line where it stands now."""

    places: dict[int, int]
    called: frozenset[int]
    """All lines of functions, before."""

    def mark(self, mark: Mark) -> Mark | None:
        """A line or a branch as it is numbered now; None where one of its ends isn't there any more."""
        found = [self.places.get(abs(end)) for end in mark]
        if None in found:
            return None
        return tuple(line if end > 0 else -line for end, line in zip(mark, found, strict=True) if line)

    def is_called(self, mark: Mark) -> bool:
        """Whether all of it is in a function; if not, it runs on import."""
        return all(abs(end) in self.called for end in mark)


def moved(before: Sequence[Segment], after: Sequence[Segment]) -> Moved:
    """Segments of the same text are the same, in their order; where their number is another, none is."""
    old, new = _by_digest(before), _by_digest(after)
    places: dict[int, int] = {}
    for digest, segments in old.items():
        others = new.get(digest, [])
        if len(others) != len(segments):
            continue
        for one, other in zip(segments, others, strict=True):
            for line in range(one.first, one.last + 1):
                places.setdefault(line, line - one.first + other.first)
    called = frozenset(line for one in before if one.is_code for line in range(one.first, one.last + 1))
    return Moved(places, called)


def _by_digest(segments: Sequence[Segment]) -> dict[str, list[Segment]]:
    found: dict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        found[segment.digest].append(segment)
    return found
