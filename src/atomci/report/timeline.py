"""Which atoms ran beside which, and the chain of them that the whole run waited for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

__all__ = ["AtomSpan", "beside", "critical_path"]


class AtomSpan(NamedTuple):
    """An atom's time, in seconds since the run began."""

    name: str
    began: float
    ended: float


def beside(span: AtomSpan, others: Sequence[AtomSpan]) -> tuple[str, ...]:
    """Those that ran at the same time, if only for a moment."""
    return tuple(
        other.name
        for other in others
        if other.name != span.name and other.began < span.ended and span.began < other.ended
    )


def critical_path(spans: Sequence[AtomSpan], before: Mapping[str, Collection[str]]) -> tuple[AtomSpan, ...]:
    """From the first to the last: each began as soon as the one before it had ended.

    `before` names what each atom needs. Where another ended after all of those, the atom waited for a free
    place, and so for that one.
    """
    path: list[AtomSpan] = []
    latest = max(spans, key=lambda span: span.ended, default=None)
    while latest is not None:
        path.append(latest)
        latest = _let_begin(latest, spans, before.get(latest.name, ()))
    return tuple(reversed(path))


# What atomci itself takes between an end and the beginning that waited for it.
_BETWEEN = 0.05


def _let_begin(span: AtomSpan, spans: Sequence[AtomSpan], needed: Collection[str]) -> AtomSpan | None:
    """Each begins before the one that it let begin, so the path has an end."""
    earlier = [other for other in spans if other.ended <= span.began and other.began < span.began]
    latest = max((other.ended for other in earlier), default=0.0)
    at_last = [other for other in earlier if other.ended >= latest - _BETWEEN]
    return max(at_last, key=lambda other: (other.name in needed, other.ended), default=None)
