"""The working tree against the last render, as git shows a difference."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from atomci.template.answers import Recorded
from atomci.template.workshop import Workshop
from atomci.tools.git.client import Git
from atomci.tools.git.links import link_text
from atomci.tools.git.objects import Entry, Files
from atomci.update.drift.last_render import LastRender, last_render

__all__ = ["difference"]


def difference(shop: Workshop, recorded: Recorded, paths: Sequence[str]) -> bytes:
    """What turns the render into the working tree; empty where nothing does.

    Without paths: managed and merged files. Paths are relative to the project; a folder means its files.
    """
    render = last_render(shop, recorded, paths)
    files, objects = render.files, render.objects
    now = _now(render)
    before, after = (
        objects.tree({path: side[path] for path in render.wanted if path in side}) for side in (files, now)
    )
    return objects.git("diff-tree", "-r", "-p", "--no-color", "--no-ext-diff", before, after)


def _now(render: LastRender) -> Files:
    """What lies in the working tree at the paths that are meant."""
    objects, repository = render.objects, render.objects.repository
    top = repository.top / repository.prefix
    there = [path for path in render.wanted if (top / path).is_symlink() or (top / path).is_file()]
    links = [path for path in there if (top / path).is_symlink()]
    plain = [path for path in there if path not in links]
    oids = objects.git.store(f"{repository.prefix}{path}" for path in plain)
    now = {
        path: Entry(_mode(top / path, render.files[path].mode), oid)
        for path, oid in zip(plain, oids, strict=True)
    }
    differing = {path for path in now if now[path].mode != render.files[path].mode}
    if differing and (modes := Git(top).own_modes()) is not None:
        now |= {path: Entry(modes.get(path, now[path].mode), now[path].oid) for path in differing}
    absent = set(render.wanted) - set(there)
    # Of what a sparse checkout leaves out nothing is known.
    now |= {path: render.files[path] for path in absent & Git(top).sparse()} if absent else {}
    for path in links:
        target = link_text(top / path)
        now[path] = Entry("120000", objects.write("blob", target))
    return now


def _mode(path: Path, rendered: str) -> str:
    """Windows has no executable bit, so it is as it was rendered there."""
    if os.name == "nt":
        return rendered
    return "100755" if os.access(path, os.X_OK) else "100644"
