"""atom_016: ruff, black and mypy agree on line length and target version, and mypy is strict."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from atomci.configuration.documents import Document, Key
from atomci.configuration.facts import Fact, expect, problem
from atomci.project import oldest_python

__all__ = ["OVERRIDING", "facts"]

OVERRIDING = ("ruff.toml", ".ruff.toml", "mypy.ini", ".mypy.ini")
"""Files that a tool reads instead of pyproject.toml."""

# Both tools' own default.
_LINE_LENGTH = 88
_STRICT = (
    "check_untyped_defs",
    "disallow_any_generics",
    "disallow_incomplete_defs",
    "disallow_subclassing_any",
    "disallow_untyped_calls",
    "disallow_untyped_decorators",
    "disallow_untyped_defs",
    "extra_checks",
    "no_implicit_reexport",
    "strict_equality",
    "warn_redundant_casts",
    "warn_return_any",
    "warn_unused_configs",
    "warn_unused_ignores",
)
_LAX = ("ignore_errors", "implicit_reexport", "allow_untyped_defs", "allow_untyped_calls")


def facts(document: Document, overriding: Collection[str]) -> Iterator[Fact]:
    """`overriding` are those of OVERRIDING that exist."""
    for path in overriding:
        yield problem(path, f"{path.strip('.').partition('.')[0]} reads this file and not pyproject.toml")
    yield from _line_lengths(document)
    yield from _targets(document)
    yield from _strict(document)


def _line_lengths(document: Document) -> Iterator[Fact]:
    tool: tuple[Key, ...] = ("tool",)
    ruff, black = (*tool, "ruff", "line-length"), (*tool, "black", "line-length")
    style = (*tool, "ruff", "lint", "pycodestyle", "max-line-length")
    by_ruff = document.get(*ruff) or _LINE_LENGTH
    by_black = document.get(*black) or _LINE_LENGTH
    by_style = document.get(*style) or by_ruff
    yield expect(
        by_ruff == by_black,
        document.at(*black),
        f"black's line length is {by_black}, as ruff's",
        f"black's line length is {by_black}, ruff's is {by_ruff} ({document.at(*ruff)})",
    )
    if by_style != by_ruff:
        yield problem(document.at(*style), f"ruff reports lines over {by_style}, but formats at {by_ruff}")


def _targets(document: Document) -> Iterator[Fact]:
    place = document.at("project", "requires-python")
    specifier = document.get("project", "requires-python")
    wanted = oldest_python(specifier) if isinstance(specifier, str) else None
    if wanted is None:
        shown = "not set" if specifier is None else repr(specifier)
        yield problem(place, f"requires-python names no oldest Python: {shown}")
        return
    for tool, key, found in (
        ("ruff", "target-version", _ruff_target(document, wanted)),
        ("black", "target-version", _black_target(document, wanted)),
        ("mypy", "python_version", _mypy_target(document)),
    ):
        yield expect(
            found == wanted,
            document.at("tool", tool, key),
            f"{tool} targets Python {found}, the oldest of requires-python",
            f"{tool} targets {found or 'the Python that runs it'}, not {wanted} ({place})",
        )


def _ruff_target(document: Document, wanted: str) -> str | None:
    target = document.get("tool", "ruff", "target-version")
    return wanted if target is None else _dotted(target)


def _black_target(document: Document, wanted: str) -> str | None:
    targets = document.get("tool", "black", "target-version")
    if targets is None:
        return wanted
    # Black writes what all of the listed versions understand: the oldest decides.
    known = [_dotted(target) for target in ([targets] if isinstance(targets, str) else targets)]
    return min(known, key=lambda version: int(version.partition(".")[2] or 0), default=None)


def _mypy_target(document: Document) -> str | None:
    version = document.get("tool", "mypy", "python_version")
    return None if version is None else str(version)


def _dotted(target: object) -> str:
    match = re.fullmatch(r"py3(\d+)", str(target))
    return f"3.{match[1]}" if match else str(target)


def _strict(document: Document) -> Iterator[Fact]:
    keys: tuple[Key, ...] = ("tool", "mypy")
    settings = document.table(*keys)
    yield expect(
        settings.get("strict") is True,
        document.at(*keys, "strict"),
        "mypy is strict",
        "mypy isn't strict: strict = true is missing",
    )
    for key in _weakened(settings):
        yield problem(document.at(*keys, key), f"{key} = {settings[key]} takes from strict")
    own = _own_names(document)
    for index, override in document.rows(*keys, "overrides"):
        modules = override.get("module", ())
        names = [modules] if isinstance(modules, str) else modules
        ours = [name for name in names if name == "*" or name.split(".")[0] in own]
        for key in _weakened(override) if ours else ():
            place = document.at(*keys, "overrides", index, key)
            yield problem(place, f"{key} = {override[key]} takes from strict for {', '.join(ours)}")


def _weakened(settings: Mapping[str, Any]) -> list[str]:
    off = [key for key in _STRICT if settings.get(key) is False]
    return off + [key for key in _LAX if settings.get(key) is True]


def _own_names(document: Document) -> set[str]:
    """Import names that the project ships, as far as pyproject.toml tells."""
    name = str(document.get("project", "name") or "")
    wheel = document.get("tool", "hatch", "build", "targets", "wheel", "packages") or ()
    measured = document.get("tool", "coverage", "run", "source_pkgs") or ()
    return {
        re.sub(r"[-.]+", "_", name).lower(),
        *(PurePosixPath(path).name for path in wheel),
        *(str(package).split(".")[0] for package in measured),
    }
