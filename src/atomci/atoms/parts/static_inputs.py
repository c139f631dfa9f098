"""What the result of a static tool depends on: what it may look at, its settings, its environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from atomci.analysis.baseline.entries import FILE
from atomci.analysis.protocol import Tool
from atomci.analysis.reads import places_outside, reads_of
from atomci.engine.context import Context
from atomci.engine.inputs.dependencies import Dependencies
from atomci.engine.inputs.environment import linked
from atomci.engine.inputs.files import Inputs

__all__ = ["depends_on_what_it_may_read"]


def depends_on_what_it_may_read(ctx: Context, tool: Tool) -> Dependencies:
    """All that counts for the tool, also what git ignores; `inputs` of pyproject.toml narrows that."""
    own = ctx.workspace.config.of(ctx.atom.name).inputs
    if own is not None:
        return Dependencies(globs=tuple(own), files=(FILE,))
    reads = reads_of(tool, ctx.root, ctx.workspace.inputs.on_disk())
    beside = tuple(_beside(ctx, tool)) if tool.FOLLOWS_IMPORTS else ()
    folders = dict.fromkeys(file.parent.as_posix() for file in beside)
    modules = tuple(file.as_posix() for file in beside)
    return Dependencies(on_disk=reads.on_disk, files=(*reads.files, *modules, FILE), searched=tuple(folders))


def _beside(ctx: Context, tool: Tool) -> Iterator[Path]:
    """Modules outside the project, which the environment imports from there or the tool is told of."""
    for folder in dict.fromkeys((*linked(ctx.project), *places_outside(tool, ctx.root))):
        below = Inputs(folder)
        yield from (folder / path for path in below.on_disk() if path.endswith((".py", ".pyi")))
