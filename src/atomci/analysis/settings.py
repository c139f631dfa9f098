"""What static tools read from their tables of pyproject.toml."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["UNSET_LINE_LENGTH", "Setting", "any_settings", "dotted"]

UNSET_LINE_LENGTH = 88
"""What ruff and black take where nothing is set."""


@dataclass(frozen=True)
class Setting:
    """A setting that is as it should be, or isn't; `keys` lead to it in the tool's table."""

    keys: tuple[str | int, ...]
    ok: bool
    text: str


def any_settings(table: Mapping[str, Any], packages: Collection[str]) -> Iterator[Setting]:
    """Of a tool that asks nothing of its table."""
    return iter(())


def dotted(target: object) -> str:
    """`py311` as `3.11`; another value as it is."""
    match = re.fullmatch(r"py3(\d+)", str(target))
    return f"3.{match[1]}" if match else str(target)
