"""Which classes of the project have objects when a test begins, that it may use though it made none of them.

Objects in cycles count until Python's collector has removed them. Kept to the standard library, since it runs
inside the tests' process.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import CodeType
from typing import Any

__all__ = ["Carried"]

_HEAP = 1 << 9
"""The flag of types that Python code made; Python's collector knows their objects."""
# A class may have attributes of these names itself.
_MRO, _DICT = type.__dict__["__mro__"], type.__dict__["__dict__"]


class Carried:
    """`file_of` gives the path from the root of a project's file, and nothing for others."""

    def __init__(self, file_of: Callable[[str], str]) -> None:
        self._file_of = file_of
        self._classes: dict[type, frozenset[str]] = {}
        """Of each type, the project's classes that its objects are of, as `PATH::NAME`."""
        self._always: frozenset[str] | None = None
        """Those that had objects before the first test."""
        self._sets: dict[frozenset[str], frozenset[str]] = {}

    def now(self) -> frozenset[str]:
        """All that have objects, or may have some of which the collector doesn't know."""
        if self._always is None:
            self._always = self._alive()
            if not gc.get_freeze_count():
                gc.freeze()  # what was there needn't be looked at again
        found = self._always | self._alive()
        return self._sets.setdefault(found, found)  # most tests begin with the same

    def _alive(self) -> frozenset[str]:
        found: set[str] = set()
        for one in set(map(type, gc.get_objects())):
            if one not in self._classes:
                self._classes[one] = frozenset(self._names(one))
            found |= self._classes[one]
        return frozenset(found)

    def _names(self, one: type) -> list[str]:
        return [name for above in _MRO.__get__(one) if (name := self._name(above))]

    def _name(self, one: type) -> str:
        """`PATH::NAME` by the code of what makes its objects; where that can't be told, `*::NAME`."""
        making: Any = _DICT.__get__(one).get("__init__")
        if making is None or not hasattr(making, "__get__") or one.__flags__ & _HEAP == 0:
            return ""
        while hasattr(making, "__wrapped__"):
            making = making.__wrapped__
        code = getattr(making, "__code__", None)
        if not isinstance(code, CodeType) or code.co_name != "__init__":
            return f"*::{one.__name__}"
        file = self._file_of(code.co_filename)
        return f"{file}::{code.co_qualname.rpartition('.')[0]}" if file else ""
