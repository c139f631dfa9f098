"""Whether a branch changes only what is read by people: no source and no test so much as names it."""

from __future__ import annotations

from pathlib import PurePosixPath

from atomci.atoms.parts.branches import base_of_the_branch, default_branch
from atomci.engine.context import Context
from atomci.engine.inputs.files import matches

__all__ = ["only_prose"]

_PROSE = ("**/*.md", "**/*.rst", "docs/**", "LICENSE*")
_CODE = ("src/**/*", "tests/**/*", "scripts/**/*", "*.py", "pyproject.toml", "*.cfg", "*.ini")


def only_prose(ctx: Context) -> str:
    """What the branch changes, where that can change no test; empty where it could, or isn't known."""
    base = base_of_the_branch(ctx)
    changed = ctx.changed(base) if base and base != ctx.project.git.commit() else None
    if not changed or not all(matches(path, _PROSE) and not matches(path, _CODE[:3]) for path in changed):
        return ""
    names = {PurePosixPath(path).name.encode() for path in changed}
    names |= {PurePosixPath(path).parts[0].encode() for path in changed if "/" in path}
    for path in ctx.files(*_CODE):
        content = (ctx.root / path).read_bytes()
        if any(name in content for name in names):
            return ""
    others = " and others" if len(changed) > 3 else ""
    return f"since {default_branch(ctx)} only {', '.join(changed[:3])}{others} changed"
