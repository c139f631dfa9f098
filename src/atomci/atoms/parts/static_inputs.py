"""What the result of a static tool depends on: what it may look at, its settings, its environment."""

from __future__ import annotations

from collections.abc import Iterator

from atomci.analysis.protocol import Tool
from atomci.analysis.reads import reads_of
from atomci.engine.context import Context
from atomci.engine.inputs.dependencies import Dependencies
from atomci.engine.inputs.environment import linked
from atomci.engine.inputs.files import Inputs

__all__ = ["depends_on_what_it_may_read"]


def depends_on_what_it_may_read(ctx: Context, tool: Tool) -> Dependencies:
    """All that counts for the tool, also what git ignores; `inputs` of pyproject.toml narrows that."""
    own = ctx.workspace.config.of(ctx.atom.name).inputs
    if own is not None:
        return Dependencies(globs=tuple(own))
    reads = reads_of(tool, ctx.root, ctx.workspace.inputs.on_disk())
    beside = tuple(_beside(ctx)) if tool.FOLLOWS_IMPORTS else ()
    return Dependencies(on_disk=reads.on_disk, files=(*reads.files, *beside))


def _beside(ctx: Context) -> Iterator[str]:
    """Modules outside the project that the environment imports from where they are."""
    for folder in linked(ctx.project):
        below = Inputs(folder)
        yield from ((folder / path).as_posix() for path in below.on_disk() if path.endswith((".py", ".pyi")))
