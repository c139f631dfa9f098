"""Type findings by the symbol that they stand in, with the signatures of what they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from atomci.artifacts.handed.fixing import Signature, SymbolWork, TypeWork
from atomci.artifacts.handed.schemas import Finding
from atomci.fix.lanes.symbols import Symbol, around, symbols_of

__all__ = ["type_work"]

_QUOTED = re.compile(r"[\"'`]([A-Za-z_][\w.]*)[\"'`]")


def type_work(findings: Sequence[Finding], sources: Sequence[str], read: Callable[[str], bytes]) -> TypeWork:
    """The work list. `sources` are the project's Python files; `read` gives one's bytes."""
    known = {path: symbols_of(read(path)) for path in sources}
    places = {(found.path, found): around(known.get(found.path, ()), found.line) for found in findings}

    def key(found: Finding) -> tuple[str, str]:
        place = places[found.path, found]
        return found.path, place.name if place else ""

    ordered = sorted(findings, key=lambda found: (*key(found), found.line, found.column))
    groups = [(where, tuple(group)) for where, group in groupby(ordered, key)]
    work = [_symbol(path, places[path, group[0]], group, known) for (path, _), group in groups]
    return TypeWork(
        symbols=tuple(sorted(work, key=lambda each: (-len(each.findings), each.path, each.symbol)))
    )


def _symbol(
    path: str, place: Symbol | None, findings: tuple[Finding, ...], known: Mapping[str, Sequence[Symbol]]
) -> SymbolWork:
    own = _signature(path, place) if place else None
    named = {word for found in findings for word in _QUOTED.findall(found.message)}
    involved = {each.symbol: each for word in sorted(named) for each in _named(word, known)}
    others = tuple(each for each in involved.values() if each != own)
    return SymbolWork(
        path=path, symbol=place.name if place else "", signature=own, findings=findings, involved=others
    )


def _named(word: str, known: Mapping[str, Sequence[Symbol]]) -> Iterator[Signature]:
    """The signature that a message's word means, where the project has one of this name only."""
    last = word.rpartition(".")[2]
    found = [
        (path, place) for path, places in known.items() for place in places if _is(place.name, word, last)
    ]
    if len(found) == 1:
        yield _signature(*found[0])


def _is(name: str, word: str, last: str) -> bool:
    return name in (word, last) or name.endswith(f".{last}")


def _signature(path: str, place: Symbol) -> Signature:
    return Signature(path=path, line=place.first, symbol=place.name, text=place.text)
