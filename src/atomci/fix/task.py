"""What is to be fixed, as text for whoever does it: a program or a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from atomci.artifacts.handed.failures import Failure
from atomci.fix.proposal import Refusal
from atomci.fix.rules.bounds import Allowance

__all__ = ["task_text"]

_MOST = 60_000
"""Characters: what an argument of a program may have on every system."""
_LINES = 40


def task_text(failures: Sequence[Failure], refused: Sequence[Refusal], allowed: Allowance) -> str:
    """The failures, each with its place and what was seen, and what a fix may not do."""
    lines = ["# Fix what the checks of this repository find", "", *_rules(refused, allowed), ""]
    lines.append(f"## What is red: {len(failures)}")
    for number, failure in enumerate(failures, 1):
        section = list(_section(number, failure))
        if sum(map(len, lines)) + sum(map(len, section)) > _MOST:
            lines += ["", f"{len(failures) - number + 1} more: fix these first."]
            break
        lines += section
    return "\n".join(lines) + "\n"


def _rules(refused: Sequence[Refusal], allowed: Allowance) -> Iterator[str]:
    yield "Change the code so that the checks pass. Change as little as that takes. Don't commit."
    yield f"Change only {', '.join(allowed.scope)}; at most {allowed.files} files and {allowed.lines} lines."
    yield "Don't weaken a check: no test removed or skipped, no assert taken away, no ignore comment, no"
    yield "lower threshold, no broad except. Such a change is refused."
    if refused:
        yield ""
        yield "Your last change was refused, and is taken back:"
        for each in refused[:_LINES]:
            place = f"{each.path}:{each.line}: " if each.line else f"{each.path}: " if each.path else ""
            yield f"- {place}{each.message} ({each.rule})"


def _section(number: int, failure: Failure) -> Iterator[str]:
    place = f"{failure.path}:{failure.line}" if failure.line else failure.path
    yield ""
    yield f"### {number}. {failure.test or place or failure.atom}"
    yield ""
    yield f"{failure.kind}: {failure.message}" + (f" ({failure.count} times)" if failure.count > 1 else "")
    if place:
        yield f"at {place}"
    if failure.command:
        yield f"see it again: {failure.command}"
    if failure.excerpt:
        yield ""
        yield from (f"    {line}" for line in failure.excerpt[:_LINES])
