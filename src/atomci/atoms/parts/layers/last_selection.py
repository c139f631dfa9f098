"""The selection of the last run: it stands while no file is other, and so does what came of it."""

from __future__ import annotations

import contextlib
import hashlib

import msgspec

from atomci.artifacts.handed.testing import Selection
from atomci.artifacts.json_text import json_of
from atomci.artifacts.store import ArtifactError, read_if_there
from atomci.atoms.parts.layers.impact_record import file_hashes
from atomci.engine.cache import make_room, notes_in
from atomci.engine.context import Context
from atomci.tools.atomic import replace_file

__all__ = ["keep_selection", "last_selection"]


class _Last(msgspec.Struct, frozen=True, kw_only=True):
    files: str
    selection: Selection


def keep_selection(ctx: Context, selection: Selection) -> None:
    """For the next run, by the files as they are. Where it can't be written, nothing is."""
    last = _Last(files=_digest(ctx), selection=selection)
    with contextlib.suppress(OSError):
        make_room(ctx.root)
        replace_file(notes_in(ctx.root, ctx.atom) / "last.json", json_of(last))


def last_selection(ctx: Context) -> Selection | None:
    """That of the last run that chose by itself; None where it was of other files, or can't be read.

    It may be taken only where the record of what tests run is of these files too. Else what the record says
    of the tests that are left out might be of others.
    """
    if not ctx.options.use_cache:
        return None
    try:
        last = read_if_there(notes_in(ctx.root, ctx.atom) / "last.json", _Last)
    except (ArtifactError, OSError):
        return None
    return last.selection if last and last.files == _digest(ctx) else None


def _digest(ctx: Context) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path, content in file_hashes(ctx).items():
        digest.update(f"{path}\0{content}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
