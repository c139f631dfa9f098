"""atom_014: markers registered and strict, a timeout, and nothing that overrides them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator
from typing import Any

from atomci.configuration.documents import Document, Key
from atomci.configuration.facts import Fact, expect, problem

__all__ = ["MARKERS", "OVERRIDING", "facts"]

MARKERS = ("unit", "integration", "e2e", "contracts", "generated")
OVERRIDING = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
"""Files that pytest reads instead of pyproject.toml."""


def facts(document: Document, overriding: Collection[str], timeout_plugin: str | None) -> Iterator[Fact]:
    """`overriding` are those of OVERRIDING that exist; `timeout_plugin` is its version, if any."""
    for path in overriding:
        yield problem(path, "pytest reads this file and not pyproject.toml")
    keys = _table(document)
    settings = document.table(*keys)
    if not settings:
        yield problem(document.path, "there is no [tool.pytest.ini_options]")
        return
    yield from _markers(document, keys, settings.get("markers"))
    options = _options(settings.get("addopts", ()))
    strict = "--strict-markers" in options or any(
        settings.get(key) is True for key in ("strict", "strict_markers")
    )
    place = document.at(*keys, "addopts")
    yield expect(strict, place, "--strict-markers", "no --strict-markers: a misspelt marker selects nothing")
    yield from _timeout(document, keys, options, timeout_plugin)


def _table(document: Document) -> tuple[Key, ...]:
    # pytest 9 reads [tool.pytest] as TOML; the older table goes on working.
    older = ("tool", "pytest", "ini_options")
    return older if document.table(*older) else ("tool", "pytest")


def _markers(document: Document, keys: tuple[Key, ...], value: Any) -> Iterator[Fact]:
    lines = value.splitlines() if isinstance(value, str) else value or ()
    registered = {re.split(r"[:(]", line)[0].strip() for line in lines}
    missing = [name for name in MARKERS if name not in registered]
    yield expect(
        not missing,
        document.at(*keys, "markers"),
        f"markers {', '.join(MARKERS)} are registered",
        f"markers not registered: {', '.join(missing)}",
    )


def _options(value: Any) -> list[str]:
    return shlex.split(value) if isinstance(value, str) else list(value)


def _timeout(
    document: Document, keys: tuple[Key, ...], options: Collection[str], plugin: str | None
) -> Iterator[Fact]:
    place = document.at(*keys, "timeout")
    given = document.get(*keys, "timeout")
    for option in options:
        if option.startswith("--timeout="):
            given = option.partition("=")[2]
    seconds = _number(given)
    yield expect(
        seconds is not None and seconds > 0,
        place,
        f"a test may take {given} s",
        (
            "no timeout: a test that hangs would never end"
            if given is None
            else f"timeout = {given!r} is no limit"
        ),
    )
    if given is not None:
        yield expect(
            plugin is not None,
            place,
            f"kept by pytest-timeout ({plugin})",
            "timeout has no effect: pytest-timeout is neither installed nor declared",
        )


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
