"""atom_101: `.env.example` names every variable that the code reads, each with a harmless value."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from atomci.artifacts.secrets.names import dotenv, looks_random
from atomci.artifacts.secrets.tokens import kind_of_token
from atomci.configuration.facts import Fact, Place, problem, seen, unknown_to_us
from atomci.configuration.variables import Read, from_the_system

__all__ = ["FILE", "Assignment", "assignments", "facts", "mentioned"]

FILE = ".env.example"

# A name has a capital, as `pythonLocation`; without one, a line such as `# note=…` is prose.
_COMMENTED = re.compile(r"^(\s*)#\s*(?=(?:export\s+)?(?=[a-z0-9_]*[A-Z])[A-Za-z_]\w*=)")
# How scripts, tasks, images and compose files read a variable: $NAME, ${NAME}, $env:NAME.
_MENTION = re.compile(r"\$(?:\{|env:)?([A-Za-z_]\w*)", re.IGNORECASE)


@dataclass(frozen=True)
class Assignment:
    """A variable in the example, also one that is commented out."""

    line: int
    name: str
    value: str


def assignments(text: str) -> list[Assignment]:
    """The example's variables. `# NAME=value` is one too, in capitals, so that prose isn't."""
    lines = "\n".join(_COMMENTED.sub(r"\1", line) for line in text.splitlines())
    return [Assignment(*row) for row in dotenv(lines)]


def mentioned(text: str) -> set[str]:
    """Variables that a script reads."""
    return set(_MENTION.findall(text))


def facts(text: str | None, reads: Sequence[Read], elsewhere: Mapping[str, str]) -> Iterator[Fact]:
    """Reads against assignments, both ways. `text` is None where there is no example.

    `elsewhere` maps variables that tests, scripts and images read to the file that does.
    """
    there = assignments(text or "")
    yield from _reads(reads, {assignment.name for assignment in there}, missing=text is None)
    yield from _assignments(there, reads, elsewhere)


def _reads(reads: Sequence[Read], known: Collection[str], *, missing: bool) -> Iterator[Fact]:
    if not reads:
        yield Fact(True, "no file under src/ reads a variable")
    for read in reads:
        place = Place(read.path, read.line)
        if read.name is None:
            yield unknown_to_us(place, f"reads a variable whose name isn't known: {read.how}")
        elif read.name in known:
            yield seen(place, f"{read.name} is in {FILE}")
        elif from_the_system(read.name):
            yield seen(place, f"{read.name} comes from the system")
        else:
            why = f"there is no {FILE}" if missing else f"it isn't in {FILE}"
            yield problem(place, f"reads {read.name}, and {why}")


def _assignments(
    there: Sequence[Assignment], reads: Sequence[Read], elsewhere: Mapping[str, str]
) -> Iterator[Fact]:
    names = {read.name for read in reads}
    unknown = next((read for read in reads if read.name is None), None)
    lines: dict[str, int] = {}
    for assignment in there:
        place = Place(FILE, assignment.line)
        if assignment.name in lines:
            yield problem(place, f"{assignment.name} is given twice, first in line {lines[assignment.name]}")
        lines.setdefault(assignment.name, assignment.line)
        if kind := _secret(assignment):
            yield problem(place, f"{assignment.name} has what looks like a real secret: {kind}; revoke it")
        if assignment.name in names:
            continue
        if assignment.name in elsewhere:
            yield seen(place, f"{assignment.name} is read by {elsewhere[assignment.name]}")
        elif unknown is not None:
            yield seen(place, f"{assignment.name} may be read by {unknown.path}:{unknown.line} only")
        else:
            yield problem(place, f"nothing reads {assignment.name}")


def _secret(assignment: Assignment) -> str | None:
    if kind := kind_of_token(assignment.value):
        return kind
    return "its value looks random" if looks_random(assignment.name, assignment.value) else None
