"""How two states differ that git holds as trees."""

from __future__ import annotations

from collections.abc import Mapping

from atomci.fix.proposal import Edit, Kind, Patch, Side
from atomci.guard.snapshot.difference import rows_between
from atomci.tools.git.objects import Objects

__all__ = ["patch_between"]

_KINDS: Mapping[str, Kind] = {"100644": "file", "100755": "executable", "120000": "link"}


def patch_between(objects: Objects, before: str, after: str) -> Patch:
    """Every path that differs, with its bytes on both sides, and the tests that don't. Raises GitFailed."""
    rows = rows_between(objects.git, before, after)
    paths = {row.path for row in rows}
    tests = {
        path: entry.oid
        for path, entry in objects.files(after).items()
        if entry.is_file and path not in paths and _is_test(path)
    }
    held = objects.read(
        [*(oid for row in rows for _, oid in (row.before, row.after) if oid), *tests.values()]
    )
    edits = [Edit(row.path, *(_side(side, held) for side in (row.before, row.after))) for row in rows]
    return Patch(edits, {path: Side(held[oid]) for path, oid in tests.items()})


def _is_test(path: str) -> bool:
    edit = Edit(path, None, None)
    return edit.is_python and edit.is_tests


def _side(side: tuple[str, str], held: Mapping[str, bytes]) -> Side | None:
    mode, oid = side
    return Side(held[oid], _KINDS.get(mode, "file")) if oid else None
