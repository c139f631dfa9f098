"""Structs as JSON. A file's name that isn't UTF-8 is shown with the sign for what can't be shown."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["json_of"]


def json_of(value: object) -> bytes:
    """The value in one line of UTF-8."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_shown(msgspec.to_builtins(value)))


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, dict):
        return {_shown(key): _shown(inner) for key, inner in value.items()}
    return [_shown(inner) for inner in value] if isinstance(value, list | tuple) else value
