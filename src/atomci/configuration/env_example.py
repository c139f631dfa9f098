"""atom_101: `.env.example` names every variable that the code reads, each with a harmless value."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from atomci.artifacts.redaction import dotenv, kind_of_token, looks_random
from atomci.configuration.facts import Fact, Place, problem, seen, unknown_to_us
from atomci.configuration.variables import Read, from_the_system

__all__ = ["FILE", "Entry", "entries", "facts", "mentioned"]

FILE = ".env.example"

_COMMENTED = re.compile(r"^(\s*)#\s*(?=(?:export\s+)?[A-Z_][A-Z0-9_]*=)")
# How scripts, tasks, images and compose files read a variable: $NAME, ${NAME}, $env:NAME.
_MENTION = re.compile(r"\$(?:\{|env:)?([A-Za-z_]\w*)", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """A variable in the example, also one that is commented out."""

    line: int
    name: str
    value: str


def entries(text: str) -> list[Entry]:
    """The example's variables. `# NAME=value` is one too, in capitals, so that prose isn't."""
    lines = "\n".join(_COMMENTED.sub(r"\1", line) for line in text.splitlines())
    return [Entry(*row) for row in dotenv(lines)]


def mentioned(text: str) -> set[str]:
    """Variables that a script reads."""
    return set(_MENTION.findall(text))


def facts(text: str | None, reads: Sequence[Read], elsewhere: Mapping[str, str]) -> Iterator[Fact]:
    """Reads against entries, both ways. `text` is None where there is no example.

    `elsewhere` maps variables that tests, scripts and images read to the file that does.
    """
    there = entries(text or "")
    yield from _reads(reads, {entry.name for entry in there}, missing=text is None)
    yield from _entries(there, reads, elsewhere)


def _reads(reads: Sequence[Read], known: Collection[str], *, missing: bool) -> Iterator[Fact]:
    if not reads:
        yield Fact(True, "no file under src/ reads a variable")
    for read in reads:
        place = Place(read.path, read.line)
        if read.name is None:
            yield unknown_to_us(place, f"reads what can't be known: {read.how}")
        elif read.name in known:
            yield seen(place, f"{read.name} is in {FILE}")
        elif from_the_system(read.name):
            yield seen(place, f"{read.name} comes from the system")
        else:
            why = f"there is no {FILE}" if missing else f"it isn't in {FILE}"
            yield problem(place, f"reads {read.name}, and {why}")


def _entries(there: Sequence[Entry], reads: Sequence[Read], elsewhere: Mapping[str, str]) -> Iterator[Fact]:
    names = {read.name for read in reads}
    unknown = next((read for read in reads if read.name is None), None)
    lines: dict[str, int] = {}
    for entry in there:
        place = Place(FILE, entry.line)
        if entry.name in lines:
            yield problem(place, f"{entry.name} is given twice, first in line {lines[entry.name]}")
        lines.setdefault(entry.name, entry.line)
        if kind := _secret(entry):
            yield problem(place, f"{entry.name} holds what looks like a real secret: {kind}; revoke it")
        if entry.name in names:
            continue
        if entry.name in elsewhere:
            yield seen(place, f"{entry.name} is read by {elsewhere[entry.name]}")
        elif unknown is not None:
            yield seen(place, f"{entry.name} can be read by {unknown.path}:{unknown.line} only")
        else:
            yield problem(place, f"nothing reads {entry.name}")


def _secret(entry: Entry) -> str | None:
    if kind := kind_of_token(entry.value):
        return kind
    return "its value looks random" if looks_random(entry.name, entry.value) else None
