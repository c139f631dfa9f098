"""Tests leave the project's files as they are: the atoms after them judge the same tree."""

from __future__ import annotations

from collections.abc import Mapping

from atomci.engine.cache import notes_in
from atomci.engine.context import Context
from atomci.testing.observation.observed import seen
from atomci.tools.git.client import Git

__all__ = ["changed_by_tests", "hashes_before"]


def hashes_before(ctx: Context) -> Mapping[str, str]:
    """Of each file of the project, before tests run."""
    inputs = ctx.workspace.inputs
    return {path: inputs.hash_of(path) for path in inputs.files()}


def changed_by_tests(ctx: Context, before: Mapping[str, str]) -> str:
    """Which file that git tracks a test wrote, so that it is other now, and which test; empty without one.

    What somebody else saved meanwhile is no test's; new files are let be.
    """
    found = seen(notes_in(ctx.root, ctx.atom), ctx.root)
    inputs = ctx.workspace.inputs
    wrote = {} if found is None else {path: test for path, test in found.wrote.items() if path in before}
    changed = [path for path in wrote if inputs.hash_of(path) != before[path]]
    tracked = Git(ctx.root).tracked(*changed) if changed else None
    if not tracked:
        return ""
    inputs.forget()
    more = f", and {len(tracked) - 1} more files" if len(tracked) > 1 else ""
    return f"{wrote[tracked[0]]} changed {tracked[0]}{more}: let tests write below tmp_path only"
