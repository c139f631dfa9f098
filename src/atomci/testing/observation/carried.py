"""Which classes of the project have objects when a test begins, that it may use though it made none of them.

Objects in cycles count until Python's collector has removed them. Kept to the standard library, since it runs
inside the tests' process.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from types import CodeType
from typing import Any

__all__ = ["Carried"]

_SECONDS = 30.0
"""So long it looks, in a whole run."""
_HAS_GENERATIONS = sys.version_info < (3, 14)
"""Later, Python makes objects old bit by bit."""
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
        self._old: frozenset[str] = frozenset()
        """Those that had objects when all were looked at."""
        self._collections: tuple[int, ...] = ()
        self._seconds = 0.0

    def now(self) -> frozenset[str] | None:
        """All that have objects; None where to look took too long already."""
        if self._seconds > _SECONDS:
            return None
        began = time.process_time()
        if self._collections and self._collections == _collections():
            # What was made since then isn't among the old objects yet, of which there are many.
            found = self._old | self._of([*gc.get_objects(generation=0), *gc.get_objects(generation=1)])
        else:
            found = self._old = self._of(gc.get_objects())
            self._collections = _collections() if _HAS_GENERATIONS else ()
        self._seconds += time.process_time() - began
        return found

    def _of(self, objects: list[object]) -> frozenset[str]:
        found: set[str] = set()
        for one in set(map(type, objects)):
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
            return f"*::{one.__name__}" if self._may_be_own(one) else ""
        file = self._file_of(code.co_filename)
        return f"{file}::{code.co_qualname.rpartition('.')[0]}" if file else ""

    def _may_be_own(self, one: type) -> bool:
        """By its module, unless that isn't known."""
        name = _DICT.__get__(one).get("__module__")
        file = getattr(sys.modules.get(name), "__file__", None) if isinstance(name, str) else None
        return not isinstance(file, str) or bool(self._file_of(file))


def _collections() -> tuple[int, ...]:
    """How often objects may have become old ones."""
    return tuple(one["collections"] for one in gc.get_stats()[1:])
