"""JSON and values as structs, in any thread.

msgspec looks into a type at its first use. A second thread that meets the type meanwhile reads what isn't
there yet, and the process ends by SIGSEGV. So one thread at a time looks into types, each type once.
"""

from __future__ import annotations

import threading
from functools import cache
from types import UnionType
from typing import Any, TypeVar, overload

import msgspec

__all__ = ["converted", "decoded"]

T = TypeVar("T")
_LOOKING = threading.Lock()


@overload
def decoded(content: bytes | str, kind: type[T]) -> T: ...
@overload
def decoded(content: bytes | str, kind: UnionType) -> Any: ...
def decoded(content: bytes | str, kind: Any) -> Any:
    """A JSON text as a struct, or as one of a union. Raises msgspec.DecodeError, whatever is wrong."""
    try:
        return _known(kind).decode(content)
    except (UnicodeError, RecursionError) as error:  # it isn't UTF-8, or has brackets without end
        raise msgspec.DecodeError(str(error)) from None


def converted(value: object, kind: type[T]) -> T:
    """A value of plain types as a struct. Raises msgspec.ValidationError."""
    _known(kind)
    return msgspec.convert(value, kind)


def _known(kind: Any) -> msgspec.json.Decoder[Any]:
    with _LOOKING:
        return _decoder(kind)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)
