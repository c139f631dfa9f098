"""The failures of a run as Markdown: what each is, where, its lines, its log and how to see it again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from atomci.artifacts.handed.failures import Failure, Failures, SinceGreen

__all__ = ["markdown"]

_PATHS = 20


def markdown(found: Failures) -> str:
    """All of them, one section each."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Failures) -> Iterator[str]:
    yield f"# What went wrong in run {found.run}"
    yield ""
    if not found.failures:
        yield "Nothing is red."
        return
    for number, failure in enumerate(found.failures, 1):
        yield from _section(number, failure)
    if found.since is not None:
        yield from _since(found.since)


def _section(number: int, failure: Failure) -> Iterator[str]:
    place = f"{failure.path}:{failure.line}" if failure.line else failure.path
    yield f"## {number}. {failure.layer}, {failure.kind}: {_plain(place or failure.atom)}"
    yield ""
    more = f" And {failure.count - 1} more of this kind." if failure.count > 1 else ""
    yield f"{failure.reason[:1].upper()}{failure.reason[1:]}.{more}"
    yield ""
    yield from _fenced(
        "text", [failure.message, *failure.excerpt] if not failure.excerpt else failure.excerpt
    )
    yield "See it again:"
    yield ""
    yield from _fenced("sh", [failure.command])
    if failure.log:
        yield f"Its log: `{failure.log}`"
        yield ""


def _since(since: SinceGreen) -> Iterator[str]:
    yield f"## What changed since run {since.run}, which was green"
    yield ""
    paths = since.paths[:_PATHS]
    yield from (f"- {_plain(path)}" for path in paths)
    if more := len(since.paths) - len(paths):
        yield f"- and {more} more"
    if not paths:
        yield "No file of the project: look at the environment, the clock and the network."
    elif since.command:
        yield ""
        yield from _fenced("sh", [since.command])


def _fenced(language: str, lines: list[str] | tuple[str, ...]) -> Iterator[str]:
    """A block whose fence is longer than any within."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield from lines
    yield fence
    yield ""


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", text)
