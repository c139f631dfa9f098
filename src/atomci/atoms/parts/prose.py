"""Whether a branch changes only what is read by people: no source and no test so much as names it."""

from __future__ import annotations

from pathlib import PurePosixPath

from atomci.engine.context import Context
from atomci.engine.inputs.files import matches

__all__ = ["only_prose"]

_PROSE = ("**/*.md", "**/*.rst", "docs/**", "LICENSE*")
_CODE = ("src/**/*", "tests/**/*", "scripts/**/*", "*.py", "pyproject.toml", "*.cfg", "*.ini")


def only_prose(ctx: Context, branch: str) -> str:
    """What changed since a branch, where that can change no test; empty where it could, or isn't known."""
    git = ctx.project.git
    base = git.ask("merge-base", f"origin/{branch}", "HEAD") or git.ask("merge-base", branch, "HEAD")
    changed = ctx.changed(base) if base and base != git.commit() else None
    if not changed or not all(matches(path, _PROSE) and not matches(path, _CODE[:3]) for path in changed):
        return ""
    names = {PurePosixPath(path).name.encode() for path in changed}
    names |= {PurePosixPath(path).parts[0].encode() for path in changed if "/" in path}
    for path in ctx.files(*_CODE):
        content = (ctx.root / path).read_bytes()
        if any(name in content for name in names):
            return ""
    return f"since {branch} only {', '.join(changed[:3])}{' and others' if len(changed) > 3 else ''} changed"
