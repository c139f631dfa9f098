"""What the result of a layer's tests depends on: their tools' settings, and what they were seen to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from atomci.artifacts import handles
from atomci.engine.cache import notes_in
from atomci.engine.context import Context
from atomci.engine.inputs.dependencies import EVERY_VARIABLE, Dependencies
from atomci.engine.inputs.files import REPOSITORY, counts
from atomci.testing import pytest_config
from atomci.testing.layers import Layer
from atomci.testing.measurement import coverage_config
from atomci.testing.observation.observed import Seen, seen

__all__ = ["depends_on_what_was_seen"]

_KEPT_BY_OTHERS = re.compile(r"(^|/)(\.git|node_modules|[^/]+\.egg-info)/")
# Read by the interpreter and the C library, before or beside what Python sees.
_VARIABLES = (
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
)


def depends_on_what_was_seen(ctx: Context, layer: Layer) -> Dependencies:
    """By what the observer left; without that, no later run may take the result over."""
    base = Dependencies(globs=(handles.SELECTION.path,), files=tuple(_settings(ctx.root, layer)))
    found = seen(notes_in(ctx.root, ctx.atom), ctx.root)
    tests = ctx.read_if_there(layer.summary)
    let_pass = "a test failed that doesn't count" if tests and tests.let_pass else ""
    if found is None:
        return Dependencies(base.globs, files=base.files, unkept="what the tests read wasn't seen")
    return Dependencies(
        globs=base.globs,
        on_disk=("**/*",) if found.unseen else (),
        files=tuple(dict.fromkeys((*base.files, *filter(_counts, found.files), *_of_git(found)))),
        texts=tuple(filter(_counts, found.texts)),
        states=tuple(filter(_counts, found.states)),
        folders=tuple(path for path in found.folders if counts(f"{path}/")),
        searched=tuple(path for path in found.searched if counts(f"{path}/")),
        variables=(EVERY_VARIABLE,) if found.variables is None else _variables(found),
        widened=f"all files count, since {found.unseen}" if found.unseen else "",
        unkept=found.outside or next(_changed(found), "") or let_pass,
    )


def _counts(path: str) -> bool:
    """Also what git, a package manager or an installation keeps there, once a test itself opened it."""
    return counts(path) or bool(_KEPT_BY_OTHERS.search(path))


def _of_git(found: Seen) -> Iterator[str]:
    """What a program may ask git for."""
    if found.programs:
        yield REPOSITORY


def _changed(found: Seen) -> Iterator[str]:
    return (f"the tests change {path}, which they also read" for path in found.changed if counts(path))


def _variables(found: Seen) -> tuple[str, ...]:
    names = {
        name for name in found.variables or () if not name.startswith(("ATOMCI_", "PYTEST_", "COV_CORE_"))
    }
    return tuple(sorted(names.union(_VARIABLES)))


def _settings(root: Path, layer: Layer) -> Iterator[str]:
    yield from coverage_config.FILES
    for folder in (PurePosixPath(layer.folder), *PurePosixPath(layer.folder).parents):
        yield from ((folder / name).as_posix() for name in pytest_config.FILES)
    for above in root.parents:
        yield from ((above / name).as_posix() for name in pytest_config.FILES)
