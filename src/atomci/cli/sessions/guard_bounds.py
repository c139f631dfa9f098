"""`atomci explain guard`: within which bounds a session runs here."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from atomci.artifacts.json_text import json_of
from atomci.artifacts.printed.listings import BackendRow, BoundsRow
from atomci.guard.confinement.bounds import Bounds
from atomci.guard.confinement.choice import BACKENDS, tried
from atomci.guard.policy.defaults import AGENT_KEYS, HIDDEN, NOT_PASSED
from atomci.guard.policy.settings import GuardSettings, read_guard
from atomci.project import Project

__all__ = ["bounds_lines", "bounds_row"]

_SHOWN = 6


def bounds_row(project: Project) -> BoundsRow:
    """What `[tool.atomci.guard]` says, what holds besides, and which back-ends prove themselves here."""
    return BoundsRow(
        settings=_written(project.setting(read_guard)),
        hidden=HIDDEN,
        passed=AGENT_KEYS,
        kept_back=NOT_PASSED,
        backends=tuple(_backends()),
    )


def bounds_lines(row: BoundsRow) -> Iterator[str]:
    """The same as text, for below lines that can be pasted."""
    yield "#"
    yield "# what keeps a session within bounds here:"
    for backend in row.backends:
        yield f"#   {backend.name:<13} {backend.level:<10} {backend.failed or 'works'}"
    if all(backend.failed for backend in row.backends):
        yield "#   nothing: it needs --allow-degraded, and may then touch all that you can"
    yield "#"
    yield "# [tool.atomci.guard] in pyproject.toml:"
    usual = _written(GuardSettings())
    for key, value in row.settings.items():
        note = "   (not set)" if value == usual[key] else ""
        yield f"#   {key} = {json_of(value).decode()}{note}"
    yield "#"
    some = ", ".join(f"~/{name}" for name in row.hidden[:_SHOWN])
    yield f"# can't be read besides: {some} and {len(row.hidden) - _SHOWN} more, as --json shows"


def _written(settings: GuardSettings) -> dict[str, bool | int | str | tuple[str, ...]]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}


def _backends() -> Iterator[BackendRow]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        for backend in BACKENDS:
            failed = tried(backend, Bounds(writable=(), scratch=place), place).failed
            yield BackendRow(name=backend.NAME, level=backend.LEVEL, failed=failed)
