"""Which tests ran each block and read each path: a record the other way round, made once while it stays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from atomci.artifacts.handed.impact import ImpactRecord, numbers

__all__ = ["Uses", "uses_of"]


class Uses:
    """Raises ValueError where the record isn't sound."""

    def __init__(self, record: ImpactRecord) -> None:
        self._record = record

    @cached_property
    def runs(self) -> Mapping[str, frozenset[str]]:
        """The tests that ran each block."""
        return self._inverted("ran", self._record.blocks)

    @cached_property
    def reads(self) -> Mapping[str, frozenset[str]]:
        """The tests that read each path."""
        return self._inverted("read", self._record.paths)

    def _inverted(self, kind: str, names: Sequence[str]) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for nodeid, test in self._record.tests.items():
            for number in numbers(getattr(test, kind), len(names)):
                found[names[number]].add(nodeid)
        return {name: frozenset(tests) for name, tests in found.items()}


@dataclass(frozen=True, eq=False)
class _Same:
    """A record as a key: the very object, which nobody changes."""

    record: ImpactRecord

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.record is self.record

    def __hash__(self) -> int:
        return id(self.record)


def uses_of(record: ImpactRecord) -> Uses:
    """Of the last record that was asked for it is known already."""
    return _known(_Same(record))


@lru_cache(maxsize=1)
def _known(key: _Same) -> Uses:
    return Uses(key.record)
